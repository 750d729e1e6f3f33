package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLinksLeadNowhereOutsideOfTheRoot(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"run", "var"} {
		if err := os.Mkdir(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"var/run": "/run", "var/up": "../../../run", "loop": "/loop"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, wanted := range map[string]string{
		"/var/run/secrets/a": "/run/secrets/a",
		"/var/up/b":          "/run/b",
		"/new/../../c":       "/c",
		"/plain":             "/plain",
	} {
		got, err := inside(root, path)
		if err != nil || got != filepath.Join(root, wanted) {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	if _, err := inside(root, "/loop"); err == nil {
		t.Error("a loop of links has an end")
	}
}
