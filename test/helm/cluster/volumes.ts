// Volumes of a one-node cluster: folders of this machine, which nothing provides by itself.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_NAME } from './node-configuration.ts';

/** Objects, as JSON lines, of a storage class and so many volumes in folders below `folder`. */
export function volumes(folder: string, count: number): string {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'weir-test' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  const all = Array.from({ length: count }, (_, index) => volume(join(folder, `volume-${index}`), index));
  return [storageClass, ...all].map((object) => JSON.stringify(object)).join('\n---\n');
}

function volume(path: string, index: number): object {
  mkdirSync(path, { recursive: true });
  // As a disk that was just formatted: its group is for the kubelet to change.
  chmodSync(path, 0o755);
  const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: [NODE_NAME] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `volume-${index}` },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'weir-test',
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
    },
  };
}
