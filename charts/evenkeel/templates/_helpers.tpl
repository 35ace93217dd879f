{{- /*
Copyright The Evenkeel Authors.
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "evenkeel.labels" -}}
{{ include "evenkeel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}
{{- define "evenkeel.selector" -}}
app.kubernetes.io/name: evenkeel
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- /* The name of every object; cluster-wide ones carry the namespace too. */ -}}
{{- define "evenkeel.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- define "evenkeel.clusterName" -}}
{{ printf "%s-%s" (include "evenkeel.name" .) .Release.Namespace | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "evenkeel.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
{{- /* What every webhook of ours has in common: root, phase (mutating or validating), path. */ -}}
{{- define "evenkeel.webhook" -}}
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
timeoutSeconds: {{ index .root.Values.webhook.timeoutSeconds .phase }}
clientConfig:
  service:
    name: {{ include "evenkeel.name" .root }}-webhook
    namespace: {{ .root.Release.Namespace }}
    path: {{ .path }}
    port: 443
{{- end }}
{{- define "evenkeel.namespaceSelector" -}}
namespaceSelector:
  matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values:
    - kube-system
    - {{ .Release.Namespace }}
    {{- range .Values.webhook.excludedNamespaces }}
    - {{ . }}
    {{- end }}
{{- end }}
{{- /* What is being deleted passes, or its finalizers could not go. */ -}}
{{- define "evenkeel.alive" -}}
- name: not-being-deleted
  expression: "!has(object.metadata.deletionTimestamp)"
{{- end }}
{{- /* Writes that change nothing we look at; what is in flight always comes. */ -}}
{{- define "evenkeel.changed" -}}
- name: something-changed
  expression: >-
    oldObject == null || object.spec != oldObject.spec ||
    (has(object.metadata.annotations) ? object.metadata.annotations : {}) != (has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}) ||
    (has(object.metadata.labels) ? object.metadata.labels : {}) != (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}) ||
    (has(object.metadata.labels) && 'evenkeel.dev/in-flight' in object.metadata.labels)
{{- end }}
{{- /* Opted in to a traffic strategy, or in flight. */ -}}
{{- define "evenkeel.guarded" -}}
(has(object.metadata.annotations) && 'evenkeel.dev/strategy' in object.metadata.annotations && object.metadata.annotations['evenkeel.dev/strategy'] != 'rolling') ||
(has(object.metadata.labels) && 'evenkeel.dev/in-flight' in object.metadata.labels) ||
(oldObject != null && has(oldObject.metadata.labels) && 'evenkeel.dev/in-flight' in oldObject.metadata.labels)
{{- end }}
