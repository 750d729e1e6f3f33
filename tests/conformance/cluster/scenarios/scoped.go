package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// What docs/kubernetes.md says of rights for one that watches one namespace, and nothing else.
const scopedRights = `apiVersion: v1
kind: ServiceAccount
metadata: {name: scoped, namespace: portcullis}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: scoped, namespace: shop}
rules:
- {apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [list, watch]}
- {apiGroups: [networking.k8s.io], resources: [ingresses/status], verbs: [patch]}
- {apiGroups: [""], resources: [services, secrets, configmaps], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
- {apiGroups: [portcullis.dev], resources: [wafpolicies], verbs: [list, watch]}
- {apiGroups: [portcullis.dev], resources: [wafpolicies/status], verbs: [patch]}
- {apiGroups: [events.k8s.io], resources: [events], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scoped, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scoped}
subjects: [{kind: ServiceAccount, name: scoped, namespace: portcullis}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: scoped, namespace: portcullis}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scoped, namespace: portcullis}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scoped}
subjects: [{kind: ServiceAccount, name: scoped, namespace: portcullis}]
`

// oneNamespace starts one that sees one namespace, beside those that see all. Its class has no IngressClass,
// which it could not read.
func oneNamespace(s *suite) error {
	const host, address = "scoped.example.com", "192.0.2.7"
	if err := s.apply(scopedRights); err != nil {
		return err
	}
	made := ""
	for _, namespace := range []string{"shop", "default"} {
		service := map[string]string{"shop": "one", "default": "blogservice"}[namespace]
		made += ingress{namespace: namespace, name: "scoped", class: "scoped", hosts: []string{namespace + "." + host},
			paths: map[string][]path{namespace + "." + host: {{"Prefix", "/", service}}}}.String() + "---\n"
	}
	if err := s.apply(made); err != nil {
		return err
	}
	kubeconfig, err := s.kubeconfig("scoped", apiServer)
	if err != nil {
		return err
	}
	one, err := s.startWith(kubeconfig, s.lab+"/scoped", 20_000,
		"--namespace=shop", "--ingress-class=scoped", "--publish-address="+address)
	if err != nil {
		return err
	}
	defer one.end()
	if err := eventually(patience, func() error { return one.serves(s, "shop."+host, "one") }); err != nil {
		return err
	}
	if err := one.serves(s, "default."+host, "blogservice"); err == nil {
		return errors.New("an Ingress of another namespace is served")
	}
	if err := s.ask(address, "-n", "shop", "get", "ingress", "scoped", "-o", addresses); err != nil {
		return err
	}
	log, err := os.ReadFile(one.log)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(log), "\n") {
		// These two it may not read, and does without.
		isKnown := strings.Contains(line, "ingressclasses") || strings.Contains(line, "clusterwafpolicies")
		if strings.Contains(line, "forbidden") && !isKnown {
			return fmt.Errorf("its log: %s", line)
		}
	}
	return nil
}
