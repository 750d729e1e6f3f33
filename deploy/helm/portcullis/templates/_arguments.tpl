{{/* Arguments of the program, as a YAML list. */}}
{{- define "portcullis.arguments" -}}
{{- $controller := .Values.controller -}}
{{- $any := ternary "[::]" "0.0.0.0" (has "IPv6" $controller.service.ipFamilies) -}}
- run
- --kubernetes
- --controller={{ $controller.ingressClassResource.controllerValue }}
{{- with $controller.additionalIngressClasses }}
{{- /* Naming any class leaves out those that are not named. */}}
{{- range concat (prepend $controller.ingressClassResource.aliases $controller.ingressClassResource.name) . | uniq }}
- --ingress-class={{ . }}
{{- end }}
{{- end }}
{{- range include "portcullis.namespaces" . | fromYamlArray }}
- --namespace={{ . }}
{{- end }}
{{- with include "portcullis.publishedService" . }}
- --publish-service={{ . }}
{{- end }}
- --election-namespace={{ .Release.Namespace }}
- --election-id={{ include "portcullis.lease" . }}
- --configmap={{ .Release.Namespace }}/{{ include "portcullis.controller" . }}
{{- if $controller.stateDir.enabled }}
- --state-dir=/var/lib/portcullis
{{- end }}
{{- if not (hasKey $controller.extraArgs "zone") }}
# Empty before Kubernetes 1.35, where pods do not get their node's labels.
- --zone=$(POD_ZONE)
{{- end }}
- --http={{ $any }}:{{ $controller.containerPort.http }}
- --https={{ $any }}:{{ $controller.containerPort.https }}
- --status={{ $any }}:{{ $controller.containerPort.status }}
{{- if $controller.admissionWebhooks.enabled }}
{{ include "portcullis.admission.arguments" . }}
{{- end }}
{{- if and $controller.hostNetwork (not (hasKey $controller.extraArgs "admin")) }}
- --admin=off
{{- end }}
- --shutdown-delay={{ $controller.shutdown.delaySeconds }}s
- --shutdown-grace={{ $controller.shutdown.graceSeconds }}s
{{- range $name, $value := $controller.extraArgs }}
{{- if kindIs "slice" $value }}
{{- range $value }}
- {{ printf "--%s=%s" $name (include "portcullis.text" .) | quote }}
{{- end }}
{{- else if eq (include "portcullis.text" $value) "" }}
- {{ printf "--%s" $name | quote }}
{{- else }}
- {{ printf "--%s=%s" $name (include "portcullis.text" $value) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A value as text. Helm reads every number as one with an exponent. */}}
{{- define "portcullis.text" -}}
{{- if kindIs "float64" . -}}
{{- int64 . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}
