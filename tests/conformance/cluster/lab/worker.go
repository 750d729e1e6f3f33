package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"
	"time"
)

// worker runs one pod, from its binding to its deletion.
type worker struct {
	kubelet *kubelet
	name    string
	folder  string
	seen    chan pod
	gone    chan struct{}

	pod        pod
	address    string
	started    string
	containers []*running
	reported   podStatus
	trouble    once
}

// running is a container that was started.
type running struct {
	spec     container
	process  *exec.Cmd
	ended    chan struct{}
	restarts int
	ready    bool
	// Since when it may be started again, after it ended.
	restartAt time.Time
	readiness *watchdog
	liveness  *watchdog
}

func newWorker(k *kubelet, first pod) *worker {
	name := first.Metadata.Namespace + "." + first.Metadata.Name
	return &worker{
		kubelet: k,
		name:    name,
		folder:  filepath.Join(k.folder, name),
		seen:    make(chan pod, 1),
		gone:    make(chan struct{}),
		pod:     first,
	}
}

// tell gives the worker the pod as it is now; what it has not looked at yet is of no interest any more.
func (w *worker) tell(now pod) {
	select {
	case <-w.seen:
	default:
	}
	w.seen <- now
}

func (w *worker) forget() {
	close(w.gone)
}

// run is the pod's life. Everything is looked at four times a second, and at once when the pod changes.
func (w *worker) run() {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case now := <-w.seen:
			w.pod = now
		case <-w.gone:
			w.kill()
			w.clear()
			return
		case <-tick.C:
		}
		done, err := w.step()
		if err != nil && w.trouble.isNew(err.Error()) {
			fmt.Fprintf(os.Stderr, "lab: pod %s: %v\n", w.name, err)
		}
		if done {
			<-w.gone
			return
		}
	}
}

// step does what is next; done says that the pod is no more.
func (w *worker) step() (done bool, err error) {
	switch {
	case w.pod.Metadata.DeletionTimestamp != nil:
		return w.terminate()
	case w.pod.Spec.NodeName == "":
		return false, w.bind()
	case w.address == "":
		if err := w.prepare(); err != nil {
			return false, err
		}
	}
	for _, c := range w.containers {
		if err := w.keep(c); err != nil {
			return false, err
		}
	}
	return false, w.report("Running")
}

func (w *worker) path(sub string) string {
	return "/api/v1/namespaces/" + w.pod.Metadata.Namespace + "/pods/" + w.pod.Metadata.Name + sub
}

func (w *worker) bind() error {
	binding := map[string]any{
		"apiVersion": "v1", "kind": "Binding",
		"metadata": map[string]string{"name": w.pod.Metadata.Name, "uid": w.pod.Metadata.UID},
		"target":   map[string]string{"apiVersion": "v1", "kind": "Node", "name": nodeName},
	}
	err := w.kubelet.api.create(w.path("/binding"), binding, nil)
	if isStatus(err, 409) {
		// It is bound already, and that has not been seen yet.
		return nil
	}
	return err
}

// prepare gives the pod a network and starts what is in it. What it needs may come later than the pod,
// so everything up to the start may be tried again.
func (w *worker) prepare() error {
	if len(w.pod.Spec.InitContainers) > 0 {
		return fmt.Errorf("init containers are not supported here")
	}
	if err := w.writeVolumes(); err != nil {
		return err
	}
	address, err := podNetwork(w.name)
	if err != nil {
		return err
	}
	w.address = address
	w.started = time.Now().UTC().Format(time.RFC3339)
	for _, spec := range w.pod.Spec.Containers {
		w.containers = append(w.containers, &running{spec: spec})
	}
	return nil
}

