{{/* The configuration file of a role. Nothing secret in it: secrets come as variables or files. */}}

{{- define "liufang.config" -}}
{{- $v := .root.Values -}}
{{- $full := include "liufang.fullname" .root -}}
{{- $role := .role -}}
{{- $spec := include "liufang.role" . | fromYaml -}}
{{- $tree := dict
  "profile" $v.profile
  "data_dir" "/var/lib/liufang"
  "roles" (list $role)
  "drain_ms" $v.lifecycle.drainMs
  "shutdown_ms" $v.lifecycle.shutdownMs
  "admin" (dict "listen" (printf "%s:9090" $v.listenAddress))
  "telemetry" (dict "log" $v.telemetry.log "format" "json" "otlp_endpoint" $v.telemetry.otlpEndpoint)
-}}
{{- if $v.regions.configMap }}{{ $_ := set $tree "regions_dir" "/etc/liufang/regions" }}{{ end -}}
{{- $url := include "liufang.databaseUrl" (dict "root" .root "user" $v.database.user "host" $v.database.host) -}}
{{- $_ := set $tree "database" (dict "url" $url "max_connections" $spec.databaseConnections "acquire_timeout_ms" $v.database.acquireTimeoutMs "migrate_at_start" false) -}}
{{- if $v.database.plaintextInPrivateNetwork }}{{ $_ := set $tree.database "plaintext_in_private_network" true }}{{ end -}}
{{- $bus := dict "kind" "redis" "prefix" $v.redis.prefix -}}
{{- if $v.redis.cluster }}{{ $_ := set $bus "cluster" true }}{{ end -}}
{{- if and $v.redis.tls $v.redis.ca.secretName }}{{ $_ := set $bus "ca_file" "/etc/liufang/redis-ca/ca.crt" }}{{ end -}}
{{- if $v.redis.plaintextInPrivateNetwork }}{{ $_ := set $bus "plaintext_in_private_network" true }}{{ end -}}
{{- if not $v.redis.auth }}{{ $_ := set $bus "url" (include "liufang.redisUrl" (dict "root" .root "login" "")) }}{{ end -}}
{{- $_ := set $tree "bus" $bus -}}
{{- $peers := dict -}}
{{- range include "liufang.calls" . | fromJsonArray -}}
  {{- $_ := set $peers . (printf "https://%s-%s.%s.svc.%s:7000" $full . $.root.Release.Namespace $v.clusterDomain) -}}
{{- end -}}
{{- $mesh := dict "secret" "" "max_in_flight" $spec.maxInFlight "max_deadline_ms" $v.lifecycle.maxDeadlineMs "peers" $peers
  "tls" (dict "ca_file" "/etc/liufang/tls/ca.crt" "cert_file" "/etc/liufang/tls/tls.crt" "key_file" "/etc/liufang/tls/tls.key") -}}
{{- if ne $role "gateway" }}{{ $_ := set $mesh "listen" (dict $role (printf "%s:7000" $v.listenAddress)) }}{{ end -}}
{{- $_ := set $tree "mesh" $mesh -}}
{{- $hooks := dict -}}
{{- range list "verification" "payment" "insurer" "courier" -}}
  {{- $_ := set $hooks . (include "liufang.hook" (dict "root" $.root "hook" .)) -}}
{{- end -}}
{{- if and $v.channels.enabled (eq $role "settlement") -}}
  {{- $_ := set $hooks "wechat" "channels" -}}
  {{- $_ := set $hooks "alipay" "channels" -}}
{{- end -}}
{{- $told := list -}}
{{- if eq $role "prescription" -}}
  {{- range $v.hospitals -}}
    {{- $hook := printf "his_%s" (lower .code) -}}
    {{- $_ := set $hooks $hook .url -}}
    {{- $told = append $told (printf "%s=%s" .code $hook) -}}
  {{- end -}}
{{- end -}}
{{- $_ := set $tree "hooks" $hooks -}}
{{- if include "liufang.outsideCa" . }}{{ $_ := set $tree "hooks_tls" (dict "ca_file" "/etc/liufang/outside-ca/ca.crt") }}{{ end -}}
{{- if eq $role "identity" -}}
  {{- $_ := set $tree "auth" (dict "signing_key_file" "/etc/liufang/keys/signing.key" "verify_keys" $v.auth.verifyKeys) -}}
{{- else -}}
  {{- $_ := set $tree "auth" (dict "verify_keys" $v.auth.verifyKeys) -}}
{{- end -}}
{{- if ne $role "settlement" -}}
  {{- /* not this role's secret: empty, so that the development key is not found here */ -}}
  {{- $_ := set $tree "role" (dict "settlement" (dict "channel_key" "")) -}}
{{- end -}}
{{- $trust := $v.signingAuthorities -}}
{{- if and (eq $role "identity") (or $trust.secretName $trust.unchecked) -}}
  {{- $_ := set $tree.role "identity" (dict "authorities" (ternary (list "/etc/liufang/authorities/signing.pem") list (not (empty $trust.secretName)))
    "stale_revocation_lists" $trust.staleLists "unchecked_certificates" $trust.unchecked
    "uncertified_keys" $trust.uncertifiedKeys) -}}
{{- end -}}
{{- if eq $role "channels" }}{{ $_ := set $tree.role "channels" (dict "listen" (printf "%s:8090" $v.listenAddress)) }}{{ end -}}
{{- if $told }}{{ $_ := set $tree.role "prescription" (dict "hospitals" $told) }}{{ end -}}
{{- if and (ne $role "gateway") $v.secrets.dataVersion }}{{ $_ := set $tree "crypto" (dict "data_version" (int $v.secrets.dataVersion)) }}{{ end -}}
{{- if eq $role "gateway" -}}
  {{- /* the gateway has no database and seals nothing, but every process of production must name a key of its own */ -}}
  {{- $_ := set $tree "crypto" (dict "data_secret" "the-gateway-has-no-data-to-be-sealed") -}}
  {{- $gateway := dict "listen" (printf "%s:8080" $v.listenAddress) "trusted_proxies" $v.gateway.trustedProxies "max_in_flight" $spec.maxInFlight
    "max_deadline_ms" $v.lifecycle.maxDeadlineMs "default_deadline_ms" (min 10000 (int $v.lifecycle.maxDeadlineMs)) -}}
  {{- if eq $v.gateway.tls.mode "behindProxy" -}}
    {{- $_ := set $gateway "plaintext_behind_proxy" true -}}
  {{- else -}}
    {{- $_ := set $gateway "tls" (dict "cert_file" "/etc/liufang/public-tls/tls.crt" "key_file" "/etc/liufang/public-tls/tls.key") -}}
  {{- end -}}
  {{- $_ := set $tree "gateway" $gateway -}}
{{- end -}}
{{- $tree = mergeOverwrite $tree (deepCopy $v.settings) (deepCopy $spec.settings) -}}
# Made by the chart from its values; what is not here has the default of `liufang config`.
{{ include "liufang.toml" (dict "path" "" "table" $tree) | trim }}
{{- end }}

