// Routes of the admin port: which model is served, and bringing in another static part.
import { WeirError } from '@weir/proto';
import type { ModelVersion } from '@weir/proto/v1/common';
import type { AdminServer } from '@weir/runtime';
import { z } from 'zod';
import type { ModelHost } from './model-host.ts';

const swapBody = z.strictObject({
  /** A path on the predictor's machine. */
  file: z.string().min(1),
  table_set: z.string().min(1),
});

export function addModelRoutes(admin: AdminServer, host: ModelHost): void {
  admin.get('/model', () => {
    const { model, version } = host.current;
    return { model: model.name, ...versionJson(version) };
  });
  admin.post('/static', async (body) => {
    const parsed = swapBody.safeParse(body);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new WeirError(
        'INVALID_ARGUMENT',
        `static part: ${issue.path.join('.') || 'body'}: ${issue.message}`,
      );
    }
    const before = host.current.version;
    const version = await host.swap(parsed.data.file, parsed.data.table_set);
    return { ...versionJson(version), before: versionJson(before) };
  });
}

function versionJson({ staticHash, schemaFingerprint, tableSet }: ModelVersion): object {
  return { static_hash: staticHash, schema_fingerprint: schemaFingerprint, table_set: tableSet };
}
