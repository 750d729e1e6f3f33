package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

// laterPhases says what Coraza, unlike ModSecurity, does not take for granted: that a match is logged
// in the phases for which crs-setup.conf has no default.
const laterPhases = `SecDefaultAction "phase:3,log,auditlog,pass"
SecDefaultAction "phase:4,log,auditlog,pass"
SecDefaultAction "phase:5,log,auditlog,pass"
`

// runCoraza judges every test by what Coraza logs in-process, and prints what fails: a check on the
// stages rather than on Coraza, whose few differences are known.
func runCoraza(folder string) error {
	var lines []string
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().
		WithRootFS(os.DirFS(folder)).
		WithDirectives(laterPhases).
		WithDirectivesFromFile("crs.conf").
		WithErrorCallback(func(rule types.MatchedRule) { lines = append(lines, rule.ErrorLog()) }))
	if err != nil {
		return err
	}
	stages, err := readStages(filepath.Join(folder, "tests"))
	if err != nil {
		return err
	}
	failed := 0
	for _, stage := range stages {
		lines = lines[:0]
		message, accepted := parse(stage.Request)
		if accepted {
			if err := inspect(waf, message, stage.Reply); err != nil {
				return fmt.Errorf("%s: %w", stage.Test, err)
			}
		}
		if fault := stage.judge(accepted, lines); fault != "" {
			failed++
			fmt.Printf("%s: %s\n", stage.Test, fault)
		}
	}
	fmt.Printf("Coraza: %d of %d stages as written\n", len(stages)-failed, len(stages))
	return nil
}

// inspect takes one exchange through all phases.
func inspect(waf coraza.WAF, message message, reply *reply) error {
	transaction := waf.NewTransaction()
	defer transaction.Close()
	transaction.ProcessConnection("127.0.0.1", 40000, "127.0.0.1", 80)
	transaction.ProcessURI(message.target, message.method, message.protocol)
	for _, header := range message.headers {
		transaction.AddRequestHeader(header.name, header.value)
	}
	if host, ok := message.value("Host"); ok {
		transaction.SetServerName(host)
	}
	transaction.ProcessRequestHeaders()
	if _, _, err := transaction.WriteRequestBody(message.body); err != nil {
		return err
	}
	if _, err := transaction.ProcessRequestBody(); err != nil {
		return err
	}
	status := 200
	if reply != nil {
		status = reply.Status
		for name, value := range reply.Headers {
			transaction.AddResponseHeader(name, value)
		}
	}
	transaction.ProcessResponseHeaders(status, message.protocol)
	if reply != nil && transaction.IsResponseBodyProcessable() {
		if _, _, err := transaction.WriteResponseBody(reply.Body); err != nil {
			return err
		}
	}
	if _, err := transaction.ProcessResponseBody(); err != nil {
		return err
	}
	transaction.ProcessLogging()
	return nil
}

// idForm finds rule ids in lines of the error log; go-ftw has the same one.
var idForm = regexp.MustCompile(`\[id "(\d+)"\]`)

// judge says what is wrong with an outcome; the empty string if nothing is.
func (stage *stage) judge(accepted bool, lines []string) string {
	switch {
	case stage.Status == 400 && accepted:
		return "not refused"
	case stage.Status == 200 && !accepted:
		return "refused"
	}
	var logged []uint
	for _, line := range lines {
		for _, match := range idForm.FindAllStringSubmatch(line, -1) {
			if id, err := strconv.ParseUint(match[1], 10, 0); err == nil {
				logged = append(logged, uint(id))
			}
		}
	}
	for _, id := range stage.ExpectIDs {
		if !slices.Contains(logged, id) {
			return fmt.Sprintf("%d did not match, but %v", id, logged)
		}
	}
	for _, id := range stage.NoExpectIDs {
		if slices.Contains(logged, id) {
			return fmt.Sprintf("%d matched", id)
		}
	}
	matches := func(pattern string) bool {
		return slices.ContainsFunc(lines, regexp.MustCompile(pattern).MatchString)
	}
	if stage.MatchRegex != "" && !matches(stage.MatchRegex) {
		return fmt.Sprintf("nothing like %s in %q", stage.MatchRegex, lines)
	}
	if stage.NoMatchRegex != "" && matches(stage.NoMatchRegex) {
		return fmt.Sprintf("something like %s", stage.NoMatchRegex)
	}
	return ""
}
