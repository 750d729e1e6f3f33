package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// Starts at once.
	batch = 5
	// What is known may be served from ten seconds after a start; the machine may be busy.
	staleWithin = 30 * time.Second
	// From the API server's return until all is as it says.
	convergedWithin = 5 * time.Second
)

// gate is a way to the API server that can be shut.
type gate struct {
	address string

	mutex    sync.Mutex
	listener net.Listener
	open     map[net.Conn]struct{}
	// Shut, and silent: connections are taken, and nothing is said.
	silent bool
}

func newGate() (*gate, error) {
	g := &gate{address: "127.0.0.1:6443", open: map[net.Conn]struct{}{}}
	return g, g.listen(false)
}

func (g *gate) listen(silent bool) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		return err
	}
	g.listener, g.silent = listener, silent
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go g.carry(client, silent)
		}
	}()
	return nil
}

func (g *gate) carry(client net.Conn, silent bool) {
	g.keep(client)
	defer g.drop(client)
	if silent {
		_, _ = io.Copy(io.Discard, client)
		return
	}
	server, err := net.Dial("tcp", apiServer)
	if err != nil {
		return
	}
	g.keep(server)
	defer g.drop(server)
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
}

func (g *gate) keep(connection net.Conn) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.open[connection] = struct{}{}
}

func (g *gate) drop(connection net.Conn) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	connection.Close()
	delete(g.open, connection)
}

// close ends everything; what comes then is refused.
func (g *gate) close() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.listener.Close()
	for connection := range g.open {
		connection.Close()
	}
}

// shut lets nothing through any more: connections are refused, or taken and left without a word.
func (g *gate) shut(silent bool) error {
	g.close()
	if silent {
		return g.listen(true)
	}
	return nil
}

func (g *gate) unshut() error {
	g.close()
	return g.listen(false)
}

// started is a Portcullis outside of any pod.
type started struct {
	process *exec.Cmd
	port    int
	log     string
}

// startOne starts one with the account of the real ones, and a state folder.
func (s *suite) startOne(kubeconfig, state string, port int) (*started, error) {
	return s.startWith(kubeconfig, state, port, "--state-dir="+state, "--publish-address="+s.balancer)
}

// startWith starts one with an account, a name for its log, a range of ports, and arguments.
func (s *suite) startWith(kubeconfig, name string, port int, arguments ...string) (*started, error) {
	log, err := os.Create(name + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	at := func(offset int) string { return fmt.Sprintf("127.0.0.1:%d", port+offset) }
	arguments = append([]string{"run", "--kubernetes", "--kubeconfig=" + kubeconfig,
		"--election-namespace=portcullis", "--election-id=elsewhere",
		"--http=" + at(0), "--https=" + at(1), "--status=" + at(2), "--admin=" + at(3),
		"--workers=1", "--shutdown-delay=0s", "--shutdown-grace=1s", "--access-log=off"}, arguments...)
	process := exec.Command(os.Getenv("PORTCULLIS"), arguments...)
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return &started{process, port, log.Name()}, process.Start()
}

func (o *started) end() {
	_ = o.process.Process.Kill()
	_ = o.process.Wait()
}

func (o *started) ready() (string, error) {
	return fetchText(fmt.Sprintf("http://127.0.0.1:%d/readyz", o.port+2))
}

// serves says whether it sends a host's requests to a Service.
func (o *started) serves(s *suite, host, service string) error {
	got, err := s.sendBy(s.direct(fmt.Sprintf("127.0.0.1:%d", o.port)), request{host: host, path: "/"})
	if err == nil && !strings.HasPrefix(got.name, service+"-") {
		err = fmt.Errorf("%s: %d of %q, expected %s", host, got.status, got.name, service)
	}
	return err
}

// fetchText is the body of an answer that is satisfied.
func fetchText(url string) (string, error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("%s: %d: %.200s", url, answer.StatusCode, body)
	}
	return string(body), err
}

