{{/*
What the tables need on each shard: the arithmetic of `weir size` (ps/src/core/table-size.ts), with which a test compares it.
Templates give text, so results travel as JSON.
*/}}

{{/* Bytes of a quantity such as 256Mi. */}}
{{- define "weir.bytes" -}}
{{- $text := toString . -}}
{{- $units := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- mulf (float64 $number) (get $units $unit) | ceil | int64 -}}
{{- end }}

{{/* Of one table: (dict "table" TABLE "shards" N). */}}
{{- define "weir.size.table" -}}
{{- $dim := int64 .table.dim -}}
{{- $state := get (dict "assign" 0 "sum" 0 "sgd" 0 "momentum" $dim "adagrad" $dim "adam" (add1 (mul 2 $dim)) "ftrl" (mul 2 $dim)) .table.optimizer | int64 -}}
{{- /* Of one row: key, seq, weights, state, in words of 4 bytes, of which there is an even number. */ -}}
{{- $words := add 4 $dim $state -}}
{{- $rowBytes := mul 4 (add $words (mod $words 2)) -}}
{{- $pageRows := int64 1 -}}
{{- range until 16 }}{{ if le (mul 2 $pageRows $rowBytes) 65536 }}{{ $pageRows = mul 2 $pageRows }}{{ end }}{{ end -}}
{{- $chunkRows := mul 16 $pageRows -}}
{{- /* Shares on a hash ring differ by a tenth. */ -}}
{{- $shardRows := divf .table.rows .shards | mulf (ternary 1.1 1.0 (gt (int .shards) 1)) | ceil | int64 -}}
{{- $memoryRowsMax := int64 (.table.memoryRowsMax | default 0) -}}
{{- $spills := gt $memoryRowsMax 0 -}}
{{- $memoryRows := ternary (min $shardRows (add $memoryRowsMax 8192)) $shardRows $spills -}}
{{- $stripeRows := div (add $memoryRows 7) 8 -}}
{{- $chunks := div (sub (add $stripeRows $chunkRows) 1) $chunkRows -}}
{{- $segments := int64 1 -}}
{{- range until 40 }}{{ if lt (mul 700 $segments) $stripeRows }}{{ $segments = mul 2 $segments }}{{ end }}{{ end -}}
{{- $stripeBytes := add (mul $chunks (add (mul $rowBytes $chunkRows) (div $chunkRows 8))) (mul $segments 8260) -}}
{{- $stored := ternary (mulf $shardRows 1.4 | ceil | int64) 0 $spills -}}
{{- $pages := mul (div (sub (add $shardRows $pageRows) 1) $pageRows) $pageRows $rowBytes -}}
{{- $disk := ternary (mulf 1.5 $shardRows (add $rowBytes 30) | ceil | int64) (mul 3 $pages) $spills -}}
{{- dict "memory" (mul 8 $stripeBytes) "stored" $stored "disk" $disk "fits" (le (mulf 1.1 $stripeBytes) 4227858432.0) | toJson -}}
{{- end }}

{{/* Of each shard: memory under pushes, disk, and whether every table fits, in bytes. */}}
{{- define "weir.size" -}}
{{- $log := include "weir.bytes" .Values.shards.logReplayMax | int64 -}}
{{- $memory := int64 0 }}{{ $stored := int64 0 }}{{ $disk := mul 2 $log }}{{ $fits := true -}}
{{- range .Values.shards.tables -}}
{{- $size := include "weir.size.table" (dict "table" . "shards" $.Values.shards.count) | fromJson -}}
{{- $memory = add $memory (int64 $size.memory) -}}
{{- $stored = add $stored (int64 $size.stored) -}}
{{- $disk = add $disk (int64 $size.disk) -}}
{{- $fits = and $fits $size.fits -}}
{{- end -}}
{{- /* The log when a round begins, and three quarters of what is left for pushes meanwhile. */ -}}
{{- $begun := min (div $log 2) (max 33554432 (mul 2 $memory)) -}}
{{- $logged := addf $begun (mulf 0.75 (sub $log $begun)) -}}
{{- /* 150 MiB of the process, 50 of buffers, 384 of what clients have on the way. */ -}}
{{- $peak := addf $memory $stored (mul 584 1048576) $logged | ceil | int64 -}}
{{- dict "memory" $peak "disk" $disk "fits" $fits | toJson -}}
{{- end }}

{{/* A shard's memory limit: a quarter more than the estimate, which is good to a quarter, and so that no alert fires at what was planned. */}}
{{- define "weir.shards.memory" -}}
{{- if .Values.shards.memory }}{{ .Values.shards.memory }}
{{- else }}{{ $size := include "weir.size" . | fromJson }}{{ mulf 1.25 (divf $size.memory 67108864) | ceil | mulf 64 | int64 }}Mi
{{- end }}
{{- end }}
