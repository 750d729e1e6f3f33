package main

import (
	"fmt"
	"strings"
)

// A namespace with backends that say their pod's name, each a Deployment and a Service.
func backends(namespace string, names ...string) string {
	text := fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", namespace)
	for _, name := range names {
		text += strings.NewReplacer("NAMESPACE", namespace, "NAME", name).Replace(`---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  selector: {app: NAME}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: echo
        image: portcullis:lab
        args: [echo, "--listen=0.0.0.0:3000", "--name=$(POD)"]
        env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
        ports: [{name: http, containerPort: 3000}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
`)
	}
	return text
}

// path is a path of a rule.
type path struct {
	kind, path, service string
}

// ingress is an Ingress of our class, unless a class is named; rules are in the order of `hosts`.
type ingress struct {
	namespace, name, class string
	annotations            map[string]string
	hosts                  []string
	paths                  map[string][]path
	defaultService         string
	tls                    map[string]string
}

func (i ingress) String() string {
	class := i.class
	if class == "" {
		class = "portcullis"
	}
	text := "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
	text += fmt.Sprintf("metadata:\n  name: %s\n  namespace: %s\n  annotations:\n", i.name, i.namespace)
	text += "    example.com/by: scenarios\n"
	for key, value := range i.annotations {
		text += fmt.Sprintf("    %s: %q\n", key, value)
	}
	text += fmt.Sprintf("spec:\n  ingressClassName: %s\n", class)
	if i.defaultService != "" {
		text += fmt.Sprintf("  defaultBackend: {service: {name: %s, port: {number: 80}}}\n", i.defaultService)
	}
	if len(i.tls) > 0 {
		text += "  tls:\n"
		for host, secret := range i.tls {
			text += fmt.Sprintf("  - {hosts: [%q], secretName: %s}\n", host, secret)
		}
	}
	if len(i.hosts) > 0 {
		text += "  rules:\n"
	}
	for _, host := range i.hosts {
		text += "  - http:\n      paths:\n"
		for _, p := range i.paths[host] {
			text += fmt.Sprintf("      - {path: %q, pathType: %s, backend: {service: {name: %s, port: {number: 80}}}}\n",
				p.path, p.kind, p.service)
		}
		if host != "" {
			text += fmt.Sprintf("    host: %q\n", host)
		}
	}
	return text
}
