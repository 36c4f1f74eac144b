{{/* Names and labels. A shard's id is its pod's name and decides which rows it owns, so names follow from the release alone. */}}

{{- define "weir.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* (list $ "ps") */}}
{{- define "weir.component" -}}
{{- printf "%s-%s" (include "weir.fullname" (index . 0)) (index . 1) }}
{{- end }}

{{- define "weir.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ $.Chart.Name }}
app.kubernetes.io/instance: {{ $.Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "weir.labels" -}}
{{- $ := index . 0 -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version }}
{{- end }}

{{- define "weir.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* A service's address as clients and certificates name it: (list $ "ps"). */}}
{{- define "weir.host" -}}
{{- $ := index . 0 -}}
{{ include "weir.component" . }}.{{ $.Release.Namespace }}.svc.{{ $.Values.clusterDomain }}
{{- end }}

{{- define "weir.seeds" -}}
{{ include "weir.host" (list . "ps") }}:7070
{{- end }}

{{/* HOST:PORT of the streams server; empty: there is none. */}}
{{- define "weir.streams" -}}
{{- if .Values.pipeline.enabled }}{{ include "weir.host" (list . "streams") }}:7070{{ else }}{{ .Values.predictor.streams }}{{ end }}
{{- end }}
