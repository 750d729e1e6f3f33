package main

import (
	"fmt"
	"net/http"
	"strings"
)

func install(s *suite) error {
	deploy := s.root + "/deploy/"
	_, err := s.kubectl("apply", "-f", deploy+"crds", "-f", deploy+"kubernetes/portcullis.yaml",
		"-f", deploy+"kubernetes/service/public.yaml")
	if err != nil {
		return err
	}
	if _, err := s.kubectl("-n", "portcullis", "rollout", "status", "deployment/portcullis-controller", "--timeout=180s"); err != nil {
		return err
	}
	address := "jsonpath={.status.loadBalancer.ingress[0].ip}"
	s.balancer, err = s.kubectl("-n", "portcullis", "get", "service", "portcullis-controller", "-o", address)
	if err == nil && s.balancer == "" {
		err = fmt.Errorf("the Service has no address")
	}
	if err != nil {
		return err
	}
	if err := s.apply(backends("shop", "one", "two", "three", "four", "five", "six")); err != nil {
		return err
	}
	_, err = s.kubectl("-n", "shop", "wait", "deployment", "--all", "--for=condition=Available", "--timeout=120s")
	return err
}

const addresses = "jsonpath={.status.loadBalancer.ingress[*].ip}"

func showsAddress(s *suite) error {
	first := ingress{
		namespace: "shop", name: "first",
		hosts: []string{"first.example.com"},
		paths: map[string][]path{"first.example.com": {{"Prefix", "/", "one"}}},
	}
	if err := s.apply(first.String()); err != nil {
		return err
	}
	return s.ask(s.balancer, "-n", "shop", "get", "ingress", "first", "-o", addresses)
}

// The Ingress of the class that is ours, made after it, has its address long before.
func otherClass(s *suite) error {
	other := ingress{
		namespace: "shop", name: "other", class: "another",
		hosts: []string{"other.example.com"},
		paths: map[string][]path{"other.example.com": {{"Prefix", "/", "one"}}},
	}
	ours := ingress{namespace: "shop", name: "later", hosts: []string{"later.example.com"},
		paths: map[string][]path{"later.example.com": {{"Prefix", "/", "one"}}}}
	if err := s.apply(other.String() + "---\n" + ours.String()); err != nil {
		return err
	}
	if err := s.ask(s.balancer, "-n", "shop", "get", "ingress", "later", "-o", addresses); err != nil {
		return err
	}
	if err := s.ask("", "-n", "shop", "get", "ingress", "other", "-o", addresses); err != nil {
		return err
	}
	return s.expect([]expectation{{request{host: "other.example.com", path: "/"}, 404, ""}})
}

// expectation is a request, its status, and the Service that answers.
type expectation struct {
	request request
	status  int
	service string
}

// expect holds each of them, once the first one does: what was applied is live a moment later.
func (s *suite) expect(all []expectation) error {
	for i, one := range all {
		try := func() error { return s.meets(one) }
		var err error
		if i == 0 {
			err = eventually(patience, try)
		} else {
			err = try()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *suite) meets(e expectation) error {
	got, err := s.send(e.request)
	if err != nil {
		return fmt.Errorf("%s%s: %w", e.request.host, e.request.path, err)
	}
	if got.status != e.status || (e.service != "" && !strings.HasPrefix(got.name, e.service+"-")) {
		return fmt.Errorf("%s%s: %d of %q, expected %d of %s",
			e.request.host, e.request.path, got.status, got.name, e.status, e.service)
	}
	return nil
}

// The cases of the Ingress API's own conformance suite, which are about hosts and paths.
func hostsAndPaths(s *suite) error {
	const paths, exact, wild = "paths.example.com", "exact.example.com", "*.wild.example.com"
	made := ingress{
		namespace: "shop", name: "matching",
		hosts: []string{paths, exact, wild},
		paths: map[string][]path{
			paths: {
				{"Exact", "/exact", "one"},
				{"Prefix", "/prefix", "two"},
				{"Prefix", "/aaa", "three"},
				{"Prefix", "/aaa/bbb", "four"},
				{"Exact", "/both", "five"},
				{"Prefix", "/both", "six"},
				{"Prefix", "/slash/", "one"},
				{"Exact", "/end/", "two"},
			},
			exact: {{"Prefix", "/", "one"}},
			wild:  {{"Prefix", "/", "two"}},
		},
	}
	if err := s.apply(made.String()); err != nil {
		return err
	}
	at := func(path string, status int, service string) expectation {
		return expectation{request{host: paths, path: path}, status, service}
	}
	on := func(host string, status int, service string) expectation {
		return expectation{request{host: host, path: "/"}, status, service}
	}
	return s.expect([]expectation{
		at("/exact", 200, "one"),
		at("/exact/", 404, ""),
		at("/EXACT", 404, ""),
		at("/exac", 404, ""),
		at("/prefix", 200, "two"),
		at("/prefix/", 200, "two"),
		at("/prefix/below", 200, "two"),
		at("/Prefix", 404, ""),
		at("/prefixed", 404, ""),
		at("/aaa", 200, "three"),
		at("/aaa/ccc", 200, "three"),
		at("/aaa/bbb", 200, "four"),
		at("/aaa/bbb/ccc", 200, "four"),
		at("/aaaccc", 404, ""),
		at("/aaa/bbbxyz", 200, "three"),
		at("/both", 200, "five"),
		at("/both/", 200, "six"),
		at("/slash", 200, "one"),
		at("/slash/", 200, "one"),
		at("/end/", 200, "two"),
		at("/end", 404, ""),
		on(exact, 200, "one"),
		on("below.exact.example.com", 404, ""),
		on("a.wild.example.com", 200, "two"),
		on("a.b.wild.example.com", 404, ""),
		on("wild.example.com", 404, ""),
	})
}

func defaultBackend(s *suite) error {
	made := ingress{namespace: "shop", name: "fallback", defaultService: "six"}
	if err := s.apply(made.String()); err != nil {
		return err
	}
	var all []expectation
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		all = append(all,
			expectation{request{method: method, path: "/"}, 200, "six"},
			expectation{request{method: method, host: "nobody.example.com", path: "/any/path"}, 200, "six"},
		)
	}
	if err := s.expect(all); err != nil {
		return err
	}
	if _, err := s.kubectl("-n", "shop", "delete", "ingress", "fallback"); err != nil {
		return err
	}
	return s.expect([]expectation{{request{path: "/"}, 404, ""}})
}
