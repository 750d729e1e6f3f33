{{/* The template of the controller's pods. */}}
{{- define "portcullis.pod" -}}
{{- $controller := .Values.controller -}}
{{- $givenCertificate := and $controller.admissionWebhooks.enabled (not (include "portcullis.admission.isMade" .)) -}}
metadata:
  labels:
    {{- include "portcullis.labels" . | nindent 4 }}
    {{- with $controller.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $controller.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "portcullis.serviceAccount" . }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ kindIs "invalid" $controller.terminationGracePeriodSeconds | ternary (add $controller.shutdown.delaySeconds $controller.shutdown.graceSeconds 15) $controller.terminationGracePeriodSeconds }}
  {{- with $controller.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if $controller.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with $controller.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" $controller.hostNetwork) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with $controller.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $controller.podSecurityContext | nindent 4 }}
  {{- with $controller.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
  - name: controller
    image: {{ include "portcullis.image" . | quote }}
    imagePullPolicy: {{ $controller.image.pullPolicy }}
    args:
      {{- include "portcullis.arguments" . | nindent 6 }}
    env:
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: POD_ZONE
      valueFrom:
        fieldRef:
          fieldPath: metadata.labels['topology.kubernetes.io/zone']
    {{- with $controller.extraEnvs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    ports:
    - name: http
      containerPort: {{ $controller.containerPort.http }}
      protocol: TCP
      {{- if $controller.hostPort.enabled }}
      hostPort: {{ $controller.hostPort.ports.http }}
      {{- end }}
    - name: https
      containerPort: {{ $controller.containerPort.https }}
      protocol: TCP
      {{- if $controller.hostPort.enabled }}
      hostPort: {{ $controller.hostPort.ports.https }}
      {{- end }}
    - name: status
      containerPort: {{ $controller.containerPort.status }}
      protocol: TCP
    {{- if $controller.admissionWebhooks.enabled }}
    - name: admission
      containerPort: {{ $controller.admissionWebhooks.port }}
      protocol: TCP
    {{- end }}
    livenessProbe:
      {{- toYaml $controller.livenessProbe | nindent 6 }}
    readinessProbe:
      {{- toYaml $controller.readinessProbe | nindent 6 }}
    {{- with $controller.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- toYaml $controller.containerSecurityContext | nindent 6 }}
    {{- if or $controller.stateDir.enabled $controller.extraVolumeMounts $givenCertificate }}
    volumeMounts:
    {{- if $givenCertificate }}
    - name: admission
      mountPath: /etc/portcullis/admission
      readOnly: true
    {{- end }}
    {{- if $controller.stateDir.enabled }}
    - name: state
      mountPath: /var/lib/portcullis
    {{- end }}
    {{- with $controller.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
  {{- with $controller.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if or $controller.stateDir.enabled $controller.extraVolumes $givenCertificate }}
  volumes:
  {{- if $givenCertificate }}
  - name: admission
    secret:
      secretName: {{ include "portcullis.admission.secret" . }}
      defaultMode: 0444
      items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
  {{- end }}
  {{- if $controller.stateDir.enabled }}
  - name: state
    emptyDir:
      sizeLimit: {{ $controller.stateDir.sizeLimit }}
  {{- end }}
  {{- with $controller.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with $controller.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $controller.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $controller.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (kindIs "invalid" $controller.topologySpreadConstraints) }}
  {{- with $controller.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- else if eq $controller.kind "Deployment" }}
  topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "portcullis.selector" $ | nindent 8 }}
    # Pods of an older version, on their way out, do not count.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
  {{- end }}
{{- end -}}
