// Command coraza runs requests through Coraza, as one of the engines of the comparison.
//
//	coraza RULES CORPUS
//
// The protocol is in ../compare.py. What is measured is what a server's connector calls for each
// request; reading the corpus comes before.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

type header struct{ name, value string }

type request struct {
	method, target, protocol string
	headers                  []header
	body                     []byte
}

// kind is all requests of one kind, and which of them is next.
type kind struct {
	requests []request
	next     int
}

var reply = []header{
	{"Content-Type", "text/html; charset=utf-8"}, {"Content-Length", "5120"}, {"Cache-Control", "no-cache"},
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("takes RULES CORPUS")
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func serve(rules, corpus string) error {
	logged := 0
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().
		WithDirectivesFromFile(rules).
		WithErrorCallback(func(rule types.MatchedRule) {
			// What a server does with the text of a match is not the engine's cost; making it is.
			_ = rule.ErrorLog()
			logged++
		}))
	if err != nil {
		return err
	}
	kinds := map[string]*kind{}
	for _, name := range []string{"min", "get", "form", "json"} {
		requests, err := readCorpus(filepath.Join(corpus, name+".requests"))
		if err != nil {
			return err
		}
		kinds[name] = &kind{requests: requests}
	}
	fmt.Println("Coraza", version())
	for {
		var name string
		var count int
		if _, err := fmt.Scan(&name, &count); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		kind, stopped := kinds[name], 0
		logged = 0
		for range count {
			interrupted, err := inspect(waf, &kind.requests[kind.next])
			if err != nil {
				return err
			}
			if interrupted {
				stopped++
			}
			kind.next = (kind.next + 1) % len(kind.requests)
		}
		fmt.Println(logged, stopped)
	}
}

// inspect takes one exchange through all phases, and says whether a rule stopped it.
func inspect(waf coraza.WAF, request *request) (bool, error) {
	transaction := waf.NewTransaction()
	transaction.ProcessConnection("203.0.113.7", 40000, "192.0.2.1", 443)
	transaction.ProcessURI(request.target, request.method, request.protocol)
	for _, header := range request.headers {
		transaction.AddRequestHeader(header.name, header.value)
	}
	transaction.ProcessRequestHeaders()
	if _, _, err := transaction.WriteRequestBody(request.body); err != nil {
		return false, err
	}
	if _, err := transaction.ProcessRequestBody(); err != nil {
		return false, err
	}
	for _, header := range reply {
		transaction.AddResponseHeader(header.name, header.value)
	}
	transaction.ProcessResponseHeaders(200, "HTTP/1.1")
	if _, err := transaction.ProcessResponseBody(); err != nil {
		return false, err
	}
	transaction.ProcessLogging()
	return transaction.IsInterrupted(), transaction.Close()
}

func readCorpus(path string) ([]request, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	input := bufio.NewReader(file)
	var requests []request
	for {
		var length int
		if _, err := fmt.Fscanf(input, "%d\n", &length); err == io.EOF {
			return requests, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(input, raw); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		requests = append(requests, parse(raw))
	}
}

// parse reads a request of the corpus, which is always well-formed.
func parse(raw []byte) request {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	line := strings.Fields(lines[0])
	parsed := request{method: line[0], target: line[1], protocol: line[2], body: body}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		parsed.headers = append(parsed.headers, header{name, value})
	}
	return parsed
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasSuffix(module.Path, "/coraza/v3") {
				return module.Version
			}
		}
	}
	return "?"
}
