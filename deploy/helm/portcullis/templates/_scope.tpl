{{/* The namespaces that are watched, as a YAML list; empty: all of them. */}}
{{- define "portcullis.namespaces" -}}
{{- with .Values.controller.scope -}}
{{- if .enabled -}}
{{- $names := .namespaces -}}
{{- if .namespace -}}
{{- $names = prepend $names .namespace -}}
{{- end -}}
{{- toYaml (uniq (default (list $.Release.Namespace) $names)) -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}
{{- end -}}

{{/* NAMESPACE/NAME of the Service whose addresses Ingresses show; empty: none. */}}
{{- define "portcullis.publishedService" -}}
{{- $service := .Values.controller.service -}}
{{- with .Values.controller.publishService -}}
{{- if not .enabled -}}
{{- else if .pathOverride -}}
{{- .pathOverride -}}
{{- else if and $service.enabled $service.external.enabled -}}
{{- printf "%s/%s" $.Release.Namespace (include "portcullis.controller" $) -}}
{{- else if and $service.enabled $service.internal.enabled -}}
{{- printf "%s/%s-internal" $.Release.Namespace (include "portcullis.controller" $) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether Ingresses show the addresses of the nodes that the pods are on; empty: no. */}}
{{- define "portcullis.showsNodes" -}}
{{- if not (or (include "portcullis.publishedService" .) (hasKey .Values.controller.extraArgs "publish-address")) -}}
true
{{- end -}}
{{- end -}}

{{/* The Lease by which replicas agree on who writes. */}}
{{- define "portcullis.lease" -}}
{{- .Values.controller.electionID | default (printf "%s-leader" (include "portcullis.fullname" .)) -}}
{{- end -}}
