package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	schema "github.com/coreruleset/ftw-tests-schema/v2/types"
	"github.com/coreruleset/go-ftw/v2/config"
	"github.com/coreruleset/go-ftw/v2/output"
	"github.com/coreruleset/go-ftw/v2/runner"
	"github.com/coreruleset/go-ftw/v2/test"
	"github.com/rs/zerolog"
)

const (
	// overridesLimit is how many tests may be judged by something else than what is written in them.
	overridesLimit = 5
	// markerTries bounds how often a mark is sent until it shows in the log, which may be written late.
	markerTries = 500
	// readings bounds how often a test is run whose marks go-ftw has read in half.
	readings = 20
	// markWithin is how many bytes at the end of the log hold all that one test leaves there.
	markWithin = 1 << 18
)

// runSuite has go-ftw send the tests to a server that is up, and read what it logs. Each test is a run
// of its own, so that one that breaks the connection costs no other.
func runSuite(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	port := flags.Int("port", 80, "port of the server, on 127.0.0.1")
	log := flags.String("log", "", "error log of the server")
	overrides := flags.String("overrides", "", "expectations that replace a test's own, with reasons")
	only := flags.String("only", "", "regular expression that a test's name has to match, as in 942100-1")
	highest := flags.Uint("highest", 0, "number above which the tests of a rule are left out; 0: none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	// What it would say, the outcomes say better.
	zerolog.SetGlobalLevel(zerolog.Disabled)
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	settings, err := settle(*port, *log, *overrides)
	if err != nil {
		return err
	}
	files, err := test.GetTestsFromFiles(filepath.Join(flags.Arg(0), "**", "*.yaml"))
	if err != nil {
		return err
	}
	started, count := time.Now(), 0
	var failed []string
	for _, file := range files {
		for _, one := range file.Tests {
			if !chosen.MatchString(one.IdString()) || *highest > 0 && one.TestId > *highest {
				continue
			}
			count++
			if fault := runTest(settings, file, one); fault != "" {
				failed = append(failed, one.IdString())
				fmt.Printf("%s: %s\n", one.IdString(), fault)
			}
		}
	}
	fmt.Printf("go-ftw %s, CRS %s: %d of %d tests passed, %d overrides, in %.0f s\n",
		moduleVersion("go-ftw"), moduleVersion("coraza-coreruleset"),
		count-len(failed), count, len(settings.PlatformOverrides.TestOverrides), time.Since(started).Seconds())
	if len(failed) > 0 || count == 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, " "))
	}
	return nil
}

func settle(port int, log, overrides string) (*config.RunnerConfig, error) {
	address := "127.0.0.1"
	written := config.NewDefaultConfig()
	written.LogFile = log
	written.MaxMarkerRetries = markerTries
	written.TestOverride.Overrides.DestAddr = &address
	written.TestOverride.Overrides.Port = &port
	settings := config.NewRunnerConfiguration(written)
	settings.ReadTimeout = 5 * time.Second
	if err := settings.LoadPlatformOverrides(overrides); err != nil {
		return nil, err
	}
	if count := len(settings.PlatformOverrides.TestOverrides); count > overridesLimit {
		return nil, fmt.Errorf("%d overrides, where %d are allowed", count, overridesLimit)
	}
	return settings, nil
}

// runTest says what is wrong with the outcome of one test of a file; the empty string if nothing is.
//
// go-ftw takes the last line of the log for its mark even while that line is being written, and then
// finds it nowhere in what was written in the end. Such a reading says nothing of the test, and it is
// run again.
func runTest(settings *config.RunnerConfig, file *test.FTWTest, one schema.Test) string {
	alone := *file
	alone.Tests = []schema.Test{one}
	for range readings {
		outcome, err := runner.Run(settings, []*test.FTWTest{&alone}, output.NewOutput(string(output.Quiet), io.Discard))
		if err != nil {
			return err.Error()
		}
		whole := true
		for _, mark := range [][]byte{outcome.LogLines.StartMarker(), outcome.LogLines.EndMarker()} {
			is, err := isWhole(mark, settings.LogFilePath)
			if err != nil {
				return err.Error()
			}
			whole = whole && is
		}
		switch {
		case !whole:
			continue
		case outcome.Stats.TotalFailed() > 0:
			return fmt.Sprintf("failed; matched: %v", outcome.Stats.TriggeredRules[one.IdString()])
		}
		return ""
	}
	return "its marks in the log were never read whole"
}

// isWhole says whether a mark is all of a line of the log, as it stands by now, or was not looked for.
func isWhole(mark []byte, log string) (bool, error) {
	if len(mark) == 0 {
		return true, nil
	}
	file, err := os.Open(log)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	end := io.NewSectionReader(file, max(info.Size()-markWithin, 0), markWithin)
	written, err := io.ReadAll(end)
	if err != nil {
		return false, err
	}
	// go-ftw reads lines in lower case, and without their ends; a last line without one is half a line.
	for line := range bytes.Lines(bytes.ToLower(written)) {
		if body, ended := bytes.CutSuffix(line, []byte("\n")); ended && bytes.Equal(body, mark) {
			return true, nil
		}
	}
	return false, nil
}

// moduleVersion gives the version of the module in this program whose path has name in it.
func moduleVersion(name string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.Contains(module.Path, "/"+name+"/") {
				return module.Version
			}
		}
	}
	return "?"
}
