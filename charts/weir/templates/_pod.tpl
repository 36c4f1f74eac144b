{{/* What pods of all components have in common. */}}

{{/* Nothing talks to the Kubernetes API, so no pod has a token for it. */}}
{{- define "weir.pod.identity" -}}
serviceAccountName: {{ include "weir.fullname" . }}
automountServiceAccountToken: false
# Otherwise each service of the namespace stands in the environment, and one named weir-ps as WEIR_PS_PORT, which `weir ps` would
# take for a setting.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  # Volumes belong to it. Only where the top folder does not yet: going through all files of a large volume takes minutes.
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "weir.pod.metadata" -}}
{{- $ := index . 0 -}}
labels:
  {{- include "weir.selector" . | nindent 2 }}
  {{- with $.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  kubectl.kubernetes.io/default-container: weir
  {{- with $.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "weir.container" -}}
name: weir
image: {{ include "weir.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  # For operators' verbs: `kubectl exec POD -- weir status` needs no flags.
  - name: WEIR_SEEDS
    value: {{ include "weir.seeds" . }}
  {{- with include "weir.security.env" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Flags of every service: (list $ SHUTDOWN_SECONDS). */}}
{{- define "weir.args.service" -}}
{{- $ := index . 0 -}}
- --admin-listen
- 0.0.0.0:9464
- --shutdown-timeout-ms
- {{ mul 1000 (index . 1) | toString | quote }}
- --log-level
- {{ $.Values.logLevel }}
{{- with $.Values.telemetry }}
- --telemetry
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* Flags of a service that listens for others. */}}
{{- define "weir.args.listen" -}}
- --listen
- 0.0.0.0:7070
{{- end }}

{{/* The probes that differ: (list $ LIVENESS_SECONDS). */}}
{{- define "weir.probes" -}}
# The process is up and its admin port answers: seconds, also where a recovery of minutes has just begun.
startupProbe:
  {{- include "weir.probe" (list (index . 0) "/healthz") | nindent 2 }}
  periodSeconds: 1
  failureThreshold: 60
# It serves; a shard that recovers does not yet.
readinessProbe:
  {{- include "weir.probe" (list (index . 0) "/readyz") | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
# Its event loop still turns. A kill costs a recovery, so only one that hangs for long is killed; `/healthz` asks nobody else.
livenessProbe:
  {{- include "weir.probe" (list (index . 0) "/healthz") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (index . 1) 10 }}
{{- end }}

{{- define "weir.probe" -}}
httpGet:
  path: {{ index . 1 }}
  port: admin
  {{- if (index . 0).Values.tls.existingSecret }}
  # Under mTLS, too: these two routes ask for no client certificate.
  scheme: HTTPS
  {{- end }}
{{- end }}

{{- define "weir.ports" -}}
- name: grpc
  containerPort: 7070
- name: admin
  containerPort: 9464
{{- end }}

{{/* Files of secrets; and, since the root is read-only, a place for what an operator writes in a pod. */}}
{{- define "weir.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- include "weir.security.mounts" . }}
{{- end }}

{{- define "weir.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- include "weir.security.volumes" . }}
{{- end }}

{{/* Memory in full, so that what is planned is there; (list MEMORY CPU). */}}
{{- define "weir.resources" -}}
requests:
  cpu: {{ index . 1 }}
  memory: {{ index . 0 }}
limits:
  memory: {{ index . 0 }}
{{- end }}

{{- define "weir.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Model files of predictor and trainer. */}}
{{- define "weir.model.args" -}}
- --model
- {{ .Values.model.name | quote }}
- --labels
- {{ join "," .Values.model.labels | quote }}
- --table-set
- {{ .Values.model.tableSet | quote }}
{{- with .Values.model.schema }}
- --schema
- {{ . | quote }}
{{- end }}
{{- end }}

{{- define "weir.model.mounts" -}}
{{- if .Values.model.configMap -}}
- name: model
  mountPath: /model
  readOnly: true
{{- end }}
{{- end }}

{{- define "weir.model.volumes" -}}
{{- with .Values.model.configMap -}}
- name: model
  configMap:
    name: {{ . }}
{{- end }}
{{- end }}

{{/*
A StatefulSet of the pipeline, and the headless service that gives its pods names:
(dict "root" $ "name" "stitcher" "args" ARGS "replicas" N "settings" VALUES "volume" bool "http" bool "model" bool "listens" bool)
*/}}
{{- define "weir.pipeline" -}}
{{- $ := .root }}{{ $component := .name }}{{ $name := include "weir.component" (list $ .name) }}{{ $more := . -}}
{{- with .settings -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "weir.labels" (list $ $component) | nindent 4 }}
spec:
  clusterIP: None
  selector:
    {{- include "weir.selector" (list $ $component) | nindent 4 }}
  ports:
    {{- if $more.listens }}
    - name: grpc
      port: 7070
      targetPort: grpc
      appProtocol: grpc
    {{- end }}
    {{- if $more.http }}
    - name: http
      port: 8080
      targetPort: http
    {{- end }}
    - name: admin
      port: 9464
      targetPort: admin
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "weir.labels" (list $ $component) | nindent 4 }}
spec:
  replicas: {{ $more.replicas }}
  serviceName: {{ $name }}
  # They share partitions by themselves and wait for nobody.
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "weir.selector" (list $ $component) | nindent 6 }}
  {{- if $more.volume }}
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Retain
    whenScaled: Retain
  {{- end }}
  template:
    metadata:
      {{- include "weir.pod.metadata" (list $ $component) | nindent 6 }}
    spec:
      {{- include "weir.pod.identity" $ | nindent 6 }}
      # The stop's own deadline, and five seconds.
      terminationGracePeriodSeconds: 15
      containers:
        - {{ include "weir.container" $ | nindent 10 | trim }}
          args:
            - {{ $component }}
            {{- $more.args | nindent 12 }}
            {{- if $more.model }}
            {{- include "weir.model.args" $ | nindent 12 }}
            {{- end }}
            {{- if $more.volume }}
            - --data
            - /data/{{ $component }}
            {{- end }}
            {{- if $more.http }}
            - --http-listen
            - 0.0.0.0:8080
            {{- end }}
            {{- if $more.listens }}
            {{- include "weir.args.listen" $ | nindent 12 }}
            {{- end }}
            {{- with include "weir.args.server" $ }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- include "weir.args.service" (list $ 10) | nindent 12 }}
            {{- range .extraArgs }}
            - {{ . | quote }}
            {{- end }}
          ports:
            {{- include "weir.ports" $ | nindent 12 }}
            {{- if $more.http }}
            - name: http
              containerPort: 8080
            {{- end }}
          resources:
            {{- include "weir.resources" (list .memory .cpu) | nindent 12 }}
          {{- include "weir.probes" (list $ 60) | nindent 10 }}
          volumeMounts:
            {{- if $more.volume }}
            - name: data
              mountPath: /data
            {{- end }}
            {{- if $more.model }}
            {{- with include "weir.model.mounts" $ }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- end }}
            {{- include "weir.mounts" $ | nindent 12 }}
      volumes:
        {{- if $more.model }}
        {{- with include "weir.model.volumes" $ }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- end }}
        {{- include "weir.volumes" $ | nindent 8 }}
  {{- if $more.volume }}
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
        labels:
          {{- include "weir.selector" (list $ $component) | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .volume.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .volume.size }}
  {{- end }}
{{- end }}
{{- end }}