{{/* Without a password, which is PGPASSWORD; {role} stays. (dict "root" $ "user" u "host" h) */}}
{{- define "liufang.databaseUrl" -}}
{{- $d := .root.Values.database -}}
{{- $query := printf "?sslmode=%s" $d.sslMode -}}
{{- if $d.ca.secretName }}{{ $query = printf "%s&sslrootcert=/etc/liufang/database-ca/ca.crt" $query }}{{ end -}}
{{ printf "postgres://%s@%s:%d/%s%s" .user .host (int $d.port) $d.name $query }}
{{- end }}

{{/* (dict "root" $ "login" "user:password@" or "") */}}
{{- define "liufang.redisUrl" -}}
{{- $scheme := ternary "rediss" "redis" .root.Values.redis.tls -}}
{{- $urls := list -}}
{{- range .root.Values.redis.addresses }}{{ $urls = append $urls (printf "%s://%s%s" $scheme $.login .) }}{{ end -}}
{{ join "," $urls }}
{{- end }}

{{/* TOML; Helm's own toToml writes whole numbers from values as fractions. (dict "path" "a.b" "table" dict) */}}
{{- define "liufang.toml" -}}
{{- $path := .path }}
{{- range $key := keys .table | sortAlpha }}
{{- $value := index $.table $key }}
{{- if not (kindIs "map" $value) }}
{{ $key }} = {{ include "liufang.tomlValue" $value }}
{{- end }}
{{- end }}
{{- range $key := keys .table | sortAlpha }}
{{- $value := index $.table $key }}
{{- if kindIs "map" $value }}
{{- $inner := ternary $key (printf "%s.%s" $path $key) (eq $path "") }}
{{- if or (not $value) (not (include "liufang.onlyTables" $value)) }}

[{{ $inner }}]
{{- end }}
{{- include "liufang.toml" (dict "path" $inner "table" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{/* "true" when every value is a table: TOML needs no heading for it */}}
{{- define "liufang.onlyTables" -}}
{{- $plain := 0 -}}
{{- range . }}{{ if not (kindIs "map" .) }}{{ $plain = add1 $plain }}{{ end }}{{ end -}}
{{ if eq (int $plain) 0 }}true{{ end }}
{{- end }}

{{- define "liufang.tomlValue" -}}
{{- if kindIs "slice" . -}}
[{{ range $i, $item := . }}{{ if $i }}, {{ end }}{{ include "liufang.tomlValue" $item }}{{ end }}]
{{- else if kindIs "map" . -}}
{ {{ range $i, $key := keys . | sortAlpha }}{{ if $i }}, {{ end }}{{ $key }} = {{ include "liufang.tomlValue" (index $ $key) }}{{ end }} }
{{- else if kindIs "string" . -}}
{{ toRawJson . }}
{{- else if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}
