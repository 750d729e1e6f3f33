package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// Namespaces that the many Ingresses are in.
	manyNamespaces = 50
	// Between two looks at whether a change is live: a change is measured as longer by half of it.
	look = 20 * time.Millisecond
	// Most of a replica's memory.
	memoryLimit = 300 << 20
)

// many are Ingresses that change all the time.
type many struct {
	suite    *suite
	api      *direct
	replicas []string
	count    int
}

// manyChanges measures how long changes take until they are live, and what they cost.
func manyChanges(s *suite) error {
	m, err := s.newMany(number("SOAK_INGRESSES", 5000))
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.make(); err != nil {
		return err
	}
	for i := range m.replicas {
		// Watches are in order, so that the last one made is the last one served.
		if err := eventually(2*patience, func() error { return m.serves(i, m.count-1, "a") }); err != nil {
			return err
		}
	}
	s.measure("%d Ingresses made and served in %.0f s", m.count, time.Since(start).Seconds())
	if err := eventually(5*time.Minute, m.allHaveAddresses); err != nil {
		return err
	}
	s.measure("all with addresses after %.0f s", time.Since(start).Seconds())

	rate, seconds := number("SOAK_RATE", 50), number("SOAK_SECONDS", 600)
	memory := m.watchMemory()
	took, failed := m.change(rate, rate*seconds)
	used := memory()
	if len(failed) > 0 {
		return fmt.Errorf("%d changes failed: %s", len(failed), failed[0])
	}
	slices.Sort(took)
	of := func(share float64) int64 { return took[int(share*float64(len(took)-1))].Milliseconds() }
	s.measure("%d changes at %d a second, live after p50 %d ms, p99 %d ms, at most %d ms", len(took), rate, of(0.5), of(0.99), of(1))
	s.measure("memory of the larger replica in MiB, at each tenth: %s", tenths(used))
	if of(0.99) > 1000 {
		return fmt.Errorf("%s", s.figures())
	}
	return level(used)
}

func (s *suite) newMany(count int) (*many, error) {
	api, err := newDirect(s.lab)
	if err != nil {
		return nil, err
	}
	replicas, err := s.podAddresses("portcullis", "app.kubernetes.io/component=controller")
	if err != nil {
		return nil, err
	}
	return &many{suite: s, api: api, replicas: replicas, count: count}, nil
}

// podAddresses are those of pods that are not on their way out.
func (s *suite) podAddresses(namespace, selector string) ([]string, error) {
	text, err := s.kubectl("-n", namespace, "get", "pods", "-l", selector,
		"-o", `go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.status.podIP}} {{end}}{{end}}`)
	if err == nil && text == "" {
		err = fmt.Errorf("no pods of %s", selector)
	}
	return strings.Fields(text), err
}

func (m *many) namespace(i int) string { return fmt.Sprintf("many-%d", i%manyNamespaces) }
func (m *many) name(i int) string      { return fmt.Sprintf("i%d", i) }
func (m *many) host(i int) string      { return fmt.Sprintf("i%d.many.example.com", i) }

// make makes Services `a` and `b` in each namespace, of the pods of `one` and `two`, and the Ingresses.
func (m *many) make() error {
	pods := map[string]string{}
	for service, app := range map[string]string{"a": "one", "b": "two"} {
		addresses, err := m.suite.podAddresses("shop", "app="+app)
		if err != nil {
			return err
		}
		pods[service] = addresses[0]
	}
	for i := range manyNamespaces {
		namespace := m.namespace(i)
		err := m.api.do(http.MethodPost, "/api/v1/namespaces", object{"metadata": object{"name": namespace}}, nil)
		if err != nil {
			return err
		}
		for service, address := range pods {
			ports := []object{{"name": "http", "port": 80}}
			made := object{"metadata": object{"name": service}, "spec": object{"ports": ports}}
			if err := m.api.do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/services", made, nil); err != nil {
				return err
			}
			slice := object{
				"metadata":    object{"name": service, "labels": object{"kubernetes.io/service-name": service}},
				"addressType": "IPv4", "ports": []object{{"name": "http", "port": 3000}},
				"endpoints": []object{{"addresses": []string{address}}},
			}
			path := "/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices"
			if err := m.api.do(http.MethodPost, path, slice, nil); err != nil {
				return err
			}
		}
	}
	for i := range m.count {
		path := "/apis/networking.k8s.io/v1/namespaces/" + m.namespace(i) + "/ingresses"
		made := simpleIngress(m.namespace(i), m.name(i), m.host(i), "a")
		if err := m.api.do(http.MethodPost, path, made, nil); err != nil {
			return err
		}
	}
	return nil
}

