package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

const (
	contentType = "Content-Type"
	// wishLimit bounds the document that is read, in bytes; the suite's longest has some thousands.
	wishLimit = 1 << 20
)

// backend stands in for albedo, the suite's own, whose module the checksum database does not vouch
// for. Its contract is small: this file has all of it that the tests use.
type backend struct{}

// A reply is what the suite's backend answers: 200 without a body, unless a test sends the reply
// that it wants to the path /reflect.
type reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is the content, encoded in base64.
	Body []byte `json:"body,omitempty"`
}

// A wish is the document that a test sends to have a reply reflected: albedo's format.
type wish struct {
	Status      int               `json:"status"`
	Headers     map[string]string `json:"headers"`
	Body        string            `json:"body"`
	EncodedBody string            `json:"encodedBody"`
}

// reflected gives the reply that a request asks for, or nil where it asks for none.
func reflected(uri, method *string, body []byte) *reply {
	if uri == nil || method == nil || *method != http.MethodPost || !isReflection(*uri) {
		return nil
	}
	return answer(body)
}

func isReflection(uri string) bool {
	path, _, _ := strings.Cut(uri, "?")
	return path == "/reflect" || strings.HasPrefix(path, "/reflect/")
}

// answer gives the reply that document describes, with the content type that Go's server adds where
// none is wished for; of a document that describes none, status 400.
func answer(document []byte) *reply {
	var wished wish
	if err := json.Unmarshal(document, &wished); err != nil {
		return refusal(err)
	}
	body := []byte(wished.Body)
	if len(body) == 0 {
		decoded, err := base64.StdEncoding.DecodeString(wished.EncodedBody)
		if err != nil {
			return refusal(err)
		}
		body = decoded
	}
	headers := make(map[string]string, len(wished.Headers)+1)
	typed := len(body) == 0
	for name, value := range wished.Headers {
		headers[name] = value
		typed = typed || strings.EqualFold(name, contentType)
	}
	if !typed {
		headers[contentType] = http.DetectContentType(body)
	}
	return &reply{Status: cmp.Or(wished.Status, http.StatusOK), Headers: headers, Body: body}
}

func refusal(reason error) *reply {
	return &reply{
		Status:  http.StatusBadRequest,
		Headers: map[string]string{contentType: "text/plain; charset=utf-8"},
		Body:    []byte("not a wish: " + reason.Error()),
	}
}

// ServeHTTP answers as the suite expects of the upstream.
func (backend) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost || !isReflection(request.URL.Path) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, wishLimit))
	wanted := answer(body)
	if err != nil {
		wanted = refusal(err)
	}
	for name, value := range wanted.Headers {
		response.Header().Set(name, value)
	}
	response.WriteHeader(wanted.Status)
	// The client may have gone; the suite sees that for itself.
	_, _ = response.Write(wanted.Body)
}
