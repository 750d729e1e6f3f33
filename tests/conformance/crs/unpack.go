package main

import (
	_ "embed"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	crstests "github.com/corazawaf/coraza-coreruleset/v4/tests"
)

//go:embed setup.conf
var setup []byte

// entry loads what is unpacked, in the order that the rule set asks for.
const entry = `Include setup.conf
Include crs-setup.conf
Include rules/*.conf
`

// unpack writes to folder what an unpacked release of the Core Rule Set has there (crs-setup.conf,
// rules and tests), and this suite's setup.conf beside it, with crs.conf to include them all.
func unpack(folder string) error {
	for _, old := range []string{"rules", "tests"} {
		if err := os.RemoveAll(filepath.Join(folder, old)); err != nil {
			return err
		}
	}
	rules, err := fs.Sub(coreruleset.FS, "@owasp_crs")
	if err != nil {
		return err
	}
	if err := copyTree(rules, filepath.Join(folder, "rules"), ".conf", ".data"); err != nil {
		return err
	}
	if err := copyTree(crstests.FS, filepath.Join(folder, "tests"), ".yaml"); err != nil {
		return err
	}
	release, err := fs.ReadFile(coreruleset.FS, "@crs-setup.conf.example")
	if err != nil {
		return err
	}
	files := map[string][]byte{"crs-setup.conf": release, "setup.conf": setup, "crs.conf": []byte(entry)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies the files below from that have one of the suffixes.
func copyTree(from fs.FS, to string, suffixes ...string) error {
	return fs.WalkDir(from, ".", func(name string, item fs.DirEntry, err error) error {
		if err != nil || item.IsDir() || !hasSuffix(name, suffixes) {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}

func hasSuffix(name string, suffixes []string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(path.Base(name), suffix) {
			return true
		}
	}
	return false
}
