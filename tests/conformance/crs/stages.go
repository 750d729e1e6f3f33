package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	schema "github.com/coreruleset/ftw-tests-schema/v2/types"
	"github.com/coreruleset/go-ftw/v2/ftwhttp"
	"github.com/coreruleset/go-ftw/v2/test"
	"github.com/rs/zerolog"
)

// A stage is one request of one test, as bytes on the wire, and what go-ftw would judge it by.
// Fields that a test does not set are left out.
type stage struct {
	// Test is the rule's id and the test's number, as in 942100-1.
	Test string `json:"test"`
	// Stage counts from 0 within the test; all stages of a test share one client.
	Stage int `json:"stage"`
	// Request is the whole message, encoded in base64.
	Request []byte `json:"request"`
	// Reply is what the backend answers, where the request asks it to reflect something.
	Reply *reply `json:"reply,omitempty"`

	Status           int    `json:"status,omitempty"`
	ResponseContains string `json:"response_contains,omitempty"`
	ExpectError      *bool  `json:"expect_error,omitempty"`
	RetryOnce        bool   `json:"retry_once,omitempty"`
	ExpectIDs        []uint `json:"expect_ids,omitempty"`
	NoExpectIDs      []uint `json:"no_expect_ids,omitempty"`
	MatchRegex       string `json:"match_regex,omitempty"`
	NoMatchRegex     string `json:"no_match_regex,omitempty"`
}

// writeStages writes the stages of all tests below folder to file: a JSON array, one stage a line.
func writeStages(folder, file string) error {
	stages, err := readStages(folder)
	if err != nil {
		return err
	}
	output, err := os.Create(file)
	if err != nil {
		return err
	}
	defer output.Close()
	writer := bufio.NewWriter(output)
	separator := "[\n"
	for _, stage := range stages {
		line, err := json.Marshal(stage)
		if err != nil {
			return err
		}
		fmt.Fprintf(writer, "%s%s", separator, line)
		separator = ",\n"
	}
	fmt.Fprint(writer, "\n]\n")
	if err := writer.Flush(); err != nil {
		return err
	}
	fmt.Printf("%d stages in %s\n", len(stages), file)
	return output.Close()
}

// readStages reads all tests below folder.
func readStages(folder string) ([]stage, error) {
	zerolog.SetGlobalLevel(zerolog.WarnLevel)
	files, err := test.GetTestsFromFiles(filepath.Join(folder, "**", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var stages []stage
	for _, file := range files {
		for _, one := range file.Tests {
			for number := range one.Stages {
				stage, err := newStage(one.IdString(), number, &one.Stages[number])
				if err != nil {
					return nil, fmt.Errorf("%s, stage %d: %w", one.IdString(), number, err)
				}
				stages = append(stages, stage)
			}
		}
	}
	return stages, nil
}

func newStage(id string, number int, from *schema.Stage) (stage, error) {
	request, body, err := requestBytes(test.NewInput(&from.Input))
	if err != nil {
		return stage{}, err
	}
	expected := from.Output
	return stage{
		Test:             id,
		Stage:            number,
		Request:          request,
		Reply:            reflected(from.Input.URI, from.Input.Method, body),
		Status:           expected.Status,
		ResponseContains: expected.ResponseContains,
		ExpectError:      expected.ExpectError,
		RetryOnce:        expected.RetryOnce != nil && *expected.RetryOnce,
		ExpectIDs:        expected.Log.ExpectIds,
		NoExpectIDs:      expected.Log.NoExpectIds,
		MatchRegex:       expected.Log.MatchRegex,
		NoMatchRegex:     expected.Log.NoMatchRegex,
	}, nil
}

// requestBytes gives the message that go-ftw's runner sends for an input, and the body in it as far
// as that is known.
func requestBytes(input *test.Input) (request, body []byte, err error) {
	if input.EncodedRequest != "" {
		request, err = base64.StdEncoding.DecodeString(input.EncodedRequest)
		return request, nil, err
	}
	line := &ftwhttp.RequestLine{
		Method:  input.GetMethod(),
		URI:     input.GetURI(),
		Version: input.GetVersion(),
	}
	message := ftwhttp.NewRequest(line, input.GetHeaders(), input.GetData(), *input.AutocompleteHeaders)
	request, err = ftwhttp.BuildRequest(message)
	return request, message.Data(), err
}
