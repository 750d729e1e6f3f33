package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// How long a piece may take until it is ready. The machine may be busy.
const readyWithin = 4 * time.Minute

// The controllers that what is tested here needs.
const controllerNames = "namespace-controller,serviceaccount-controller,root-ca-certificate-publisher-controller," +
	"deployment-controller,replicaset-controller,daemonset-controller,endpointslice-controller,endpoints-controller," +
	"garbage-collector-controller,disruption-controller"

// plane is the control plane: etcd, the API server and the controllers.
type plane struct {
	folder, pieces string
	keys           *keys

	mutex   sync.Mutex
	running map[string]*piece
	// Whatever ends is to stay away.
	isOver bool
}

// piece is a process of the control plane.
type piece struct {
	process *exec.Cmd
	ended   chan struct{}
}

func startPlane(folder, pieces string, keys *keys) (*plane, error) {
	p := &plane{folder: folder, pieces: pieces, keys: keys, running: map[string]*piece{}}
	for _, step := range []func() error{p.startEtcd, p.startAPIServer, p.startControllers} {
		if err := step(); err != nil {
			p.end()
			return nil, err
		}
	}
	for name, one := range p.running {
		go p.restart(name, one)
	}
	return p, nil
}

// restart starts a piece again, five seconds after each end of it.
func (p *plane) restart(name string, one *piece) {
	for {
		<-one.ended
		time.Sleep(5 * time.Second)
		p.mutex.Lock()
		isOver := p.isOver
		if !isOver {
			fmt.Fprintf(os.Stderr, "lab: %s ended: %s; it is started again\n", name, one.process.ProcessState)
			if err := p.startLocked(name, one.process.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, "lab:", err)
				isOver = true
			}
		}
		one = p.running[name]
		p.mutex.Unlock()
		if isOver {
			return
		}
	}
}

func (p *plane) startEtcd() error {
	err := p.start("etcd",
		"--data-dir="+filepath.Join(p.folder, "etcd"),
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=default=http://127.0.0.1:2380",
		// Its data is worth nothing after the run.
		"--unsafe-no-fsync",
	)
	if err != nil {
		return err
	}
	return p.await("etcd", func() bool { return listening("127.0.0.1:2379") })
}

func (p *plane) startAPIServer() error {
	err := p.start("apiserver",
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address="+hostAddress, "--secure-port=443", "--advertise-address="+hostAddress,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--tls-cert-file="+p.keys.path("server.crt"), "--tls-private-key-file="+p.keys.path("server.key"),
		"--client-ca-file="+p.keys.path("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+p.keys.path("tokens.pub"),
		"--service-account-signing-key-file="+p.keys.path("tokens.key"),
		"--authorization-mode=RBAC",
		// Webhooks are called at their pods: the addresses of Services lead nowhere here.
		"--enable-aggregator-routing=true",
		"--allow-privileged=true",
	)
	if err != nil {
		return err
	}
	api := newAPI(p.keys)
	return p.await("apiserver", func() bool { return api.get("/readyz", nil) == nil })
}

func (p *plane) startControllers() error {
	err := p.start("controllers",
		"--kubeconfig="+p.keys.kubeconfig,
		"--controllers="+controllerNames,
		"--leader-elect=false",
		"--root-ca-file="+p.keys.path("ca.crt"),
		"--service-account-private-key-file="+p.keys.path("tokens.key"),
	)
	if err != nil {
		return err
	}
	api := newAPI(p.keys)
	return p.await("controllers", func() bool {
		return api.get("/api/v1/namespaces/default/configmaps/kube-root-ca.crt", nil) == nil
	})
}

// start runs a piece; its output goes to a file.
func (p *plane) start(name string, arguments ...string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.startLocked(name, arguments)
}

func (p *plane) startLocked(name string, arguments []string) error {
	log, err := os.OpenFile(filepath.Join(p.folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	process := exec.Command(p.pieces, append([]string{name}, arguments...)...)
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return err
	}
	started := &piece{process, make(chan struct{})}
	go func() {
		_ = process.Wait()
		close(started.ended)
	}()
	p.running[name] = started
	// For tests that take the API server away and bring it back.
	pid := filepath.Join(p.folder, name+".pid")
	return os.WriteFile(pid, []byte(fmt.Sprint(process.Process.Pid)), 0o600)
}

func (p *plane) end() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.isOver = true
	for _, one := range p.running {
		_ = one.process.Process.Kill()
		<-one.ended
	}
}

// await asks a piece until the answer is yes, and fails when that takes too long, or when it has ended.
func (p *plane) await(name string, ready func() bool) error {
	one := p.running[name]
	end := time.Now().Add(readyWithin)
	for time.Now().Before(end) {
		if ready() {
			return nil
		}
		select {
		case <-one.ended:
			return fmt.Errorf("%s: %s; see its log in %s", name, one.process.ProcessState, p.folder)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s: not ready after %s; see its log in %s", name, readyWithin, p.folder)
}
