{{/* What every pod of the chart shares. */}}

{{- define "liufang.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.podSecurity.runAsUser }}
runAsGroup: {{ .Values.podSecurity.runAsGroup }}
fsGroup: {{ .Values.podSecurity.fsGroup }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "liufang.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Head of a pod spec. (dict "root" $ "account" name) */}}
{{- define "liufang.podHead" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  {{- include "liufang.podSecurity" .root | nindent 2 }}
dnsConfig:
  options:
    # peers are full names: ask for them as they are first
    - name: ndots
      value: "2"
{{- end }}

{{/* Where pods may run. (dict "spec" role settings) */}}
{{- define "liufang.placement" -}}
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
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* A variable from a key of the role's Secret. (dict "root" $ "role" r "secret" name "variable" V "key" k) */}}
{{- define "liufang.secretVariable" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ index .root.Values.secrets.keys .key }}
{{- end }}

{{/* Secrets of a role as variables: its own only. (dict "root" $ "role" r "secret" name) */}}
{{- define "liufang.secretEnv" -}}
{{- if ne .role "gateway" }}
{{ include "liufang.secretVariable" (merge (dict "variable" "PGPASSWORD" "key" "databasePassword") .) }}
{{- if .root.Values.secrets.keys.dataSecret }}
{{ include "liufang.secretVariable" (merge (dict "variable" "LIUFANG__CRYPTO__DATA_SECRET" "key" "dataSecret") .) }}
{{- else }}
- name: LIUFANG__CRYPTO__DATA_SECRET
  value: ""
{{- end }}
{{- range .root.Values.secrets.dataKeys }}
- name: LIUFANG__CRYPTO__DATA_KEYS__{{ int .version }}
  valueFrom:
    secretKeyRef:
      name: {{ $.secret }}
      key: {{ .key }}
{{- end }}
{{- with .root.Values.secrets.blindKey }}
- name: LIUFANG__CRYPTO__BLIND_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ $.secret }}
      key: {{ . }}
{{- end }}
{{- end }}
{{- if .root.Values.redis.auth }}
{{ include "liufang.secretVariable" (merge (dict "variable" "REDIS_PASSWORD" "key" "redisPassword") .) }}
- name: LIUFANG__BUS__URL
  value: {{ include "liufang.redisUrl" (dict "root" .root "login" (printf "%s:$(REDIS_PASSWORD)@" .root.Values.redis.username)) | quote }}
{{- end }}
{{- if has .role (list "settlement" "sandbox") }}
{{ include "liufang.secretVariable" (merge (dict "variable" (printf "LIUFANG__ROLE__%s__CHANNEL_KEY" (upper .role)) "key" "channelKey") .) }}
{{- end }}
{{- $own := dict -}}
{{- if and .root.Values.channels.enabled (eq .role "settlement") -}}
  {{- $own = dict "LIUFANG__ROLE__SETTLEMENT__WECHAT_KEY" "wechatKey" "LIUFANG__ROLE__SETTLEMENT__ALIPAY_KEY" "alipayKey" -}}
{{- else if eq .role "channels" -}}
  {{- $own = dict "LIUFANG__ROLE__CHANNELS__WECHAT__NOTICE_KEY" "wechatKey" "LIUFANG__ROLE__CHANNELS__ALIPAY__NOTICE_KEY" "alipayKey"
    "LIUFANG__ROLE__CHANNELS__WECHAT__API_V3_KEY" "wechatApiV3Key" -}}
{{- end -}}
{{- range $variable := keys $own | sortAlpha }}
{{ include "liufang.secretVariable" (merge (dict "variable" $variable "key" (index $own $variable)) $) }}
      optional: true
{{- end }}
{{- end }}

{{/* Files of a role: configuration, data folder, CAs of PostgreSQL and Redis, region packs. (dict "root" $ "config" configMap "item" key) */}}
{{- define "liufang.volumes" -}}
- name: config
  configMap:
    name: {{ .config }}
    items:
      - key: {{ .item }}
        path: config.toml
- name: data
  emptyDir:
    sizeLimit: {{ .root.Values.dataSizeLimit }}
{{- if .root.Values.database.ca.secretName }}
- name: database-ca
  secret:
    secretName: {{ .root.Values.database.ca.secretName }}
    items:
      - key: {{ .root.Values.database.ca.key }}
        path: ca.crt
{{- end }}
{{- if and .root.Values.redis.tls .root.Values.redis.ca.secretName }}
- name: redis-ca
  secret:
    secretName: {{ .root.Values.redis.ca.secretName }}
    items:
      - key: {{ .root.Values.redis.ca.key }}
        path: ca.crt
{{- end }}
{{- if .root.Values.regions.configMap }}
- name: regions
  configMap:
    name: {{ .root.Values.regions.configMap }}
{{- end }}
{{- end }}

{{- define "liufang.volumeMounts" -}}
- name: config
  mountPath: /etc/liufang/config.toml
  subPath: config.toml
  readOnly: true
- name: data
  mountPath: /var/lib/liufang
{{- if .root.Values.database.ca.secretName }}
- name: database-ca
  mountPath: /etc/liufang/database-ca
  readOnly: true
{{- end }}
{{- if and .root.Values.redis.tls .root.Values.redis.ca.secretName }}
- name: redis-ca
  mountPath: /etc/liufang/redis-ca
  readOnly: true
{{- end }}
{{- if .root.Values.regions.configMap }}
- name: regions
  mountPath: /etc/liufang/regions
  readOnly: true
{{- end }}
{{- end }}
