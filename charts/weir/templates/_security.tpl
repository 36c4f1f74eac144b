{{/* TLS, tokens and roles: what pods are told of them. Files of secrets are read again when they change, so no pod restarts for it. */}}

{{/* Flags of whoever listens. */}}
{{- define "weir.args.server" -}}
{{- if .Values.tls.existingSecret -}}
- --tls-cert
- /etc/weir-tls/tls.crt
- --tls-key
- /etc/weir-tls/tls.key
{{- if .Values.tls.clientAuth }}
- --tls-client-ca
- /etc/weir-tls/ca.crt
{{- end }}
{{- else -}}
- --insecure
{{- end }}
{{- end }}

{{/* Of those who call others. */}}
{{- define "weir.args.client" -}}
{{- if .Values.tls.existingSecret -}}
- --ca
- /etc/weir-tls/ca.crt
{{- if .Values.tls.clientAuth }}
- --client-cert
- /etc/weir-tls/tls.crt
- --client-key
- /etc/weir-tls/tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* How a shard's pod reaches its own admin port. */}}
{{- define "weir.args.admin" -}}
- --admin
- 127.0.0.1:9464
{{- if .Values.tls.existingSecret }}
{{ include "weir.args.client" . }}
# Its certificate is for the service's name, and not for loopback.
- --server-name
- {{ include "weir.host" (list . "ps") }}
{{- end }}
{{- end }}

{{- define "weir.security.mounts" -}}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/weir-tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "weir.security.volumes" -}}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    # Of the group that the pods run as, and nobody else's.
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* How Prometheus reads the admin port. */}}
{{- define "weir.monitoring.scheme" -}}
{{- if .Values.tls.existingSecret -}}
scheme: https
tlsConfig:
  ca:
    secret:
      name: {{ .Values.tls.existingSecret }}
      key: ca.crt
  {{- if .Values.tls.clientAuth }}
  cert:
    secret:
      name: {{ .Values.tls.existingSecret }}
      key: tls.crt
  keySecret:
    name: {{ .Values.tls.existingSecret }}
    key: tls.key
  {{- end }}
  # It asks pods by their IP, which is in no certificate.
  serverName: {{ include "weir.host" (list . "ps") }}
{{- else -}}
scheme: http
{{- end }}
{{- end }}
