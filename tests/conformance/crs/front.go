package main

import (
	"bytes"
	"net/http/httputil"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A message is a request as a lenient server hands it to an engine.
type message struct {
	method, target, protocol string
	headers                  []header
	body                     []byte
}

type header struct{ name, value string }

var (
	protocolForm = regexp.MustCompile(`^HTTP/[1-9][0-9]*(\.[0-9]+)?$`)
	nameForm     = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	lengthForm   = regexp.MustCompile(`^[0-9]+$`)
	hostForm     = regexp.MustCompile(`^[^%/ ]+$`)
)

// parse reads one whole request the way Apache httpd does, by whose answers the suite was written:
// what httpd refuses with status 400 is refused (false), oddities that it lets pass are passed. It
// stands in for a server only in front of the reference engine.
func parse(raw []byte) (message, bool) {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	var parsed message
	if !parsed.requestLine(lines[0]) {
		return parsed, false
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !nameForm.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return parsed, false
		}
		parsed.merge(header{name, strings.Trim(value, " \t")})
	}
	return parsed, parsed.hasHost() && parsed.takeBody(body)
}

func (parsed *message) requestLine(line string) bool {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], "\t") {
		return false
	}
	parsed.method, parsed.target, parsed.protocol = parts[0], parts[1], parts[2]
	if parsed.protocol == "" {
		parsed.protocol = "HTTP/0.9"
	} else if !protocolForm.MatchString(parsed.protocol) {
		return false
	}
	if parsed.method == "CONNECT" {
		_, port, ok := strings.Cut(parsed.target, ":")
		return ok && lengthForm.MatchString(port)
	}
	path, _, _ := strings.Cut(parsed.target, "?")
	return !strings.Contains(path, `\`) && !strings.Contains(parsed.target, "#")
}

// merge adds a header; the values of one that came before are joined, as httpd does.
func (parsed *message) merge(added header) {
	same := func(one header) bool { return strings.EqualFold(one.name, added.name) }
	if first := slices.IndexFunc(parsed.headers, same); first >= 0 {
		parsed.headers[first].value += ", " + added.value
		return
	}
	parsed.headers = append(parsed.headers, added)
}

func (parsed *message) value(name string) (string, bool) {
	same := func(one header) bool { return strings.EqualFold(one.name, name) }
	if first := slices.IndexFunc(parsed.headers, same); first >= 0 {
		return parsed.headers[first].value, true
	}
	return "", false
}

func (parsed *message) hasHost() bool {
	host, present := parsed.value("Host")
	return hostForm.MatchString(host) || host == "" && (parsed.protocol != "HTTP/1.1" || !present)
}

// takeBody delimits the body; a length beside chunks is forgotten (RFC 9112, section 6.3).
func (parsed *message) takeBody(rest []byte) bool {
	length, limited := parsed.value("Content-Length")
	if limited && !lengthForm.MatchString(length) {
		return false
	}
	if coding, coded := parsed.value("Transfer-Encoding"); coded && strings.EqualFold(coding, "chunked") {
		parsed.headers = slices.DeleteFunc(parsed.headers, func(one header) bool {
			return strings.EqualFold(one.name, "Content-Length")
		})
		var decoded bytes.Buffer
		_, err := decoded.ReadFrom(httputil.NewChunkedReader(bytes.NewReader(rest)))
		parsed.body = decoded.Bytes()
		return err == nil
	}
	if limited {
		count, err := strconv.Atoi(length)
		if err != nil {
			return false
		}
		parsed.body = rest[:min(count, len(rest))]
	}
	return true
}
