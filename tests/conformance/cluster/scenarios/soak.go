package main

import (
	"fmt"
	"net/http"
	"syscall"
	"time"
)

// soak is what takes too long for every change. Each needs what `install` and `showsAddress` make.
var soak = []scenario{
	scenarios[0],
	scenarios[1],
	{"thousands of Ingresses change all the time: changes are live within a second, and memory is level", manyChanges},
	{"requests go through a thousand changes, a new leader, and an API server that is away", throughItAll},
	{"a rolling restart under load fails no request", rollingRestart},
	{"starts while the API server is away serve what was known, say so, and make up for it", startsWithout},
}

// throughItAll sends requests while everything happens that may happen beside them.
func throughItAll(s *suite) error {
	m, err := s.newMany(number("SOAK_INGRESSES", 5000))
	if err != nil {
		return err
	}
	pid, err := s.pidOf("apiserver")
	if err != nil {
		return err
	}
	wanted, changes := number("SOAK_REQUESTS", 100_000), number("SOAK_CHANGES", 1000)
	sum, err := s.underLoad(func(sent func() int) error {
		took, failed := m.change(number("SOAK_RATE", 50), changes)
		if len(failed) > 0 {
			return fmt.Errorf("%d changes failed: %s", len(failed), failed[0])
		}
		s.measure("%d changes", len(took))
		if err := takeOver(s); err != nil {
			return err
		}
		if err := away(pid, 20*time.Second); err != nil {
			return err
		}
		// Back to its work; meanwhile the rest of the requests.
		if err := eventually(patience, func() error {
			return m.api.do(http.MethodGet, "/readyz", nil, nil)
		}); err != nil {
			return err
		}
		for sent() < wanted {
			time.Sleep(100 * time.Millisecond)
		}
		return nil
	})
	s.measure("%d of %d requests failed", sum.failed, sum.requests)
	return err
}

// away makes a process answer nothing for a while.
func away(pid int, during time.Duration) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(during)
	return syscall.Kill(pid, syscall.SIGCONT)
}
