{{/*
Annotations that a cloud needs for an address, as YAML.
Of a dict: provider, internal, staticAddress, subnet.
*/}}
{{- define "portcullis.addressAnnotations" -}}
{{- $isAddress := regexMatch "^([0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$" .staticAddress -}}
{{- $all := dict -}}
{{- if eq .provider "azure" -}}
  {{- if .internal -}}
    {{- $_ := set $all "service.beta.kubernetes.io/azure-load-balancer-internal" "true" -}}
    {{- with .subnet -}}
      {{- $_ := set $all "service.beta.kubernetes.io/azure-load-balancer-internal-subnet" . -}}
    {{- end -}}
  {{- end -}}
  {{- with .staticAddress -}}
    {{- $_ := set $all (printf "service.beta.kubernetes.io/%s" (ternary "azure-load-balancer-ipv4" "azure-pip-name" $isAddress)) . -}}
  {{- end -}}
{{- else if eq .provider "aws" -}}
  {{- $_ := set $all "service.beta.kubernetes.io/aws-load-balancer-type" "external" -}}
  {{- $_ := set $all "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type" "instance" -}}
  {{- $_ := set $all "service.beta.kubernetes.io/aws-load-balancer-scheme" (ternary "internal" "internet-facing" .internal) -}}
  {{- with .staticAddress -}}
    {{- $_ := set $all (printf "service.beta.kubernetes.io/%s" (ternary "aws-load-balancer-private-ipv4-addresses" "aws-load-balancer-eip-allocations" $.internal)) . -}}
  {{- end -}}
  {{- with .subnet -}}
    {{- $_ := set $all "service.beta.kubernetes.io/aws-load-balancer-subnets" . -}}
  {{- end -}}
{{- else if eq .provider "gcp" -}}
  {{- if .internal -}}
    {{- $_ := set $all "networking.gke.io/load-balancer-type" "Internal" -}}
    {{- with .subnet -}}
      {{- $_ := set $all "networking.gke.io/internal-load-balancer-subnet" . -}}
    {{- end -}}
  {{- else -}}
    {{- $_ := set $all "cloud.google.com/l4-rbs" "enabled" -}}
  {{- end -}}
  {{- if and .staticAddress (not $isAddress) -}}
    {{- $_ := set $all "networking.gke.io/load-balancer-ip-addresses" .staticAddress -}}
  {{- end -}}
{{- end -}}
{{- if $all -}}
{{- toYaml $all -}}
{{- end -}}
{{- end -}}

{{/*
A Service in front of the controller.
Of a dict: root; internal; own, the values that are this Service's own.
*/}}
{{- define "portcullis.service" -}}
{{- $shared := .root.Values.controller.service -}}
{{- $own := .own -}}
{{- $provider := ternary $shared.provider "" (eq $shared.type "LoadBalancer") -}}
{{- $isAddress := regexMatch "^([0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$" $own.staticAddress -}}
{{- $address := $own.loadBalancerIP -}}
{{- if and $own.staticAddress (or (not $provider) (and (eq $provider "gcp") $isAddress)) -}}
{{- $address = $own.staticAddress -}}
{{- end -}}
{{- $annotations := include "portcullis.addressAnnotations" (dict "provider" $provider "internal" .internal "staticAddress" $own.staticAddress "subnet" $own.subnet) | fromYaml | merge (deepCopy $own.annotations) -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "portcullis.controller" .root }}{{ if .internal }}-internal{{ end }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "portcullis.labels" .root | nindent 4 }}
    {{- with $shared.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $shared.type }}
  {{- with $shared.clusterIP }}
  clusterIP: {{ . }}
  {{- end }}
  {{- if ne $shared.type "ClusterIP" }}
  externalTrafficPolicy: {{ $own.externalTrafficPolicy }}
  {{- end }}
  {{- if eq $shared.type "LoadBalancer" }}
  {{- with $own.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- with $address }}
  loadBalancerIP: {{ . | quote }}
  {{- end }}
  {{- with $own.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if not .internal }}
  {{- with $shared.externalIPs }}
  externalIPs:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $shared.healthCheckNodePort }}
  healthCheckNodePort: {{ . }}
  {{- end }}
  {{- end }}
  {{- with $shared.sessionAffinity }}
  sessionAffinity: {{ . }}
  {{- end }}
  {{- with $shared.ipFamilyPolicy }}
  ipFamilyPolicy: {{ . }}
  {{- end }}
  {{- with $shared.ipFamilies }}
  ipFamilies:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
  {{- if $shared.enableHttp }}
  - name: http
    port: {{ $shared.ports.http }}
    targetPort: http
    protocol: TCP
    {{- if $shared.appProtocol }}
    appProtocol: http
    {{- end }}
    {{- if and $shared.nodePorts.http (not .internal) }}
    nodePort: {{ $shared.nodePorts.http }}
    {{- end }}
  {{- end }}
  {{- if $shared.enableHttps }}
  - name: https
    port: {{ $shared.ports.https }}
    targetPort: https
    protocol: TCP
    {{- if $shared.appProtocol }}
    appProtocol: https
    {{- end }}
    {{- if and $shared.nodePorts.https (not .internal) }}
    nodePort: {{ $shared.nodePorts.https }}
    {{- end }}
  {{- end }}
  selector:
    {{- include "portcullis.selector" .root | nindent 4 }}
{{- end -}}
