package main

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// watchdog asks a probe whenever its period is over. Without a probe everything is well.
type watchdog struct {
	url       string
	client    http.Client
	period    time.Duration
	threshold int

	next     time.Time
	failures int
}

func newWatchdog(p *probe, c container) *watchdog {
	if p == nil || p.HTTPGet == nil {
		return nil
	}
	port := fmt.Sprint(p.HTTPGet.Port)
	for _, named := range c.Ports {
		if named.Name == port {
			port = fmt.Sprint(named.ContainerPort)
		}
	}
	// What the API server fills in, if it is asked.
	return &watchdog{
		url:       ":" + port + p.HTTPGet.Path,
		client:    http.Client{Timeout: time.Duration(orElse(p.TimeoutSeconds, 1)) * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		period:    time.Duration(orElse(p.PeriodSeconds, 10)) * time.Second,
		threshold: orElse(p.FailureThreshold, 3),
	}
}

func orElse(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

// later puts the first question off by a period: a container that has just been started is alive.
func (w *watchdog) later() *watchdog {
	if w != nil {
		w.next = time.Now().Add(w.period)
	}
	return w
}

// holds says whether what the probe is about holds: as before, until it failed often enough. A success
// counts at once, and while something does not hold yet, it is asked for more often.
func (w *watchdog) holds(address string, before bool) bool {
	if w == nil {
		return true
	}
	now := time.Now()
	if now.Before(w.next) {
		return before
	}
	w.next = now.Add(w.period)
	if !before {
		w.next = now.Add(min(w.period, 250*time.Millisecond))
	}
	answer, err := w.client.Get("http://" + address + w.url)
	if err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
		answer.Body.Close()
	}
	if err == nil && answer.StatusCode < 400 {
		w.failures = 0
		return true
	}
	w.failures++
	return before && w.failures < w.threshold
}
