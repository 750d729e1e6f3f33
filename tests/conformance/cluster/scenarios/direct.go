package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Where the API server is in every cluster of lab.
const apiServer = "10.244.0.1:443"

// direct asks the API server without kubectl, which takes too long for what is done by the thousand.
type direct struct {
	client *http.Client
}

func newDirect(lab string) (*direct, error) {
	keys := filepath.Join(lab, "keys")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(keys, "administrator.crt"), filepath.Join(keys, "administrator.key"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(keys, "ca.crt"))
	if err != nil {
		return nil, err
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(text) {
		return nil, errors.New("the cluster's authority cannot be read")
	}
	return &direct{&http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: authority, Certificates: []tls.Certificate{certificate}},
			MaxIdleConnsPerHost: 32,
		},
	}}, nil
}

// do sends an object, and fails with what the server says unless it is satisfied. `into` may be nil.
func (d *direct) do(method, path string, object, into any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "https://"+apiServer+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %d: %.300s", method, path, answer.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// number is a size of the soak, which the environment may make smaller.
func number(name string, otherwise int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil && value > 0 {
		return value
	}
	return otherwise
}

// object is one of the API's.
type object map[string]any

// simpleIngress has one host, all of whose paths are one Service's.
func simpleIngress(namespace, name, host, service string) object {
	return object{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
		"metadata": object{"name": name, "namespace": namespace},
		"spec":     object{"ingressClassName": "portcullis", "rules": rulesOf(host, service)},
	}
}

func rulesOf(host, service string) []object {
	backend := object{"service": object{"name": service, "port": object{"number": 80}}}
	return []object{{
		"host": host,
		"http": object{"paths": []object{{"path": "/", "pathType": "Prefix", "backend": backend}}},
	}}
}

func ingressPath(namespace, name string) string {
	return "/apis/networking.k8s.io/v1/namespaces/" + namespace + "/ingresses/" + name
}
