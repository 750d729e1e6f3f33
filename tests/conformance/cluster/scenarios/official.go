package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// official is the Ingress API's own conformance suite, which ../run has built.
var official = []scenario{
	scenarios[0],
	{"the Ingress API's conformance suite", conformance},
}

var (
	// What it prints at the end of each feature.
	scenarioCount = regexp.MustCompile(`(?m)^(\d+) scenarios? \((?:(\d+) passed)?(.*)\)$`)
	featureName   = regexp.MustCompile(`(?m)^Feature: .*$`)
)

// conformance runs it and counts what it prints: a scenario with examples counts once an example.
func conformance(s *suite) error {
	// It wants a Server in every answer, and its backends send none.
	named := `{"data":{"server-tokens":"true"}}`
	_, err := s.kubectl("-n", "portcullis", "patch", "configmap", "portcullis-controller", "--type=merge", "-p", named)
	if err != nil {
		return err
	}
	folder := filepath.Dir(s.lab)
	log, err := os.Create(filepath.Join(s.lab, "ingress-suite.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	var printed bytes.Buffer
	command := exec.Command(filepath.Join(folder, "ingress-suite"), "-test.timeout=50m", "-no-colors",
		"-ingress-class=portcullis", "-wait-time-for-ingress-status=30s")
	command.Dir = folder
	command.Stdout = io.MultiWriter(log, &printed)
	command.Stderr = log
	failure := command.Run()
	var features []string
	for _, line := range featureName.FindAllString(printed.String(), -1) {
		features = append(features, strings.TrimPrefix(line, "Feature: "))
	}
	all, passed := 0, 0
	for _, found := range scenarioCount.FindAllStringSubmatch(printed.String(), -1) {
		of, _ := strconv.Atoi(found[1])
		good, _ := strconv.Atoi(found[2])
		all, passed = all+of, passed+good
	}
	s.measure("%d of %d runs of scenarios passed, of %s", passed, all, strings.Join(features, ", "))
	if failure == nil && (passed != all || all == 0) {
		failure = fmt.Errorf("not all passed")
	}
	if failure != nil {
		return fmt.Errorf("%s: %w; see %s", s.figures(), failure, log.Name())
	}
	return nil
}
