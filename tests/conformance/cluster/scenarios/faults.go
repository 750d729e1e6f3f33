package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// kubectlAnswer is what kubectl says, whatever its exit code.
func (s *suite) kubectlAnswer(arguments ...string) (string, error) {
	out, err := exec.Command("kubectl", arguments...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", err
	}
	return strings.TrimSpace(strings.Split(string(out), "\n")[0]), nil
}

// The API server does not answer for twenty seconds, and comes back with what it knew.
func apiServerAway(s *suite) error {
	pid, err := s.pidOf("apiserver")
	if err != nil {
		return err
	}
	sum, err := s.underLoad(func(func() int) error { return away(pid, 20*time.Second) })
	if err != nil {
		return err
	}
	s.measure("0 of %d requests failed", sum.requests)
	const host = "after.example.com"
	made := ingress{namespace: "shop", name: "after", hosts: []string{host},
		paths: map[string][]path{host: {{"Prefix", "/", "two"}}}}
	if err := eventually(patience, func() error { return s.apply(made.String()) }); err != nil {
		return err
	}
	return s.expect([]expectation{{request{host: host, path: "/"}, 200, "two"}})
}

// The API server is killed; lab starts it anew five seconds later, with what etcd has.
func apiServerRestarts(s *suite) error {
	pid, err := s.pidOf("apiserver")
	if err != nil {
		return err
	}
	sum, err := s.underLoad(func(func() int) error {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
		return eventually(2*patience, func() error {
			_, err := s.kubectl("get", "--raw=/readyz")
			return err
		})
	})
	if err != nil {
		return err
	}
	const host = "restarted.example.com"
	made := ingress{namespace: "shop", name: "restarted", hosts: []string{host},
		paths: map[string][]path{host: {{"Prefix", "/", "two"}}}}
	start := time.Now()
	if err := eventually(patience, func() error { return s.apply(made.String()) }); err != nil {
		return err
	}
	if err := s.expect([]expectation{{request{host: host, path: "/"}, 200, "two"}}); err != nil {
		return err
	}
	s.measure("0 of %d requests failed, a change live within %.1f s of the return", sum.requests, time.Since(start).Seconds())
	return nil
}

func (s *suite) leader() (string, error) {
	return s.kubectl("-n", "portcullis", "get", "lease", "portcullis-leader", "-o", "jsonpath={.spec.holderIdentity}")
}

func takeOver(s *suite) error {
	before, err := s.leader()
	if err != nil {
		return err
	}
	pods, err := s.kubectl("-n", "portcullis", "get", "pods", "-o", "jsonpath={.items[*].metadata.name}")
	if err != nil {
		return err
	}
	leading := ""
	for _, pod := range strings.Fields(pods) {
		if strings.Contains(before, pod) {
			leading = pod
		}
	}
	if leading == "" {
		return fmt.Errorf("the holder %q is none of %s", before, pods)
	}
	if _, err := s.kubectl("-n", "portcullis", "delete", "pod", leading, "--wait=false"); err != nil {
		return err
	}
	err = eventually(patience, func() error {
		now, err := s.leader()
		if err == nil && (now == "" || now == before) {
			err = fmt.Errorf("the holder is %q still", now)
		}
		return err
	})
	if err != nil {
		return err
	}
	next := ingress{namespace: "shop", name: "led", hosts: []string{"led.example.com"},
		paths: map[string][]path{"led.example.com": {{"Prefix", "/", "one"}}}}
	if err := s.apply(next.String()); err != nil {
		return err
	}
	return s.ask(s.balancer, "-n", "shop", "get", "ingress", "led", "-o", addresses)
}

func rollingRestart(s *suite) error {
	sum, err := s.underLoad(func(func() int) error {
		if _, err := s.kubectl("-n", "portcullis", "rollout", "restart", "deployment/portcullis-controller"); err != nil {
			return err
		}
		_, err := s.kubectl("-n", "portcullis", "rollout", "status", "deployment/portcullis-controller", "--timeout=200s")
		// The last of the old pods is on its way down still.
		time.Sleep(20 * time.Second)
		return err
	})
	if err == nil {
		s.measure("0 of %d requests failed", sum.requests)
	}
	return err
}