// kubeconfig is that of an account of the controller's namespace, for an address of the API server.
func (s *suite) kubeconfig(account, address string) (string, error) {
	token, err := s.kubectl("-n", "portcullis", "create", "token", account, "--duration=2h")
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.lab, account+".kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: controller}}]
clusters: [{name: lab, cluster: {server: "https://%s", certificate-authority: %q}}]
users: [{name: controller, user: {token: %s}}]
`, address, filepath.Join(s.lab, "keys", "ca.crt"), token)
	return file, os.WriteFile(file, []byte(text), 0o600)
}

const returning = "returning.example.com"

// startsWithout starts it again and again while nothing can be heard of the API server, while an Ingress
// changes that was known.
func startsWithout(s *suite) error {
	api, err := newDirect(s.lab)
	if err != nil {
		return err
	}
	made := simpleIngress("shop", "returning", returning, "one")
	if err := api.do(http.MethodPost, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses", made, nil); err != nil {
		return err
	}
	g, err := newGate()
	if err != nil {
		return err
	}
	defer g.close()
	kubeconfig, err := s.kubeconfig("portcullis", g.address)
	if err != nil {
		return err
	}
	var took []time.Duration
	wanted := number("SOAK_STARTS", 50)
	for round := 0; len(took) < wanted; round++ {
		more, err := s.startBatch(api, g, kubeconfig, round)
		if err != nil {
			return fmt.Errorf("after %d starts: %w", len(took), err)
		}
		took = append(took, more...)
	}
	slices.Sort(took)
	s.measure("%d starts, as the API server says %d ms after its return in the middle, %d ms at most",
		len(took), took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds())
	if last := took[len(took)-1]; last > convergedWithin {
		return fmt.Errorf("%s after its return", last)
	}
	return nil
}

// startBatch makes some starts, and tells how long each took to be as the API server says again.
func (s *suite) startBatch(api *direct, g *gate, kubeconfig string, round int) ([]time.Duration, error) {
	state := filepath.Join(s.lab, fmt.Sprintf("start-%d", round))
	before, after := "one", "two"
	if round%2 == 1 {
		before, after = after, before
	}
	// What the others find is left behind by one that was killed.
	first, err := s.startOne(kubeconfig, state, 20_000)
	if err != nil {
		return nil, err
	}
	err = eventually(patience, func() error {
		_, err := os.Stat(filepath.Join(state, "objects.v1.json"))
		return errors.Join(err, first.serves(s, returning, before))
	})
	first.end()
	if err != nil {
		return nil, fmt.Errorf("before: %w", err)
	}
	if err := g.shut(round%2 == 1); err != nil {
		return nil, err
	}
	var all []*started
	defer func() {
		for _, one := range all {
			one.end()
		}
	}()
	for i := range batch {
		own := fmt.Sprintf("%s-%d", state, i)
		if output, err := exec.Command("cp", "-a", state, own).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("cp: %w: %s", err, output)
		}
		one, err := s.startOne(kubeconfig, own, 20_010+10*i)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	for _, one := range all {
		if err := eventually(staleWithin, func() error { return one.isStale(s, before) }); err != nil {
			return nil, err
		}
	}
	patch := object{"spec": object{"rules": rulesOf(returning, after)}}
	if err := api.do(http.MethodPatch, ingressPath("shop", "returning"), patch, nil); err != nil {
		return nil, err
	}
	if err := g.unshut(); err != nil {
		return nil, err
	}
	start, took := time.Now(), make([]time.Duration, len(all))
	var group sync.WaitGroup
	failed := make([]error, len(all))
	for i, one := range all {
		group.Add(1)
		go func() {
			defer group.Done()
			failed[i] = eventually(patience, func() error { return one.isFresh(s, after) })
			took[i] = time.Since(start)
		}()
	}
	group.Wait()
	return took, errors.Join(failed...)
}

// isStale: it serves what was known, and says that it is no more than that.
func (o *started) isStale(s *suite, service string) error {
	said, err := o.ready()
	if err == nil && !strings.Contains(said, "stale") {
		err = fmt.Errorf("/readyz says %q", said)
	}
	if err != nil {
		return err
	}
	log, err := os.ReadFile(o.log)
	if err == nil && !strings.Contains(string(log), "last good objects of an earlier run are served") {
		err = errors.New("the log says nothing of it")
	}
	return errors.Join(err, o.serves(s, returning, service), o.serves(s, "first.example.com", "one"))
}

func (o *started) isFresh(s *suite, service string) error {
	said, err := o.ready()
	if err == nil && strings.Contains(said, "stale") {
		err = fmt.Errorf("/readyz says %q", said)
	}
	return errors.Join(err, o.serves(s, returning, service))
}
