package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const nodeName = "lab"

// kubelet binds every pod to the one node, and runs those bound to it.
type kubelet struct {
	api    *api
	folder string
	// The one program of each image, by the image's name.
	images map[string]string

	mutex   sync.Mutex
	workers map[string]*worker
}

func startKubelet(api *api, folder string, images map[string]string) (*kubelet, error) {
	k := &kubelet{
		api:     api,
		folder:  filepath.Join(folder, "pods"),
		images:  images,
		workers: map[string]*worker{},
	}
	if err := os.MkdirAll(k.folder, 0o755); err != nil {
		return nil, err
	}
	now := time.Now().UTC().Format(time.RFC3339)
	node := map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{
			"name":   nodeName,
			"labels": map[string]string{"kubernetes.io/hostname": nodeName, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "zone-a"},
		},
	}
	if err := api.create("/api/v1/nodes", node, nil); err != nil {
		return nil, fmt.Errorf("the node: %w", err)
	}
	status := map[string]any{"status": map[string]any{
		"addresses":  []map[string]string{{"type": "InternalIP", "address": hostAddress}, {"type": "Hostname", "address": nodeName}},
		"conditions": []condition{{Type: "Ready", Status: "True", Reason: "Lab", LastTransitionTime: now}},
	}}
	if err := api.patch("/api/v1/nodes/"+nodeName+"/status", status); err != nil {
		return nil, fmt.Errorf("the node's status: %w", err)
	}
	go follow(api, "/api/v1/pods", k.see)
	return k, nil
}

// see gives each pod of the moment to its worker. A pod that is gone without having been ended here was
// deleted by force.
func (k *kubelet) see(pods map[string]pod) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for uid, seen := range pods {
		known, ok := k.workers[uid]
		if !ok {
			known = newWorker(k, seen)
			k.workers[uid] = known
			go known.run()
		}
		known.tell(seen)
	}
	for uid, known := range k.workers {
		if _, there := pods[uid]; !there {
			known.forget()
			delete(k.workers, uid)
		}
	}
}

// end kills whatever still runs. Names and addresses go with the namespaces of the run.
func (k *kubelet) end() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, known := range k.workers {
		known.forget()
	}
}

// parseImages reads a list of names and programs.
func parseImages(list string) (map[string]string, error) {
	images := map[string]string{}
	for _, one := range strings.Split(list, ",") {
		name, program, ok := strings.Cut(one, "=")
		if !ok || name == "" || !filepath.IsAbs(program) {
			return nil, fmt.Errorf("image %q: expected NAME=/PROGRAM", one)
		}
		images[name] = program
	}
	return images, nil
}

// command is what a container's image stands for: its program here, and what is run inside.
func (k *kubelet) command(c container) (program string, command []string, err error) {
	path := strings.Split(c.Image, "@")[0]
	name := strings.Split(filepath.Base(path), ":")[0]
	program, ok := k.images[name]
	if !ok {
		return "", nil, fmt.Errorf("image %s is not known here", c.Image)
	}
	if len(c.Command) > 0 {
		return "", nil, fmt.Errorf("container %s: the image has nothing but its entry point", c.Name)
	}
	return program, append([]string{"/" + name}, c.Args...), nil
}

// launch starts a container's process in its network, as `container` describes it.
func (k *kubelet) launch(network, file, log string) (*exec.Cmd, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command("ip", "netns", "exec", network, own, "container", file)
	process.Stdout, process.Stderr = output, output
	return process, process.Start()
}
