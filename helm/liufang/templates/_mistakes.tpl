{{/* Each template adds lines to `found.list`; validate.yaml refuses them all at once. */}}

{{- define "liufang.mistake" -}}
{{- $_ := set .found "list" (append .found.list .text) -}}
{{- end }}

{{/* How many of `of` a number or a share asks for; shares are rounded up, as Kubernetes does. */}}
{{- define "liufang.atLeast" -}}
{{- if hasSuffix "%" .text -}}
{{- div (add (mul (trimSuffix "%" .text | int) .of) 99) 100 -}}
{{- else -}}
{{- .text -}}
{{- end -}}
{{- end }}

{{- define "liufang.milliseconds" -}}
{{- if hasSuffix "ms" . -}}{{ trimSuffix "ms" . }}
{{- else if hasSuffix "s" . -}}{{ mul (trimSuffix "s" . | int) 1000 }}
{{- else if hasSuffix "m" . -}}{{ mul (trimSuffix "m" . | int) 60000 }}
{{- else -}}{{ mul (trimSuffix "h" . | int) 3600000 }}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfInstallation" -}}
{{- $v := .root.Values -}}
{{- $found := .found -}}
{{- if not $v.image.digest -}}
  {{- if not $v.image.allowTag -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "image.digest: name the image by its digest (sha256:…); a tag is taken only with image.allowTag=true") -}}
  {{- else if not $v.image.tag -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "image.tag: image.allowTag is true, but neither tag nor digest is given") -}}
  {{- end -}}
{{- end -}}
{{- if and $v.sandbox.enabled (eq $v.profile "production") -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "sandbox.enabled: profile production refuses the sandbox; set profile=development for a trial") -}}
{{- end -}}
{{- if not $v.auth.verifyKeys -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "auth.verifyKeys: give the public half of identity's signing key; every other role checks tokens with it") -}}
{{- end -}}
{{- if not (contains "{role}" $v.secrets.name) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "secrets.name: must contain {role}; a role sees its own Secret only") -}}
{{- end -}}
{{- if and $v.externalSecrets.enabled (not $v.externalSecrets.store.name) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "externalSecrets.store.name: externalSecrets.enabled needs the name of a store") -}}
{{- end -}}
{{- if and $v.externalSecrets.enabled (not (contains "{role}" $v.externalSecrets.path)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "externalSecrets.path: must contain {role}; a role sees its own secrets only") -}}
{{- end -}}
{{- $sections := dict "settings" $v.settings -}}
{{- $sections = set $sections "roleDefaults.settings" $v.roleDefaults.settings -}}
{{- range $role, $spec := $v.roles -}}{{- with $spec.settings }}{{ $_ := set $sections (printf "roles.%s.settings" $role) . }}{{ end -}}{{- end -}}
{{- range $name, $tree := $sections -}}
  {{- range $path := list "profile" "data_dir" "roles" "drain_ms" "shutdown_ms" "admin" "auth" "crypto" "hooks" "hooks_tls" "database.url" "database.urls" "database.migrate_at_start" "database.plaintext_in_private_network" "bus.url" "bus.ca_file" "bus.plaintext_in_private_network" "bus.kind" "bus.prefix" "bus.cluster" "mesh.secret" "mesh.tls" "mesh.listen" "mesh.peers" "mesh.max_deadline_ms" "gateway.listen" "gateway.max_deadline_ms" "gateway.trusted_proxies" "gateway.max_in_flight" "gateway.tls" "gateway.plaintext_behind_proxy" "telemetry.otlp_endpoint" "telemetry.log" "telemetry.format" "database.max_connections" "database.acquire_timeout_ms" "mesh.max_in_flight" "role.settlement.channel_key" "role.settlement.wechat_key" "role.settlement.alipay_key" "role.sandbox.channel_key" "role.channels.listen" "role.channels.wechat.notice_key" "role.channels.wechat.api_v3_key" "role.channels.alipay.notice_key" "role.identity.authorities" "role.identity.stale_revocation_lists" "role.identity.unchecked_certificates" "role.identity.uncertified_keys" -}}
    {{- if include "liufang.has" (dict "tree" $tree "path" (splitList "." $path)) -}}
      {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.%s: this setting belongs to the chart (a value of its own, or a Secret); it cannot be set here" $name $path)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* "true" when `tree` has something under `path`. */}}
{{- define "liufang.has" -}}
{{- $key := first .path -}}
{{- if kindIs "map" .tree -}}
{{- if hasKey .tree $key -}}
{{- if eq (len .path) 1 }}true{{ else }}{{ include "liufang.has" (dict "tree" (index .tree $key) "path" (rest .path)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfOutside" -}}
{{- $v := .root.Values -}}
{{- $found := .found -}}
{{- if not $v.database.host -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "database.host: name the PostgreSQL server") -}}
{{- end -}}
{{- if and (not $v.secrets.keys.dataSecret) (or (not $v.secrets.dataKeys) (not $v.secrets.blindKey)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "secrets.keys.dataSecret: without it there must be secrets.dataKeys and secrets.blindKey") -}}
{{- end -}}
{{- $versions := list (ternary 1 0 (not (not $v.secrets.keys.dataSecret))) 0 -}}
{{- range $v.secrets.dataKeys }}{{ $versions = append $versions (int .version) }}{{ end -}}
{{- if not (has (int $v.secrets.dataVersion) $versions) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "secrets.dataVersion: there is no key of version %d" (int $v.secrets.dataVersion))) -}}
{{- end -}}
{{- range $key := list "user" "name" -}}
  {{- if not (contains "{role}" (index $v.database $key)) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "database.%s: must contain {role}; every service has a login and a database of its own" $key)) -}}
  {{- end -}}
{{- end -}}
{{- if and (hasPrefix "verify-" $v.database.sslMode) (not $v.database.ca.secretName) (not $v.database.ca.publicRoots) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "database.ca.secretName: sslMode %s needs the authority's certificate (or database.ca.publicRoots=true)" $v.database.sslMode)) -}}
{{- end -}}
{{- if and (eq $v.profile "production") (ne $v.database.sslMode "verify-full") (not $v.database.plaintextInPrivateNetwork) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "database.sslMode: production does not talk to PostgreSQL with %s; take verify-full, or say database.plaintextInPrivateNetwork=true" $v.database.sslMode)) -}}
{{- end -}}
{{- if not $v.redis.addresses -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "redis.addresses: name at least one host:port") -}}
{{- end -}}
{{- if and (eq $v.profile "production") (not $v.redis.tls) (not $v.redis.plaintextInPrivateNetwork) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "redis.tls: production does not talk to Redis in plain text; set it, or say redis.plaintextInPrivateNetwork=true") -}}
{{- end -}}
{{- if and $v.redis.tls (not $v.redis.ca.secretName) (not $v.redis.ca.publicRoots) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "redis.ca.secretName: TLS needs the authority's certificate (or redis.ca.publicRoots=true)") -}}
{{- end -}}
{{- if and (not $v.redis.tls) $v.redis.ca.secretName -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "redis.ca.secretName: goes with redis.tls=true") -}}
{{- end -}}
{{- if and (gt (len $v.redis.addresses) 1) (not $v.redis.cluster) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "redis.addresses: several addresses are a cluster; set redis.cluster=true or give one") -}}
{{- end -}}
{{- if and $v.channels.enabled $v.networkPolicy.enabled (not (and $v.channels.cidrs $v.channels.from)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "channels.cidrs, channels.from: networkPolicy.enabled needs the channels' addresses, and who brings their notices") -}}
{{- end -}}
{{- range $hook := list "verification" "payment" "insurer" "courier" -}}
  {{- $url := include "liufang.hook" (dict "root" $.root "hook" $hook) -}}
  {{- if not $url -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "hooks.%s.url: name the outside party's address (https://…), or play it with sandbox.enabled=true" $hook)) -}}
  {{- else if eq $url "sandbox" -}}
    {{- if not $v.sandbox.enabled -}}
      {{- include "liufang.mistake" (dict "found" $found "text" (printf "hooks.%s.url: is the sandbox, but sandbox.enabled is false" $hook)) -}}
    {{- end -}}
  {{- else -}}
    {{- if and (eq $v.profile "production") (not (hasPrefix "https://" $url)) -}}
      {{- include "liufang.mistake" (dict "found" $found "text" (printf "hooks.%s.url: production needs https://" $hook)) -}}
    {{- end -}}
    {{- if and $v.networkPolicy.enabled (not (index $v.hooks $hook).cidrs) -}}
      {{- include "liufang.mistake" (dict "found" $found "text" (printf "hooks.%s.cidrs: networkPolicy.enabled needs the outside party's addresses" $hook)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $trust := $v.signingAuthorities -}}
{{- if and (eq $v.profile "production") (not $trust.secretName) (not $trust.unchecked) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "signingAuthorities.secretName: name the Secret with the authorities of signing certificates, or set unchecked") -}}
{{- end -}}
{{- if and $trust.secretName $trust.unchecked -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "signingAuthorities.unchecked: goes without secretName") -}}
{{- end -}}
{{- $told := dict -}}
{{- range $v.hospitals -}}
  {{- if hasKey $told .code -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "hospitals: %s stands there twice" .code)) -}}
  {{- end -}}
  {{- $_ := set $told .code true -}}
  {{- if and (eq $v.profile "production") (not (hasPrefix "https://" .url)) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "hospitals: %s: production needs https://" .code)) -}}
  {{- end -}}
  {{- if and $v.networkPolicy.enabled (not .cidrs) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "hospitals: %s: networkPolicy.enabled needs its addresses (cidrs)" .code)) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfTls" -}}
{{- $v := .root.Values -}}
{{- $found := .found -}}
{{- $cm := $v.tls.certManager -}}
{{- if eq $v.tls.mode "certManager" -}}
  {{- if and $cm.createCa $cm.issuerRef.name -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "tls.certManager: createCa and issuerRef.name exclude each other") -}}
  {{- end -}}
  {{- if not (or $cm.createCa $cm.issuerRef.name) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "tls.certManager.issuerRef.name: name an issuer of a private authority, or set createCa=true") -}}
  {{- end -}}
  {{- if le (trimSuffix "h" $cm.duration | int) (trimSuffix "h" $cm.renewBefore | int) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "tls.certManager.renewBefore: %s is not less than duration %s" $cm.renewBefore $cm.duration)) -}}
  {{- else if lt (mul 3 (trimSuffix "h" $cm.renewBefore | int)) (trimSuffix "h" $cm.duration | int) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "tls.certManager.renewBefore: %s is less than a third of duration %s; LiufangCertificateExpiring would tell of every certificate before it is renewed" $cm.renewBefore $cm.duration)) -}}
  {{- end -}}
{{- else if not (contains "{role}" $v.tls.existing.secretName) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "tls.existing.secretName: must contain {role}; a certificate is a role's identity") -}}
{{- end -}}
{{- if and (ne $v.gateway.tls.mode "behindProxy") (not $v.gateway.ingress.enabled) (not $v.gateway.httpRoute.enabled) (not $v.gateway.externalProxy) (gt (int $v.gateway.trustedProxies) 0) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "gateway.trustedProxies: the gateway does TLS itself and the chart puts nothing in front; with %d believed entries of x-forwarded-for every caller chooses its own address. Set 0, or gateway.externalProxy=true when a balancer of yours sets the header" (int $v.gateway.trustedProxies))) -}}
{{- end -}}
{{- range $at, $issuer := dict "tls.certManager.issuerRef" $cm.issuerRef "gateway.tls.issuerRef" $v.gateway.tls.issuerRef -}}
  {{- if and (eq $issuer.group "cert-manager.io") (not (has $issuer.kind (list "Issuer" "ClusterIssuer"))) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.kind: cert-manager has Issuer and ClusterIssuer; %s needs a group of its own" $at $issuer.kind)) -}}
  {{- end -}}
{{- end -}}
{{- with $v.gateway.tls -}}
  {{- if and (eq .mode "secret") (not .secretName) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "gateway.tls.secretName: mode secret needs the name of a TLS Secret") -}}
  {{- end -}}
  {{- if and (eq .mode "certManager") (or (not .dnsNames) (not .issuerRef.name)) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "gateway.tls: mode certManager needs dnsNames and issuerRef.name") -}}
  {{- end -}}
  {{- if and (eq .mode "behindProxy") (ne $v.gateway.service.type "ClusterIP") -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "gateway.service.type: %s would show a port without TLS to the outside; set gateway.tls.mode, or put an ingress in front" $v.gateway.service.type)) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfLife" -}}
{{- $l := .root.Values.lifecycle -}}
{{- $found := .found -}}
{{- /* the drain is inside shutdownMs; databases and exporters have three seconds more */ -}}
{{- $need := add (mul $l.preStopSeconds 1000) $l.shutdownMs 3000 -}}
{{- if le (mul $l.terminationGracePeriodSeconds 1000) $need -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "lifecycle.terminationGracePeriodSeconds: %d s must be longer than preStop + shutdown + 3 s = %d ms, or calls are cut" (int $l.terminationGracePeriodSeconds) $need)) -}}
{{- end -}}
{{- $calls := add $l.drainMs $l.maxDeadlineMs -}}
{{- if lt (int64 $l.shutdownMs) $calls -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "lifecycle.shutdownMs: %d is less than drainMs + maxDeadlineMs = %d; a call that may take that long would be cut" (int $l.shutdownMs) $calls)) -}}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfNetwork" -}}
{{- $v := .root.Values -}}
{{- $np := $v.networkPolicy -}}
{{- $found := .found -}}
{{- $open := or $v.gateway.ingress.enabled $v.gateway.httpRoute.enabled (ne $v.gateway.service.type "ClusterIP") -}}
{{- if $np.enabled -}}
  {{- range $key, $what := dict "databaseTo" "PostgreSQL" "redisTo" "Redis" "dnsTo" "the DNS server" -}}
    {{- if not (index $np $key) -}}
      {{- include "liufang.mistake" (dict "found" $found "text" (printf "networkPolicy.%s: networkPolicy.enabled needs to know where %s is" $key $what)) -}}
    {{- end -}}
  {{- end -}}
  {{- if and $v.telemetry.otlpEndpoint (not $np.otlpTo) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "networkPolicy.otlpTo: telemetry.otlpEndpoint is set, but the policy does not let traces out") -}}
  {{- end -}}
  {{- if and $v.serviceMonitor.enabled (not $np.prometheusFrom) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "networkPolicy.prometheusFrom: serviceMonitor.enabled, but the policy does not let Prometheus in") -}}
  {{- end -}}
  {{- if and $open (not $np.gatewayFrom) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" "networkPolicy.gatewayFrom: the gateway is opened to the outside, but the policy lets nobody in") -}}
  {{- end -}}
{{- end -}}
{{- if and $v.serviceMonitor.enabled (gt (include "liufang.milliseconds" $v.serviceMonitor.scrapeTimeout | int64) (include "liufang.milliseconds" $v.serviceMonitor.interval | int64)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "serviceMonitor.scrapeTimeout: %s is more than interval %s" $v.serviceMonitor.scrapeTimeout $v.serviceMonitor.interval)) -}}
{{- end -}}
{{- if and $v.gateway.ingress.enabled (not $v.gateway.ingress.hosts) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "gateway.ingress.hosts: name at least one") -}}
{{- end -}}
{{- if and $v.gateway.ingress.enabled (eq $v.profile "production") (not $v.gateway.ingress.tlsSecretName) (eq $v.gateway.tls.mode "behindProxy") -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "gateway.ingress.tlsSecretName: production is not served without TLS; name the Secret, or let the gateway do it (gateway.tls.mode)") -}}
{{- end -}}
{{- if and $v.gateway.httpRoute.enabled (or (not $v.gateway.httpRoute.parentRefs) (not $v.gateway.httpRoute.hostnames)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "gateway.httpRoute: needs parentRefs and hostnames") -}}
{{- end -}}
{{- if and (has $v.gateway.tls.mode (list "secret" "certManager")) $v.probe.enabled (not $v.probe.serverName) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" "probe.serverName: with TLS at the gateway `helm test` must know the certificate's name") -}}
{{- end -}}
{{- end }}

{{- define "liufang.mistakesOfRole" -}}
{{- $v := .root.Values -}}
{{- $found := .found -}}
{{- $spec := include "liufang.role" . | fromYaml -}}
{{- $at := printf "roles.%s (with roleDefaults)" .role -}}
{{- $most := int $spec.replicas -}}
{{- $least := $most -}}
{{- with $spec.autoscaling -}}
{{- if .enabled -}}
  {{- $most = int .maxReplicas -}}
  {{- $least = int .minReplicas -}}
  {{- if gt $least $most -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.autoscaling: minReplicas %d is more than maxReplicas %d" $at $least $most)) -}}
  {{- end -}}
  {{- if not (dig "requests" "cpu" "" $spec.resources) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.resources.requests.cpu: autoscaling is by a share of it" $at)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- with $spec.podDisruptionBudget -}}
{{- if .enabled -}}
  {{- $available := toString .minAvailable -}}
  {{- $away := toString .maxUnavailable -}}
  {{- if and (ne $available "") (ne $away "") -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.podDisruptionBudget: minAvailable and maxUnavailable exclude each other" $at)) -}}
  {{- else if and (eq $available "") (eq $away "") -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.podDisruptionBudget: needs minAvailable or maxUnavailable" $at)) -}}
  {{- else if or (has $away (list "0" "0%")) (and $available (ge (include "liufang.atLeast" (dict "text" $available "of" $least) | int) $least)) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.podDisruptionBudget: with %d replica(s) no node could ever be drained" $at $least)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- /* one more pod while rolling */ -}}
{{- /* beside its pool a process has one connection that looks whether the database is there */ -}}
{{- $each := add1 (int $spec.databaseConnections) -}}
{{- $connections := mul (add $most 1) $each -}}
{{- if ne .role "gateway" -}}{{ $_ := set .found "connections" (add (default 0 .found.connections) $connections) }}{{- end -}}
{{- if and (ne .role "gateway") $v.database.connectionLimit (gt $connections (int $v.database.connectionLimit)) -}}
  {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.databaseConnections: %d replicas and one while rolling, %d each and one that looks, are %d connections; database.connectionLimit is %d" $at $most (int $spec.databaseConnections) $connections (int $v.database.connectionLimit))) -}}
{{- end -}}
{{- $names := list -}}
{{- range $spec.extraEnv -}}
  {{- if or (hasPrefix "LIUFANG__" .name) (has .name (list "PGPASSWORD" "REDIS_PASSWORD")) -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.extraEnv: %s: settings go into `settings`, secrets into the role's Secret" $at .name)) -}}
  {{- end -}}
  {{- if has .name $names -}}
    {{- include "liufang.mistake" (dict "found" $found "text" (printf "%s.extraEnv: %s is there twice" $at .name)) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- end }}
