{{/* What is read and written of the objects of a namespace that is watched. */}}
{{- define "portcullis.rulesOfNamespaces" -}}
- apiGroups: [""]
  resources: [services, secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [get, patch, update]
- apiGroups: [portcullis.dev]
  resources: [wafpolicies]
  verbs: [get, list, watch]
- apiGroups: [portcullis.dev]
  resources: [wafpolicies/status]
  verbs: [get, patch, update]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* What is read and written of objects without a namespace. */}}
{{- define "portcullis.rulesOfCluster" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
- apiGroups: [portcullis.dev]
  resources: [clusterwafpolicies]
  verbs: [get, list, watch]
- apiGroups: [portcullis.dev]
  resources: [clusterwafpolicies/status]
  verbs: [get, patch, update]
{{- if include "portcullis.showsNodes" . }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{/* Who is granted something, as YAML. */}}
{{- define "portcullis.subjects" -}}
- kind: ServiceAccount
  name: {{ include "portcullis.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/*
A Role and its binding.
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
{{ include "portcullis.subjects" .root }}
{{ end -}}

{{/* What is the controller's own: the Lease of its leader, and its options. */}}
{{- define "portcullis.rulesOfOwn" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "portcullis.lease" . }}]
  verbs: [get, patch, update]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ include "portcullis.controller" . }}]
  verbs: [get, list, watch]
{{- if include "portcullis.showsNodes" . }}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{/* The Service whose addresses are shown, by its name. */}}
{{- define "portcullis.rulesOfPublished" -}}
- apiGroups: [""]
  resources: [services]
  resourceNames: [{{ . }}]
  verbs: [get, list, watch]
{{- end -}}
