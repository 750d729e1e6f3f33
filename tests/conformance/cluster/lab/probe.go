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
	return &watchdog{
		url:       ":" + port + p.HTTPGet.Path,
		client:    http.Client{Timeout: time.Duration(max(p.TimeoutSeconds, 1)) * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		period:    time.Duration(max(p.PeriodSeconds, 1)) * time.Second,
		threshold: max(p.FailureThreshold, 1),
	}
}

// holds says whether what the probe is about holds: as before, until it was asked often enough.
// A first success counts at once; `untilAsked` is for a container that has just been started: a probe
// for readiness asks soon.
func (w *watchdog) holds(address string, before, untilAsked bool) bool {
	if w == nil {
		return true
	}
	now := time.Now()
	if now.Before(w.next) {
		return before
	}
	w.next = now.Add(w.period)
	if untilAsked && !before {
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
