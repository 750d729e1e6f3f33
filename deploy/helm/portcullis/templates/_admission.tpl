{{/* What the admission webhook's Service is called. */}}
{{- define "portcullis.admission.service" -}}
{{- printf "%s-admission" (include "portcullis.controller" .) -}}
{{- end -}}

{{/* The Secret with its certificate. */}}
{{- define "portcullis.admission.secret" -}}
{{- .Values.controller.admissionWebhooks.existingSecret | default (printf "%s-admission" (include "portcullis.fullname" .)) -}}
{{- end -}}

{{/* What the API server goes by. It is in no namespace, and releases may share a name. */}}
{{- define "portcullis.admission.configuration" -}}
{{- $name := include "portcullis.fullname" . -}}
{{- printf "%s-admission" (ternary $name (printf "%s-%s" .Release.Namespace $name) (eq $name .Release.Namespace)) -}}
{{- end -}}

{{/* Whether the leader makes the certificate; empty: no. */}}
{{- define "portcullis.admission.isMade" -}}
{{- with .Values.controller.admissionWebhooks -}}
{{- if and .enabled (not .existingSecret) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "portcullis.admission.arguments" -}}
{{- $controller := .Values.controller -}}
{{- $any := ternary "[::]" "0.0.0.0" (has "IPv6" $controller.service.ipFamilies) -}}
- --admission={{ $any }}:{{ $controller.admissionWebhooks.port }}
{{- if include "portcullis.admission.isMade" . }}
- --admission-secret={{ include "portcullis.admission.secret" . }}
- --admission-configuration={{ include "portcullis.admission.configuration" . }}
{{- else }}
- --admission-cert=/etc/portcullis/admission/tls.crt
- --admission-key=/etc/portcullis/admission/tls.key
{{- end }}
{{- end -}}
