package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How long something may take that is not what a scenario measures.
const patience = 60 * time.Second

// suite is what scenarios share: the tree, kubectl, and the address of the load balancer.
type suite struct {
	root, lab string
	balancer  string
	measured  []string
}

func newSuite() (*suite, error) {
	s := &suite{root: os.Getenv("PORTCULLIS_TREE"), lab: os.Getenv("LAB_FOLDER")}
	if s.root == "" || s.lab == "" {
		return nil, fmt.Errorf("PORTCULLIS_TREE and LAB_FOLDER have to be set; ../run does it")
	}
	return s, nil
}

// measure notes a figure to be printed with the scenario.
func (s *suite) measure(format string, values ...any) {
	s.measured = append(s.measured, fmt.Sprintf(format, values...))
}

func (s *suite) figures() string {
	if len(s.measured) == 0 {
		return ""
	}
	text := ": " + strings.Join(s.measured, ", ")
	s.measured = nil
	return text
}

// kubectl runs it and returns what it says; warnings of the API server are failures.
func (s *suite) kubectl(arguments ...string) (string, error) {
	return s.kubectlWith("", arguments...)
}

func (s *suite) kubectlWith(input string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "kubectl", arguments...)
	command.Stdin = strings.NewReader(input)
	var out, errors bytes.Buffer
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(errors.String()))
	}
	// The quickstart has a class of the old kind, as many have that move; the API server does not like it.
	const oldClass = `Warning: annotation "kubernetes.io/ingress.class" is deprecated`
	if warnings := strings.ReplaceAll(errors.String(), oldClass, ""); strings.Contains(warnings, "Warning:") {
		return "", fmt.Errorf("kubectl %s: %s", strings.Join(arguments, " "), strings.TrimSpace(errors.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// apply applies manifests given as text.
func (s *suite) apply(manifests string) error {
	_, err := s.kubectlWith(manifests, "apply", "-f", "-")
	return err
}

// ask asks kubectl for something until it says what is wanted.
func (s *suite) ask(wanted string, arguments ...string) error {
	return eventually(patience, func() error {
		said, err := s.kubectl(arguments...)
		if err == nil && said != wanted {
			err = fmt.Errorf("kubectl %s: %q instead of %q", strings.Join(arguments, " "), said, wanted)
		}
		return err
	})
}

// pidOf is the process of a piece of the control plane.
func (s *suite) pidOf(piece string) (int, error) {
	text, err := os.ReadFile(filepath.Join(s.lab, piece+".pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

// eventually tries until it holds, or the time is over; then the last failure is the answer.
func eventually(within time.Duration, try func() error) error {
	end := time.Now().Add(within)
	for {
		err := try()
		if err == nil || time.Now().After(end) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// request is what a client asks for.
type request struct {
	method, host, path string
	https              bool
}

// answer is what it gets: `name` is who answered, if it was one of the backends.
type answer struct {
	status   int
	location string
	name     string
	header   http.Header
	// The names in the certificate that was shown.
	certificate []string
}

// send makes a request to the load balancer over a connection of its own, and follows no redirect.
func (s *suite) send(r request) (answer, error) {
	return s.sendBy(s.client(true), r)
}

// client is one whose connections all go to the load balancer.
func (s *suite) client(closing bool) *http.Client {
	return clientOf(closing, func(port string) string { return net.JoinHostPort(s.balancer, port) })
}

// direct is one whose connections all go to one address.
func (s *suite) direct(address string) *http.Client {
	return clientOf(true, func(string) string { return address })
}

// clientOf is one that follows no redirect, and goes where `at` says for the port that is asked for.
func clientOf(closing bool, at func(port string) string) *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			DisableKeepAlives: closing,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, at(port))
			},
			// Whose certificate it is, is what scenarios look at.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
	}
}

func (s *suite) sendBy(client *http.Client, r request) (answer, error) {
	scheme, host, method := "http", r.host, r.method
	if r.https {
		scheme = "https"
	}
	if host == "" {
		host = s.balancer
	}
	if method == "" {
		method = http.MethodGet
	}
	wanted, err := http.NewRequest(method, scheme+"://"+host+r.path, nil)
	if err != nil {
		return answer{}, err
	}
	got, err := client.Do(wanted)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return answer{}, err
	}
	made := answer{status: got.StatusCode, location: got.Header.Get("Location"), header: got.Header}
	if got.TLS != nil && len(got.TLS.PeerCertificates) > 0 {
		made.certificate = got.TLS.PeerCertificates[0].DNSNames
	}
	var account struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(body, &account) == nil {
		made.name = account.Name
	}
	return made, nil
}