// serves says whether a replica sends requests for an Ingress's host to a Service.
func (m *many) serves(replica, i int, service string) error {
	app := map[string]string{"a": "one-", "b": "two-"}[service]
	got, err := m.suite.sendBy(m.suite.direct(m.replicas[replica]+":8080"), request{host: m.host(i), path: "/"})
	if err == nil && (got.status != 200 || !strings.HasPrefix(got.name, app)) {
		err = fmt.Errorf("%s: %d of %q, expected %s", m.host(i), got.status, got.name, app)
	}
	return err
}

func (m *many) allHaveAddresses() error {
	text, err := m.suite.kubectl("get", "ingress", "-A", "--chunk-size=500",
		"-o", `go-template={{range .items}}{{if not .status.loadBalancer.ingress}}.{{end}}{{end}}`)
	if err == nil && len(text) > 1 {
		err = fmt.Errorf("%d Ingresses have no address", len(text))
	}
	return err
}

// change makes some changes, so many a second, each of an Ingress that was not changed for a while, and tells
// how long each took from the API server's answer until a replica served it: one replica, in turn.
func (m *many) change(rate, count int) (took []time.Duration, failed []string) {
	var mutex sync.Mutex
	var group sync.WaitGroup
	note := func(time time.Duration, err error) {
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			failed = append(failed, err.Error())
		} else {
			took = append(took, time)
		}
	}
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	defer ticks.Stop()
	for turn := range count {
		<-ticks.C
		i, service := turn%m.count, []string{"b", "a"}[turn/m.count%2]
		group.Add(1)
		go func() {
			defer group.Done()
			note(m.changeOne(turn%len(m.replicas), i, service))
		}()
	}
	group.Wait()
	return took, failed
}

func (m *many) changeOne(replica, i int, service string) (time.Duration, error) {
	patch := object{"spec": object{"rules": rulesOf(m.host(i), service)}}
	if err := m.api.do(http.MethodPatch, ingressPath(m.namespace(i), m.name(i)), patch, nil); err != nil {
		return 0, err
	}
	start := time.Now()
	for {
		err := m.serves(replica, i, service)
		if err == nil || time.Since(start) > patience {
			return time.Since(start), err
		}
		time.Sleep(look)
	}
}

// watchMemory looks every second at the memory of the replica that has most, the leader as a rule, until
// what it returns is called.
func (m *many) watchMemory() func() []int64 {
	stop, result := make(chan struct{}), make(chan []int64)
	go func() {
		var used []int64
		ticks := time.NewTicker(time.Second)
		defer ticks.Stop()
		for {
			select {
			case <-stop:
				result <- used
				return
			case <-ticks.C:
				var most int64
				for _, replica := range m.replicas {
					if bytes, err := memoryOf(replica); err == nil {
						most = max(most, bytes)
					}
				}
				used = append(used, most)
			}
		}
	}()
	return func() []int64 {
		close(stop)
		return <-result
	}
}

func memoryOf(address string) (int64, error) {
	text, err := fetchText("http://" + address + ":10254/metrics")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(text, "\nprocess_resident_memory_bytes ")
	line, _, _ := strings.Cut(after, "\n")
	bytes, err := strconv.ParseFloat(line, 64)
	return int64(bytes), err
}

func tenths(used []int64) string {
	var text []string
	for tenth := range 11 {
		if len(used) > 0 {
			text = append(text, fmt.Sprint(used[tenth*(len(used)-1)/10]>>20))
		}
	}
	return strings.Join(text, " ")
}

// level holds what was used to its limit, and the second half to what was used in the middle.
func level(used []int64) error {
	if len(used) < 10 {
		return fmt.Errorf("the memory could be looked at %d times", len(used))
	}
	most := slices.Max(used)
	if most > memoryLimit {
		return fmt.Errorf("%d MiB of memory", most>>20)
	}
	tenth := len(used) / 10
	middle, last := slices.Max(used[4*tenth:6*tenth]), slices.Max(used[len(used)-tenth:])
	if last > middle+middle/20 {
		return fmt.Errorf("from %d to %d MiB of memory in the second half", middle>>20, last>>20)
	}
	return nil
}
