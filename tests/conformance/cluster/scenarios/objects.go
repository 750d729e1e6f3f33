package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// quickstart applies the quickstart's files as they are, with backends of the names that it expects. Its
// class is another controller's, until it is told ours.
func quickstart(s *suite) error {
	_, err := s.kubectl("apply", "-f", s.root+"/deploy/standalone/quickstart")
	if err != nil {
		return err
	}
	_, services, _ := strings.Cut(backends("default", "blogservice", "storeservice"), "---\n")
	if err := s.apply(services); err != nil {
		return err
	}
	if _, err := s.kubectl("annotate", "ingress", "myapp", "kubernetes.io/ingress.class=portcullis", "--overwrite"); err != nil {
		return err
	}
	if err := s.ask("myapp.com|"+s.balancer, "get", "ingress", "myapp",
		"-o", "jsonpath={.spec.rules[*].host}|{.status.loadBalancer.ingress[*].ip}"); err != nil {
		return err
	}
	table, err := s.kubectl("get", "ingress", "myapp")
	if err == nil && !strings.Contains(table, s.balancer) {
		err = fmt.Errorf("kubectl get ingress: %s", table)
	}
	if err != nil {
		return err
	}
	at := func(path, service string) expectation {
		return expectation{request{host: "myapp.com", path: path}, 200, service}
	}
	// With their first addresses, Services take a moment longer than Ingresses.
	if err := eventually(patience, func() error {
		if err := s.meets(at("/blog", "blogservice")); err != nil {
			return err
		}
		return s.meets(at("/store/1", "storeservice"))
	}); err != nil {
		return err
	}
	edit := `[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/name","value":"storeservice"}]`
	if _, err := s.kubectl("patch", "ingress", "myapp", "--type=json", "-p", edit); err != nil {
		return err
	}
	return s.expect([]expectation{at("/blog", "storeservice"), at("/store", "storeservice")})
}

// policies: one that holds, and one that cannot.
func policies(s *suite) error {
	policy := func(name, target, rule string) string {
		return fmt.Sprintf(`apiVersion: portcullis.dev/v1alpha1
kind: WafPolicy
metadata: {name: %s, namespace: shop}
spec:
  targetRefs: [{group: networking.k8s.io, kind: Ingress, name: %s}]
  mode: Block
  secLang:
    after: |
      %s
`, name, target, rule)
	}
	made := ""
	for name, host := range map[string]string{"guarded": "guarded.example.com", "unguarded": "unguarded.example.com"} {
		made += ingress{namespace: "shop", name: name, hosts: []string{host},
			paths: map[string][]path{host: {{"Prefix", "/", "one"}}}}.String() + "---\n"
	}
	made += policy("holds", "guarded", `SecRule ARGS:word "@streq secret" "id:1000,phase:1,deny,status:403"`) + "---\n" +
		policy("broken-policy", "unguarded", `SecRule ARGS "@nonsense" "id:1001,phase:1,deny"`)
	if err := s.apply(made); err != nil {
		return err
	}
	for name, wanted := range map[string]string{"holds": "True True", "broken-policy": "False False"} {
		err := s.ask(wanted, "-n", "shop", "get", "wafpolicy", name, "-o",
			`jsonpath={.status.conditions[?(@.type=="Accepted")].status} {.status.conditions[?(@.type=="Programmed")].status}`)
		if err != nil {
			return err
		}
	}
	observed := `jsonpath={.metadata.generation} {.status.conditions[*].observedGeneration}`
	if err := s.ask("1 1 1", "-n", "shop", "get", "wafpolicy", "holds", "-o", observed); err != nil {
		return err
	}
	if _, err := s.kubectl("-n", "shop", "patch", "wafpolicy", "holds", "--type=merge", "-p", `{"spec":{"paranoiaLevel":2}}`); err != nil {
		return err
	}
	if err := s.ask("2 2 2", "-n", "shop", "get", "wafpolicy", "holds", "-o", observed); err != nil {
		return err
	}
	if err := s.hasEvent("broken-policy", "nonsense"); err != nil {
		return err
	}
	return s.expect([]expectation{
		{request{host: "guarded.example.com", path: "/?word=secret"}, 403, ""},
		{request{host: "guarded.example.com", path: "/?word=other"}, 200, "one"},
	})
}

// leavingNamespace: the API server takes the Ingresses of a namespace away a good while after its pods.
func leavingNamespace(s *suite) error {
	const host = "moved.example.com"
	of := func(namespace, service string) string {
		return ingress{namespace: namespace, name: "moved", hosts: []string{host},
			paths: map[string][]path{host: {{"Prefix", "/", service}}}}.String()
	}
	by := func(service string) expectation {
		return expectation{request{host: host, path: "/"}, 200, service}
	}
	if err := s.apply(backends("leaving", "old") + "---\n" + of("leaving", "old")); err != nil {
		return err
	}
	if err := s.expect([]expectation{by("old")}); err != nil {
		return err
	}
	// Times of objects are to the second, and the older one goes first.
	time.Sleep(1100 * time.Millisecond)
	if err := s.apply(of("shop", "one")); err != nil {
		return err
	}
	if err := s.ask(s.balancer, "-n", "shop", "get", "ingress", "moved", "-o", addresses); err != nil {
		return err
	}
	if err := s.meets(by("old")); err != nil {
		return err
	}
	if _, err := s.kubectl("delete", "namespace", "leaving", "--wait=false"); err != nil {
		return err
	}
	start := time.Now()
	if err := s.expect([]expectation{by("one")}); err != nil {
		return err
	}
	took := time.Since(start)
	s.measure("%.1f s", took.Seconds())
	if took > 2*time.Second {
		return fmt.Errorf("it took %s", took)
	}
	return nil
}

// hasEvent waits until an Event about an object says a word.
func (s *suite) hasEvent(name, word string) error {
	return eventually(patience, func() error {
		said, err := s.kubectl("-n", "shop", "get", "events", "--field-selector=involvedObject.name="+name,
			"-o", "jsonpath={.items[*].message}")
		if err == nil && !strings.Contains(said, word) {
			err = fmt.Errorf("the Events of %s say %q", name, said)
		}
		return err
	})
}

// withoutComplaint looks through the logs of all replicas for what the API server has refused them.
func withoutComplaint(s *suite) error {
	text, err := s.kubectl("-n", "portcullis", "get", "pods", "-l", "app.kubernetes.io/component=controller",
		"-o", "jsonpath={.items[*].metadata.name}")
	if err != nil {
		return err
	}
	for _, pod := range strings.Fields(text) {
		log, err := os.ReadFile(fmt.Sprintf("%s/pods/portcullis.%s/controller.log", s.lab, pod))
		if err != nil {
			return err
		}
		for _, line := range strings.Split(string(log), "\n") {
			for _, word := range []string{"forbidden", "Forbidden", "panicked", "cannot be written", "Unauthorized"} {
				if strings.Contains(line, word) {
					told, _ := json.Marshal(line)
					return fmt.Errorf("%s says %s", pod, told)
				}
			}
		}
	}
	return nil
}
