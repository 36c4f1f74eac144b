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
{{- if .Values.access.existingSecret }}
- --access
- /etc/weir-access/access.json
{{- end }}
{{- end }}

{{/* What clients trust and show. In the environment, where services find it and verbs too: `kubectl exec POD -- weir status`. */}}
{{- define "weir.security.env" -}}
{{- if .Values.tls.existingSecret }}
- name: WEIR_CA
  value: /etc/weir-tls/ca.crt
{{- if .Values.tls.clientAuth }}
- name: WEIR_CLIENT_CERT
  value: /etc/weir-tls/tls.crt
- name: WEIR_CLIENT_KEY
  value: /etc/weir-tls/tls.key
{{- end }}
{{- end }}
{{- if .Values.access.existingSecret }}
- name: WEIR_TOKEN_FILE
  value: /etc/weir-access/token
{{- if not .Values.tls.existingSecret }}
# Tokens are not shown to other machines without TLS, unless that is said in so many words.
- name: WEIR_INSECURE
  value: "true"
{{- end }}
{{- end }}
{{- end }}

{{/* How a shard's pod reaches its own admin port. */}}
{{- define "weir.args.admin" -}}
- --admin
- 127.0.0.1:9464
{{- if .Values.tls.existingSecret }}
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
{{- if .Values.access.existingSecret }}
- name: access
  mountPath: /etc/weir-access
  readOnly: true
{{- end }}
{{- end }}

{{/* For the group that the pods run as, and nobody else. */}}
{{- define "weir.security.volumes" -}}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.access.existingSecret }}
- name: access
  secret:
    secretName: {{ . }}
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
