{{- define "tranche.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "tranche.labels" -}}
app.kubernetes.io/name: tranche
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tranche.selector" -}}
app.kubernetes.io/name: tranche
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tranche.secret" -}}
{{ .Values.existingSecret | default (include "tranche.name" .) }}
{{- end }}

{{/* The claim that pods share; empty: each has a folder that ends with it. */}}
{{- define "tranche.claim" -}}
{{- if not .Values.storage.url }}{{ .Values.persistence.existingClaim | default (include "tranche.name" .) }}{{ end -}}
{{- end }}

{{/* What all pods have: `root` is the chart's context, `command` what the image runs, `port` where it answers. */}}
{{- define "tranche.pod" -}}
{{- $root := .root -}}
enableServiceLinks: false   # a Service called tranche would set TRANCHE_PORT
automountServiceAccountToken: false
terminationGracePeriodSeconds: 45
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ $root.Values.tmpSize }}
  {{- if not $root.Values.database.embedded }}
  - name: data
    {{- with include "tranche.claim" $root }}
    persistentVolumeClaim:
      claimName: {{ . }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- end }}
containers:
  - name: tranche
    {{- include "tranche.container" . | nindent 4 }}
    args: [{{ .command }}]
    ports:
      - name: http
        containerPort: {{ .port }}
    startupProbe:
      httpGet: {path: /healthz, port: http}
      periodSeconds: 5
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /healthz, port: http}
      timeoutSeconds: 5
    readinessProbe:
      httpGet: {path: /readyz, port: http}
      timeoutSeconds: 5
    lifecycle:
      preStop:
        exec:
          command: [sleep, "5"]   # while others still send requests here
    resources: {{- toYaml .resources | nindent 6 }}
{{- end }}

{{- define "tranche.container" -}}
{{- $root := .root -}}
image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
envFrom:
  - secretRef:
      name: {{ include "tranche.secret" $root }}
env:
  {{- if not $root.Values.database.embedded }}
  - name: DATABASE_URL
    value: {{ $root.Values.database.url | quote }}
  {{- end }}
  {{- with $root.Values.storage.url }}
  - name: TRANCHE_STORAGE_URL
    value: {{ . | quote }}
  {{- end }}
  - name: TRANCHE_WORKER
    value: {{ ternary "embedded" $root.Values.serve.worker $root.Values.database.embedded | quote }}
  - name: TRANCHE_TRUSTED_PROXIES
    value: {{ $root.Values.trustedProxies | quote }}
  {{- with $root.Values.publicUrl }}
  - name: TRANCHE_PUBLIC_URL
    value: {{ . | quote }}
  {{- end }}
  {{- with $root.Values.storage.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $root.Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: data, mountPath: /data}
  - {name: tmp, mountPath: /tmp}
{{- end }}
