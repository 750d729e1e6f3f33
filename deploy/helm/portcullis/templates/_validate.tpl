{{/* What a schema cannot say: fails, with the value's name and what would follow from it. */}}
{{- define "portcullis.validate" -}}
{{- $controller := .Values.controller -}}
{{- $service := $controller.service -}}

{{- if and $service.enabled $service.internal.enabled (not $service.internal.annotations) (not $service.provider) (eq $service.type "LoadBalancer") -}}
{{- fail "controller.service.internal: without controller.service.provider or annotations of its own its address would be a public one" -}}
{{- end -}}
{{- if and (not $service.provider) (or $service.subnet $service.internal.subnet) -}}
{{- fail "controller.service.subnet: means nothing without controller.service.provider" -}}
{{- end -}}
{{- if and $service.subnet (ne $service.provider "aws") -}}
{{- fail "controller.service.subnet: of a public address, only aws takes it" -}}
{{- end -}}

{{- if and $controller.minAvailable $controller.maxUnavailable -}}
{{- fail "controller.minAvailable: set controller.maxUnavailable to null with it; a PodDisruptionBudget has one of them" -}}
{{- end -}}
{{- if and $controller.autoscaling.enabled (ne $controller.kind "Deployment") -}}
{{- fail "controller.autoscaling.enabled: a DaemonSet has one pod a node and cannot be scaled" -}}
{{- end -}}

{{- with $controller.admissionWebhooks -}}
{{- if and .enabled .existingSecret (not .caBundle) (not (hasKey .annotations "cert-manager.io/inject-ca-from")) -}}
{{- fail "controller.admissionWebhooks.existingSecret: name its authority in caBundle, or have cert-manager do so by an annotation; the API server would trust nobody" -}}
{{- end -}}
{{- if and .caBundle (not .existingSecret) -}}
{{- fail "controller.admissionWebhooks.caBundle: means nothing without existingSecret; the leader names the authority that it makes" -}}
{{- end -}}
{{- if and .enabled (has (int .port) (list (int $controller.containerPort.http) (int $controller.containerPort.https) (int $controller.containerPort.status))) -}}
{{- fail "controller.admissionWebhooks.port: is another listener's" -}}
{{- end -}}
{{- end -}}

{{- $shutdown := add $controller.shutdown.delaySeconds $controller.shutdown.graceSeconds -}}
{{- $termination := $controller.terminationGracePeriodSeconds -}}
{{- if and (not (kindIs "invalid" $termination)) (le (int $termination) (int $shutdown)) -}}
{{- fail (printf "controller.terminationGracePeriodSeconds: %d is not more than the %d seconds of controller.shutdown; the kubelet would cut off exchanges that have a promise of time" (int $termination) (int $shutdown)) -}}
{{- end -}}

{{- range $name, $own := dict
  "kubernetes" ""
  "controller" "controller.ingressClassResource.controllerValue"
  "ingress-class" "controller.additionalIngressClasses"
  "namespace" "controller.scope"
  "publish-service" "controller.publishService"
  "election-namespace" ""
  "election-id" "controller.electionID"
  "configmap" "controller.config"
  "state-dir" "controller.stateDir"
  "admission" "controller.admissionWebhooks.port"
  "admission-cert" "controller.admissionWebhooks.existingSecret"
  "admission-key" "controller.admissionWebhooks.existingSecret"
  "admission-secret" ""
  "admission-configuration" ""
  "http" "controller.containerPort.http"
  "https" "controller.containerPort.https"
  "status" "controller.containerPort.status"
  "shutdown-delay" "controller.shutdown.delaySeconds"
  "shutdown-grace" "controller.shutdown.graceSeconds" -}}
{{- if hasKey $controller.extraArgs $name -}}
{{- fail (printf "controller.extraArgs.%s: the chart sets this argument itself%s" $name (ternary (printf ", by %s" $own) "" (ne $own ""))) -}}
{{- end -}}
{{- end -}}
{{- range $theirs, $ours := dict
  "default-ssl-certificate" "controller.extraArgs.default-tls"
  "publish-status-address" "controller.extraArgs.publish-address"
  "watch-namespace" "controller.scope"
  "validating-webhook" "controller.admissionWebhooks.enabled"
  "validating-webhook-certificate" "controller.admissionWebhooks.existingSecret"
  "validating-webhook-key" "controller.admissionWebhooks.existingSecret"
  "controller-class" "controller.ingressClassResource.controllerValue" -}}
{{- if hasKey $controller.extraArgs $theirs -}}
{{- fail (printf "controller.extraArgs.%s: this is ingress-nginx's; here it is %s" $theirs $ours) -}}
{{- end -}}
{{- end -}}
{{- if and (hasKey $controller.extraArgs "publish-address") $controller.publishService.enabled -}}
{{- fail "controller.extraArgs.publish-address: set controller.publishService.enabled to false with it; status comes from one of them" -}}
{{- end -}}
{{- end -}}