// keep starts a container that does not run, and looks after one that does.
func (w *worker) keep(c *running) error {
	if c.process != nil {
		select {
		case <-c.ended:
			fmt.Fprintf(os.Stderr, "lab: pod %s: %s ended: %s\n", w.name, c.spec.Name, c.process.ProcessState)
			c.process, c.ready = nil, false
			c.restarts++
			c.restartAt = time.Now().Add(time.Second)
		default:
			c.ready = c.readiness.holds(w.address, c.ready)
			if !c.liveness.holds(w.address, true) {
				_ = c.process.Process.Kill()
			}
			return nil
		}
	}
	if time.Now().Before(c.restartAt) {
		return nil
	}
	program, command, err := w.kubelet.command(c.spec)
	if err != nil {
		return err
	}
	file, err := w.describe(c.spec, program, command)
	if err != nil {
		return err
	}
	process, err := w.kubelet.launch(w.name, file, filepath.Join(w.folder, c.spec.Name+".log"))
	if err != nil {
		return err
	}
	c.process, c.ended = process, make(chan struct{})
	c.readiness = newWatchdog(c.spec.ReadinessProbe, c.spec)
	c.liveness = newWatchdog(c.spec.LivenessProbe, c.spec).later()
	go func(ended chan struct{}) {
		_ = process.Wait()
		close(ended)
	}(c.ended)
	return nil
}

// terminate ends the pod as Kubernetes does: SIGTERM, its grace, SIGKILL.
func (w *worker) terminate() (bool, error) {
	grace := int64(30)
	if w.pod.Metadata.DeletionGrace != nil {
		grace = *w.pod.Metadata.DeletionGrace
	}
	for _, c := range w.containers {
		if c.process != nil {
			_ = c.process.Process.Signal(syscall.SIGTERM)
		}
	}
	end := time.Now().Add(time.Duration(grace) * time.Second)
	for w.anyRuns() && time.Now().Before(end) {
		for _, c := range w.containers {
			c.ready = c.process != nil && c.readiness.holds(w.address, c.ready)
		}
		_ = w.report("Running")
		time.Sleep(250 * time.Millisecond)
	}
	w.kill()
	w.clear()
	none := int64(0)
	options := map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions",
		"gracePeriodSeconds": none,
		"preconditions":      map[string]string{"uid": w.pod.Metadata.UID},
	}
	err := w.kubelet.api.remove(w.path(""), options)
	if err == nil || isStatus(err, 404) || isStatus(err, 409) {
		return true, nil
	}
	return false, err
}

func (w *worker) anyRuns() bool {
	for _, c := range w.containers {
		if c.process == nil {
			continue
		}
		select {
		case <-c.ended:
		default:
			return true
		}
	}
	return false
}

func (w *worker) kill() {
	for _, c := range w.containers {
		if c.process != nil {
			_ = c.process.Process.Kill()
			<-c.ended
		}
	}
}

// clear takes network and state away; logs stay.
func (w *worker) clear() {
	if w.address != "" {
		endNetwork(w.name)
	}
	_ = os.RemoveAll(filepath.Join(w.folder, "volumes"))
}

// report tells the API server how the pod is, if that is something new.
func (w *worker) report(phase string) error {
	now := time.Now().UTC().Format(time.RFC3339)
	allReady := true
	statuses := []containerStatus{}
	for _, c := range w.containers {
		allReady = allReady && c.ready
		state := map[string]any{"waiting": map[string]any{"reason": "Starting"}}
		if c.process != nil {
			state = map[string]any{"running": map[string]any{"startedAt": w.started}}
		}
		statuses = append(statuses, containerStatus{
			Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image,
			Ready: c.ready, Started: c.process != nil, RestartCount: c.restarts, State: state,
		})
	}
	next := podStatus{
		ObservedGeneration: w.pod.Metadata.Generation,
		Phase:              phase, HostIP: hostAddress, StartTime: w.started,
		PodIP: w.address, PodIPs: []address{{w.address}},
		ContainerStatuses: statuses,
	}
	for _, kind := range []string{"PodScheduled", "Initialized", "ContainersReady", "Ready"} {
		holds := allReady || kind == "PodScheduled" || kind == "Initialized"
		status := map[bool]string{true: "True", false: "False"}[holds]
		since := now
		for _, before := range w.reported.Conditions {
			if before.Type == kind && before.Status == status {
				since = before.LastTransitionTime
			}
		}
		next.Conditions = append(next.Conditions, condition{Type: kind, Status: status, LastTransitionTime: since})
	}
	if reflect.DeepEqual(next, w.reported) {
		return nil
	}
	err := w.kubelet.api.patch(w.path("/status"), map[string]any{"status": next})
	if err == nil {
		w.reported = next
	}
	return err
}
