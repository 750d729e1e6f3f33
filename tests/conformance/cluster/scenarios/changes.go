package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// secret makes a TLS Secret for a host.
func (s *suite) secret(name, host string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	files := map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	}
	for file, block := range files {
		if err := os.WriteFile(filepath.Join(s.lab, file), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	_, err = s.kubectl("-n", "shop", "create", "secret", "tls", name,
		"--cert="+filepath.Join(s.lab, "tls.crt"), "--key="+filepath.Join(s.lab, "tls.key"))
	return err
}

func (s *suite) shows(host string) error {
	got, err := s.send(request{host: host, path: "/", https: true})
	if err == nil && !slices.Contains(got.certificate, host) {
		err = fmt.Errorf("%s: a certificate for %v", host, got.certificate)
	}
	if err == nil && got.status != 200 {
		err = fmt.Errorf("%s: %d", host, got.status)
	}
	return err
}

func certificates(s *suite) error {
	const host = "secure.example.com"
	if err := s.secret("secure", host); err != nil {
		return err
	}
	made := ingress{
		namespace: "shop", name: "secure", hosts: []string{host},
		paths: map[string][]path{host: {{"Prefix", "/", "one"}}}, tls: map[string]string{host: "secure"},
	}
	if err := s.apply(made.String()); err != nil {
		return err
	}
	if err := eventually(patience, func() error { return s.shows(host) }); err != nil {
		return err
	}
	got, err := s.send(request{host: host, path: "/a?b=c"})
	if err == nil && (got.status != 308 || got.location != "https://"+host+"/a?b=c") {
		err = fmt.Errorf("%d to %q", got.status, got.location)
	}
	return err
}

func lateSecret(s *suite) error {
	const host = "late.example.com"
	made := ingress{
		namespace: "shop", name: "late", hosts: []string{host},
		paths: map[string][]path{host: {{"Prefix", "/", "one"}}}, tls: map[string]string{host: "late"},
	}
	if err := s.apply(made.String()); err != nil {
		return err
	}
	// Served, though not with a certificate for it.
	err := eventually(patience, func() error {
		got, err := s.send(request{host: host, path: "/", https: true})
		if err == nil && (got.status != 200 || slices.Contains(got.certificate, host)) {
			err = fmt.Errorf("%d with a certificate for %v", got.status, got.certificate)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.secret("late", host); err != nil {
		return err
	}
	return eventually(patience, func() error { return s.shows(host) })
}

func sharing(s *suite) error {
	if _, err := s.kubectl("-n", "shop", "scale", "deployment", "three", "--replicas=10"); err != nil {
		return err
	}
	if _, err := s.kubectl("-n", "shop", "rollout", "status", "deployment/three", "--timeout=120s"); err != nil {
		return err
	}
	err := eventually(patience, func() error {
		seen := map[string]int{}
		for range 100 {
			got, err := s.send(request{host: "paths.example.com", path: "/aaa"})
			if err != nil {
				return err
			}
			seen[got.name]++
		}
		if len(seen) != 10 {
			return fmt.Errorf("%d pods answered", len(seen))
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.kubectl("-n", "shop", "scale", "deployment", "three", "--replicas=1")
	return err
}

// The time from the API server's answer to kubectl until the first request that is served by it. It says
// little where other work goes on beside.
func liveness(s *suite) error {
	const host = "moving.example.com"
	var took []time.Duration
	for i := range 20 {
		service := []string{"one", "two"}[i%2]
		made := ingress{namespace: "shop", name: "moving", hosts: []string{host},
			paths: map[string][]path{host: {{"Prefix", "/", service}}}}
		if err := s.apply(made.String()); err != nil {
			return err
		}
		start := time.Now()
		err := eventually(patience, func() error {
			return s.meets(expectation{request{host: host, path: "/"}, 200, service})
		})
		if err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	sort.Slice(took, func(a, b int) bool { return took[a] < took[b] })
	slowest := took[len(took)-1]
	s.measure("%d ms in the middle of %d, %d ms at most", took[len(took)/2].Milliseconds(), len(took), slowest.Milliseconds())
	if slowest > time.Second {
		return fmt.Errorf("a change took %s", slowest)
	}
	return nil
}

func brokenIngress(s *suite) error {
	const host = "broken.example.com"
	made := ingress{namespace: "shop", name: "broken", hosts: []string{host},
		annotations: map[string]string{"nginx.ingress.kubernetes.io/proxy-read-timeout": "soon"},
		paths:       map[string][]path{host: {{"Prefix", "/", "one"}}}}
	if err := s.apply(made.String()); err != nil {
		return err
	}
	if err := s.hasEvent("broken", "proxy-read-timeout"); err != nil {
		return err
	}
	return s.expect([]expectation{
		{request{host: host, path: "/"}, 200, "one"},
		{request{host: "first.example.com", path: "/"}, 200, "one"},
		{request{host: "paths.example.com", path: "/prefix"}, 200, "two"},
	})
}

// refusedRights asks the API server as the controller's account.
func refusedRights(s *suite) error {
	const account = "--as=system:serviceaccount:portcullis:portcullis"
	for question, wanted := range map[string]string{
		"list secrets -A":                      "yes",
		"watch ingresses.networking.k8s.io -A": "yes",
		"patch ingresses.networking.k8s.io --subresource=status -n shop":    "yes",
		"create events.events.k8s.io -n shop":                               "yes",
		"update leases.coordination.k8s.io/portcullis-leader -n portcullis": "yes",
		"update leases.coordination.k8s.io/another -n portcullis":           "no",
		"delete leases.coordination.k8s.io -n portcullis":                   "no",
		"create secrets -n shop":                                            "no",
		"delete secrets -n shop":                                            "no",
		"patch ingresses.networking.k8s.io -n shop":                         "no",
		"update configmaps -n portcullis":                                   "no",
		"create pods -n portcullis":                                         "no",
		"create pods --subresource=exec -n portcullis":                      "no",
		"get nodes": "no",
		"create serviceaccounts --subresource=token -n portcullis": "no",
		"escalate clusterroles.rbac.authorization.k8s.io":          "no",
		"impersonate users": "no",
	} {
		said, err := s.kubectlAnswer(append([]string{"auth", "can-i", account}, strings.Fields(question)...)...)
		if err != nil {
			return err
		}
		if said != wanted {
			return fmt.Errorf("%s: %s", question, said)
		}
	}
	return nil
}

// load is how many requests there were, how many of them failed, and how the first one did.
type load struct {
	requests, failed int
	first            string
}

// underLoad sends requests one after the other from some clients, with and without connections that are
// kept, until `during` is over, which may ask how many were sent.
func (s *suite) underLoad(during func(sent func() int) error) (load, error) {
	const clients = 4
	stop, results := make(chan struct{}), make(chan load, clients)
	var sent atomic.Int64
	for number := range clients {
		go func() {
			var own load
			client := s.client(number%2 == 0)
			for {
				select {
				case <-stop:
					results <- own
					return
				default:
				}
				own.requests++
				sent.Add(1)
				got, err := s.sendBy(client, request{method: http.MethodGet, host: "first.example.com", path: "/"})
				if err == nil && got.status != 200 {
					err = fmt.Errorf("%d", got.status)
				}
				if err != nil {
					if own.failed++; own.failed == 1 {
						own.first = err.Error()
					}
				}
				time.Sleep(2 * time.Millisecond)
			}
		}()
	}
	err := during(func() int { return int(sent.Load()) })
	close(stop)
	var sum load
	for range clients {
		own := <-results
		sum.requests += own.requests
		sum.failed += own.failed
		if sum.first == "" {
			sum.first = own.first
		}
	}
	if err == nil && sum.failed > 0 {
		err = fmt.Errorf("%d of %d requests failed: %s", sum.failed, sum.requests, sum.first)
	}
	return sum, err
}
