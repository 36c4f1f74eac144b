{{/*
What is refused before anything is changed, with what to do. What stands in the cluster is looked up where there is one: `helm
template` and `--dry-run=client` see none, and there the shards' own refusals are what is left (docs/kubernetes.md).
*/}}

{{- define "weir.checks" -}}
{{- include "weir.checks.count" . }}
{{- include "weir.checks.size" . }}
{{- include "weir.checks.secrets" . }}
{{- end }}

{{- define "weir.checks.count" -}}
{{- $name := include "weir.component" (list . "ps") -}}
{{- $count := toString .Values.shards.count -}}
{{- $kept := "" }}{{ $where := "" -}}
{{- range (lookup "v1" "PersistentVolumeClaim" .Release.Namespace "").items -}}
{{- if regexMatch (printf "^data-%s-[0-9]+$" $name) .metadata.name -}}
{{- with .metadata.annotations }}{{ with get . "weir/shards" }}{{ $kept = . }}{{ $where = "its volumes are" }}{{ end }}{{ end -}}
{{- end }}{{ end -}}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace $name -}}
{{- with get (.metadata.annotations | default dict) "weir/shards" }}{{ $kept = . }}{{ $where = "it runs" }}{{ end -}}
{{- end -}}
{{- if and $kept (ne $kept $count) -}}
{{- printf "\n\nshards.count: %s has %s shards (%s there), and cannot have %s. Which shard owns a row follows from the ids of all shards, and each holds the rows of its own only.\n- To keep these rows: --set shards.count=%s. Larger tables need more memory and disk for each shard: shards.tables, shards.memory.\n- To have %s shards: install a second release under another name, let its trainers learn from the streams, move the clients to it, then uninstall this one.\n- To throw these rows away: uninstall, delete the claims (kubectl delete pvc -n %s -l app.kubernetes.io/instance=%s,app.kubernetes.io/component=ps), install again.\n" $name $kept $where $count $kept $count .Release.Namespace .Release.Name | fail -}}
{{- end -}}
{{- end }}

{{- define "weir.checks.size" -}}
{{- $size := include "weir.size" . | fromJson -}}
{{- $count := .Values.shards.count -}}
{{- $ask := "" -}}
{{- range .Values.shards.tables -}}
{{- $ask = printf "%s\n    weir size --rows %d --dim %d --optimizer %s --shards %d%s" $ask (int64 .rows) (int64 .dim) .optimizer (int64 $count) (ternary (printf " --memory-rows-max %d" (int64 .memoryRowsMax)) "" (gt (int64 (.memoryRowsMax | default 0)) 0)) -}}
{{- end -}}
{{- if not $size.fits -}}
{{- printf "\n\nshards.tables: a shard cannot address that many rows of one table. More shards (shards.count), or rows on disk (memoryRowsMax of the table). The same arithmetic:%s\n" $ask | fail -}}
{{- end -}}
{{- $needed := int64 $size.memory -}}
{{- with .Values.shards.memory -}}
{{- if lt (include "weir.bytes" . | int64) $needed -}}
{{- printf "\n\nshards.memory: %s is less than the %dMi that the tables of shards.tables need on each of %d shards under pushes; the kernel would kill them. Leave it empty to have it computed; or have more shards, rows on disk (memoryRowsMax of a table), or a shorter log (shards.logReplayMax). The same arithmetic:%s\n" (toString .) (int64 (ceil (divf $needed 1048576))) (int64 $count) $ask | fail -}}
{{- end }}{{ end -}}
{{- $disk := int64 $size.disk -}}
{{- if lt (include "weir.bytes" .Values.shards.volume.size | int64) $disk -}}
{{- printf "\n\nshards.volume.size: %s is less than the %dMi that the tables of shards.tables need on each of %d shards. The same arithmetic:%s\n" (toString .Values.shards.volume.size) (int64 (ceil (divf $disk 1048576))) (int64 $count) $ask | fail -}}
{{- end -}}
{{- end }}

{{- define "weir.checks.secrets" -}}
{{- if not (or .Values.insecure .Values.tls.existingSecret) -}}
{{- fail "\n\ninsecure: it is false, and tls.existingSecret names no certificate. Name a secret with tls.crt, tls.key and ca.crt, or say --set insecure=true to have listeners without TLS.\n" -}}
{{- end -}}
{{- if and .Values.tls.clientAuth (not .Values.tls.existingSecret) -}}
{{- fail "\n\ntls.clientAuth: clients can show certificates only where there is TLS: name a secret in tls.existingSecret.\n" -}}
{{- end -}}
{{- include "weir.checks.secret" (list . "tls.existingSecret" .Values.tls.existingSecret (list "tls.crt" "tls.key" "ca.crt")) -}}
{{- include "weir.checks.secret" (list . "access.existingSecret" .Values.access.existingSecret (list "access.json" "token")) -}}
{{- end }}

{{/* (list $ VALUE NAME KEYS): only where the namespace can be seen, which is known by the service account that each has. */}}
{{- define "weir.checks.secret" -}}
{{- $ := index . 0 }}{{ $value := index . 1 }}{{ $name := index . 2 }}{{ $keys := index . 3 -}}
{{- if and $name (lookup "v1" "ServiceAccount" $.Release.Namespace "default") -}}
{{- $files := "" }}{{ range $keys }}{{ $files = printf "%s --from-file=%s" $files . }}{{ end -}}
{{- $create := printf "kubectl create secret generic %s -n %s%s" $name $.Release.Namespace $files -}}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace $name -}}
{{- if not $secret -}}
{{- printf "\n\n%s: there is no secret %s in namespace %s. Make it first:\n    %s\n" $value $name $.Release.Namespace $create | fail -}}
{{- end -}}
{{- range $keys -}}
{{- if not (hasKey ($secret.data | default dict) .) -}}
{{- printf "\n\n%s: secret %s in namespace %s has no %s; it has %s. It needs all of %s:\n    %s\n" $value $name $.Release.Namespace . (keys ($secret.data | default dict) | sortAlpha | join ", " | default "nothing") (join ", " $keys) $create | fail -}}
{{- end }}{{ end -}}
{{- end -}}
{{- end }}
