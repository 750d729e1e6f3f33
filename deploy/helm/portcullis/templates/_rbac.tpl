{{/* What is read and written of the objects of a namespace that is watched. */}}
{{- define "portcullis.rulesOfNamespaces" -}}
- apiGroups: [""]
  resources: [services, secrets, configmaps]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [portcullis.dev]
  resources: [wafpolicies]
  verbs: [list, watch]
- apiGroups: [portcullis.dev]
  resources: [wafpolicies/status]
  verbs: [patch]
{{ include "portcullis.rulesOfEvents" . }}
{{- end -}}

{{/* Those about what is in no namespace are in `default`. */}}
{{- define "portcullis.rulesOfEvents" -}}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* What is read and written of objects without a namespace. */}}
{{- define "portcullis.rulesOfCluster" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
- apiGroups: [portcullis.dev]
  resources: [clusterwafpolicies]
  verbs: [list, watch]
- apiGroups: [portcullis.dev]
  resources: [clusterwafpolicies/status]
  verbs: [patch]
{{- if include "portcullis.showsNodes" . }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [get]
{{- end }}
{{- if include "portcullis.admission.isMade" . }}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "portcullis.admission.configuration" . }}]
  verbs: [get, update]
{{- end }}
{{- end -}}

{{/* Which namespaces are being deleted, where all of them are watched. */}}
{{- define "portcullis.rulesOfEveryNamespace" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end -}}

{{/* What is the controller's own: the Lease of its leader, its options, and where its addresses come from. */}}
{{- define "portcullis.rulesOfOwn" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "portcullis.lease" . }}]
  verbs: [get, update]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ include "portcullis.controller" . }}]
  verbs: [list, watch]
{{- if include "portcullis.admission.isMade" . }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "portcullis.admission.secret" . }}]
  verbs: [get, update]
{{- end }}
{{- if or (include "portcullis.showsNodes" .) (hasKey .Values.controller.extraArgs "clear-status") }}
# Which replicas there are: on which nodes, and whether one serves on when another ends.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]
{{- end }}
{{- end -}}

{{/* One object that is named, in a namespace that need not be watched. */}}
{{- define "portcullis.rulesOfNamed" -}}
- apiGroups: [""]
  resources: [{{ .resource }}]
  resourceNames: [{{ .name }}]
  verbs: [{{ join ", " .verbs }}]
{{- end -}}

{{/*
A Role and its binding; without a namespace, those of the cluster.
Of a dict: root, namespace, name, rules.
*/}}
{{- define "portcullis.grant" -}}
{{- $cluster := empty .namespace -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRole" "Role" $cluster }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "portcullis.labels" .root | nindent 4 }}
rules:
{{ .rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRoleBinding" "RoleBinding" $cluster }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "portcullis.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "ClusterRole" "Role" $cluster }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: {{ include "portcullis.serviceAccount" .root }}
  namespace: {{ .root.Release.Namespace }}
{{ end -}}
