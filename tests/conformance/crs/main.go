// Command crs brings the OWASP Core Rule Set's regression suite to Portcullis.
//
// The rules, their tests and go-ftw come through the Go module proxy; nothing of them is committed.
// What is sent and how it is judged is go-ftw's own code, never a copy of it.
package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

const usage = `crs unpack FOLDER         lay out the rules and their tests as a release has them
crs stages FOLDER FILE    write every request of the tests in FOLDER, and what it should lead to
crs coraza FOLDER         judge the tests in FOLDER by what Coraza makes of them, in-process
crs backend ADDRESS       answer as the tests expect of the upstream
crs run OPTION... FOLDER  have go-ftw judge the tests in FOLDER by a server; --help lists the options
`

var commands = map[string]func([]string) error{
	"unpack": func(args []string) error { return withArgs(args, 1, func() error { return unpack(args[0]) }) },
	"stages": func(args []string) error {
		return withArgs(args, 2, func() error { return writeStages(args[0], args[1]) })
	},
	"coraza": func(args []string) error { return withArgs(args, 1, func() error { return runCoraza(args[0]) }) },
	"backend": func(args []string) error {
		return withArgs(args, 1, func() error { return http.ListenAndServe(args[0], backend{}) })
	},
	"run": runSuite,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", filepath.Base(os.Args[0]), os.Args[1], err)
		os.Exit(1)
	}
}

func withArgs(args []string, count int, do func() error) error {
	if len(args) != count {
		return fmt.Errorf("takes %d arguments, not %d", count, len(args))
	}
	return do()
}
