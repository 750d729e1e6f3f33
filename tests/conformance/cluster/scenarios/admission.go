package main

import (
	"fmt"
	"strings"
)

// admission adds the webhook to what runs, and asks the API server for objects that it should not take.
// `hostsAndPaths` has made the Ingress that one of them wants a path of.
func admission(s *suite) error {
	if _, err := s.kubectl("apply", "-f", s.root+"/deploy/kubernetes/admission.yaml"); err != nil {
		return err
	}
	if _, err := s.kubectl("-n", "portcullis", "rollout", "status", "deployment/portcullis-controller", "--timeout=200s"); err != nil {
		return err
	}
	taken := ingress{namespace: "shop", name: "taken", hosts: []string{"paths.example.com"},
		paths: map[string][]path{"paths.example.com": {{"Exact", "/exact", "two"}}}}
	// Until the leader has made the certificate, the API server lets everything in.
	err := eventually(patience, func() error {
		_, err := s.kubectlWith(taken.String(), "apply", "--dry-run=server", "-f", "-")
		return isRefused(err, "shop/matching")
	})
	if err != nil {
		return err
	}
	policy := `apiVersion: portcullis.dev/v1alpha1
kind: WafPolicy
metadata: {name: refused, namespace: shop}
spec: {mode: Block, secLang: {after: 'SecRule ARGS "@nonsense" "id:1002,phase:1,deny"'}}
`
	if err := isRefused(s.apply(policy), "nonsense"); err != nil {
		return err
	}
	const host = "admitted.example.com"
	good := ingress{namespace: "shop", name: "admitted", hosts: []string{host},
		paths: map[string][]path{host: {{"Prefix", "/", "one"}}}}
	if err := s.apply(good.String()); err != nil {
		return err
	}
	return s.expect([]expectation{{request{host: host, path: "/"}, 200, "one"}})
}

// isRefused: the webhook did not let something in, and said a word.
func isRefused(err error, word string) error {
	if err == nil {
		return fmt.Errorf("it was let in, without %q", word)
	}
	if text := err.Error(); !strings.Contains(text, "denied the request") || !strings.Contains(text, word) {
		return fmt.Errorf("it was not refused with %q: %w", word, err)
	}
	return nil
}
