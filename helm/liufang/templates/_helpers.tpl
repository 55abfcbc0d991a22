{{/* Names, labels, roles. Ports are the product's: 8080 public, 7000 mesh, 9090 admin. */}}

{{- define "liufang.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "liufang.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "liufang.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "liufang.name" .) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Selector labels; the component is a role, "migrate", "audit" or "probe". (dict "root" $ "component" c) */}}
{{- define "liufang.selector" -}}
app.kubernetes.io/name: {{ include "liufang.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "liufang.labels" -}}
{{ include "liufang.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: liufang
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Every role of this release, as a JSON list. */}}
{{- define "liufang.roles" -}}
{{- $roles := list "gateway" "identity" "prescription" "inventory" "settlement" "order" "dispatch" "supervision" -}}
{{- if .Values.channels.enabled }}{{ $roles = append $roles "channels" }}{{ end -}}
{{- if .Values.sandbox.enabled }}{{ $roles = append $roles "sandbox" }}{{ end -}}
{{ toJson $roles }}
{{- end }}

{{/* Settings of one role: roleDefaults with the role's own on top. (dict "root" $ "role" r) */}}
{{- define "liufang.role" -}}
{{- $own := index .root.Values.roles .role | default dict -}}
{{ mergeOverwrite (deepCopy .root.Values.roleDefaults) (deepCopy $own) | toYaml }}
{{- end }}

{{/* Roles that `role` calls, as a JSON list; a hook played by the sandbox is a call to the sandbox. (dict "root" $ "role" r) */}}
{{- define "liufang.calls" -}}
{{- $mesh := .root.Files.Get "files/mesh.yaml" | fromYaml -}}
{{- $row := index $mesh .role -}}
{{- $calls := $row.calls -}}
{{- if and .root.Values.channels.enabled (eq .role "settlement") }}{{ $calls = append $calls "channels" }}{{ end -}}
{{- if .root.Values.sandbox.enabled -}}
  {{- $plays := eq .role "gateway" -}}
  {{- range $row.hooks }}{{ if eq (include "liufang.hook" (dict "root" $.root "hook" .)) "sandbox" }}{{ $plays = true }}{{ end }}{{ end -}}
  {{- if $plays }}{{ $calls = append $calls "sandbox" }}{{ end -}}
{{- end -}}
{{ toJson $calls }}
{{- end }}

{{/* Where an outside party is: its address, or "sandbox". (dict "root" $ "hook" h) */}}
{{- define "liufang.hook" -}}
{{- $url := (index .root.Values.hooks .hook).url -}}
{{ if and (not $url) .root.Values.sandbox.enabled }}sandbox{{ else }}{{ $url }}{{ end }}
{{- end }}

{{/* "true" when a role calls outside parties whose authority is given. (dict "root" $ "role" r) */}}
{{- define "liufang.outsideCa" -}}
{{- $mesh := .root.Files.Get "files/mesh.yaml" | fromYaml -}}
{{- $told := and (eq .role "prescription") .root.Values.hospitals -}}
{{- if and .root.Values.outsideCa.secretName (or (index $mesh .role).hooks $told) }}true{{ end -}}
{{- end }}

{{/* The port in an address, or the scheme's. */}}
{{- define "liufang.port" -}}
{{- $host := (urlParse .).host -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{- if $port }}{{ $port }}{{ else if hasPrefix "https" . }}443{{ else }}80{{ end -}}
{{- end }}

{{- define "liufang.image" -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "liufang.secretName" -}}
{{ .root.Values.secrets.name | replace "{role}" .role }}
{{- end }}

{{- define "liufang.meshTlsSecret" -}}
{{- if eq .root.Values.tls.mode "certManager" -}}
{{ include "liufang.fullname" .root }}-{{ .role }}-mesh-tls
{{- else -}}
{{ .root.Values.tls.existing.secretName | replace "{role}" .role }}
{{- end -}}
{{- end }}

{{- define "liufang.publicTlsSecret" -}}
{{- if eq .Values.gateway.tls.mode "certManager" -}}
{{ include "liufang.fullname" . }}-public-tls
{{- else -}}
{{ .Values.gateway.tls.secretName }}
{{- end -}}
{{- end }}

{{- define "liufang.gatewayUrl" -}}
{{- $scheme := ternary "http" "https" (eq .Values.gateway.tls.mode "behindProxy") -}}
{{ $scheme }}://{{ include "liufang.fullname" . }}-gateway.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}:{{ .Values.gateway.service.port }}
{{- end }}

{{/* Keys of a role's Secret, as a JSON list of names in secrets.keys. (dict "root" $ "role" r) */}}
{{- define "liufang.secretKeys" -}}
{{- $keys := list -}}
{{- if ne .role "gateway" }}{{ $keys = list "databasePassword" }}{{ end -}}
{{- if and (ne .role "gateway") .root.Values.secrets.keys.dataSecret }}{{ $keys = append $keys "dataSecret" }}{{ end -}}
{{- if .root.Values.redis.auth }}{{ $keys = append $keys "redisPassword" }}{{ end -}}
{{- if eq .role "identity" }}{{ $keys = append $keys "signingKey" }}{{ end -}}
{{- if has .role (list "settlement" "sandbox") }}{{ $keys = append $keys "channelKey" }}{{ end -}}
{{- if and .root.Values.channels.enabled (has .role (list "settlement" "channels")) }}{{ $keys = concat $keys (list "wechatKey" "alipayKey") }}{{ end -}}
{{- if eq .role "channels" }}{{ $keys = append $keys "wechatApiV3Key" }}{{ end -}}
{{ toJson $keys }}
{{- end }}

{{/* What stands in a role's Secret: those of `keys`, and the data keys, as a JSON list. (dict "root" $ "role" r "keys" list) */}}
{{- define "liufang.secretNames" -}}
{{- $names := list -}}
{{- range .keys }}{{ $names = append $names (index $.root.Values.secrets.keys .) }}{{ end -}}
{{- if ne .role "gateway" -}}
  {{- range .root.Values.secrets.dataKeys }}{{ $names = append $names .key }}{{ end -}}
  {{- with .root.Values.secrets.blindKey }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{ toJson (uniq $names) }}
{{- end }}

{{/* Annotations of objects that must be there before the migrations run, also on a first install. They stay: a Job whose
     waiting helm gave up goes on with them. */}}
{{- define "liufang.beforeMigrate" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: "-10"
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
