package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// described is a container on its way to its process: what `lab container` reads.
type described struct {
	// Where its root is put together.
	Work string
	// The one program of the image: the first word of the command is where it is in it.
	Program string
	Command []string
	Env     []string
	Binds   []bind
	// Everything but volumes is only read.
	ReadOnlyRoot bool
	User, Group  int
	Groups       []int
}

type bind struct {
	Source, Target string
	ReadOnly       bool
}

// describe writes down what a container is, and returns where.
func (w *worker) describe(c container, program string, command []string) (string, error) {
	d := described{
		Work:    filepath.Join(w.folder, c.Name),
		Program: program,
	}
	values := map[string]string{"KUBERNETES_SERVICE_HOST": hostAddress, "KUBERNETES_SERVICE_PORT": "443"}
	for _, v := range c.Env {
		value := v.Value
		if v.ValueFrom != nil {
			if v.ValueFrom.FieldRef == nil {
				return "", fmt.Errorf("variable %s: only fields are known here", v.Name)
			}
			var err error
			if value, err = w.field(v.ValueFrom.FieldRef.FieldPath); err != nil {
				return "", err
			}
		}
		values[v.Name] = value
	}
	for name, value := range values {
		d.Env = append(d.Env, name+"="+value)
	}
	for _, word := range command {
		for name, value := range values {
			word = strings.ReplaceAll(word, "$("+name+")", value)
		}
		d.Command = append(d.Command, word)
	}
	for _, mount := range c.VolumeMounts {
		d.Binds = append(d.Binds, bind{w.volume(mount.Name), mount.MountPath, mount.ReadOnly})
	}
	for _, context := range []*securityContext{w.pod.Spec.SecurityContext, c.SecurityContext} {
		if context == nil {
			continue
		}
		if context.RunAsUser != nil {
			d.User = *context.RunAsUser
		}
		if context.RunAsGroup != nil {
			d.Group = *context.RunAsGroup
		}
		if context.FSGroup != nil {
			d.Groups = append(d.Groups, *context.FSGroup)
		}
		d.ReadOnlyRoot = d.ReadOnlyRoot || context.ReadOnlyRootFilesystem
	}
	text, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(d.Work, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(w.folder, c.Name+".json")
	return file, os.WriteFile(file, text, 0o644)
}

// becomeContainer turns this process, which is in the pod's network and in mounts of its own, into the
// container's. It returns only when that fails.
func becomeContainer(file string) error {
	// Users and namespaces are a thread's; exec takes the thread that it is called on.
	runtime.LockOSThread()
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var d described
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	root, err := d.makeRoot()
	if err != nil {
		return err
	}
	if err := syscall.Chroot(root); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	const setNoNewPrivileges = 38
	if _, _, failed := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0); failed != 0 {
		return fmt.Errorf("no new privileges: %w", failed)
	}
	if err := syscall.Setgroups(d.Groups); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	if err := syscall.Setgid(d.Group); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	if err := syscall.Setuid(d.User); err != nil {
		return fmt.Errorf("user: %w", err)
	}
	return fmt.Errorf("%s: %w", d.Command[0], syscall.Exec(d.Command[0], d.Command, d.Env))
}

// makeRoot puts a root together: this machine's, for its libraries, under a layer of its own that takes
// what is written; the program; and the volumes.
func (d *described) makeRoot() (string, error) {
	if err := syscall.Mount("lab", d.Work, "tmpfs", 0, "mode=755"); err != nil {
		return "", fmt.Errorf("tmpfs: %w", err)
	}
	at := func(name string) string { return filepath.Join(d.Work, name) }
	for _, name := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(at(name), 0o755); err != nil {
			return "", err
		}
	}
	root := at("root")
	layers := fmt.Sprintf("lowerdir=/,upperdir=%s,workdir=%s", at("upper"), at("work"))
	if err := syscall.Mount("overlay", root, "overlay", 0, layers); err != nil {
		return "", fmt.Errorf("overlay: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, d.Command[0]), nil, 0o755); err != nil {
		return "", err
	}
	binds := append([]bind{{"/proc", "/proc", false}, {"/dev", "/dev", false}, {d.Program, d.Command[0], true}}, d.Binds...)
	for _, b := range binds {
		target, err := inside(root, b.Target)
		if err != nil {
			return "", err
		}
		if b.Source != d.Program {
			if err := os.MkdirAll(target, 0o755); err != nil {
				return "", err
			}
		}
		if err := syscall.Mount(b.Source, target, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return "", fmt.Errorf("%s: %w", b.Target, err)
		}
		if b.ReadOnly {
			if err := syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
				return "", fmt.Errorf("%s: %w", b.Target, err)
			}
		}
	}
	if d.ReadOnlyRoot {
		if err := syscall.Mount("", root, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return "", fmt.Errorf("a root that is only read: %w", err)
		}
	}
	return root, nil
}

// inside is a path as a process sees it whose root is `root`: links lead nowhere else.
func inside(root, path string) (string, error) {
	at, left := "/", strings.Split(path, "/")
	for links := 0; len(left) > 0; {
		next := filepath.Join(at, left[0])
		left = left[1:]
		to, err := os.Readlink(filepath.Join(root, next))
		if err != nil {
			// No link, or nothing there yet.
			at = next
			continue
		}
		if links++; links > 40 {
			return "", fmt.Errorf("%s: too many links", path)
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		left = append(strings.Split(to, "/"), left...)
	}
	return filepath.Join(root, at), nil
}
