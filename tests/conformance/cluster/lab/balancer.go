package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// balancer gives Services of type LoadBalancer an address and carries their connections to pods that are
// ready, as a load balancer of a cloud with externalTrafficPolicy Local.
type balancer struct {
	api *api

	mutex  sync.Mutex
	slices map[string]slice
	// By Service and port; they stay for the run.
	given map[string]string
	open  map[string]bool
	turn  atomic.Uint64
}

type service struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		Type  string `json:"type"`
		Ports []struct {
			Name string `json:"name"`
			Port int    `json:"port"`
		} `json:"ports"`
	} `json:"spec"`
}

type slice struct {
	Metadata meta `json:"metadata"`
	Ports    []struct {
		Name string `json:"name"`
		Port int    `json:"port"`
	} `json:"ports"`
	Endpoints []struct {
		Addresses  []string `json:"addresses"`
		Conditions struct {
			Ready *bool `json:"ready"`
		} `json:"conditions"`
	} `json:"endpoints"`
}

func startBalancer(api *api) {
	b := &balancer{api: api, given: map[string]string{}, open: map[string]bool{}}
	go follow(api, "/api/v1/services", func(services map[string]service) {
		b.mutex.Lock()
		for _, s := range services {
			if err := b.serve(s); err != nil {
				fmt.Fprintf(os.Stderr, "lab: Service %s/%s: %v\n", s.Metadata.Namespace, s.Metadata.Name, err)
			}
		}
		b.mutex.Unlock()
	})
	go follow(api, "/apis/discovery.k8s.io/v1/endpointslices", func(slices map[string]slice) {
		b.mutex.Lock()
		// The map is changed only by who calls this, under the same lock, so a copy it is.
		b.slices = make(map[string]slice, len(slices))
		for uid, one := range slices {
			b.slices[uid] = one
		}
		b.mutex.Unlock()
	})
}

// serve gives a Service its address and listens there. Called with the lock held.
func (b *balancer) serve(s service) error {
	if s.Spec.Type != "LoadBalancer" {
		return nil
	}
	key := s.Metadata.Namespace + "/" + s.Metadata.Name
	given, ok := b.given[key]
	if !ok {
		if len(b.given) >= 250 {
			return fmt.Errorf("there are no addresses left")
		}
		given = fmt.Sprintf("%s%d", balancerPrefix, len(b.given)+1)
		if err := all("ip address add " + given + "/32 dev lo"); err != nil {
			return err
		}
		b.given[key] = given
	}
	for _, port := range s.Spec.Ports {
		at := fmt.Sprintf("%s:%d", given, port.Port)
		if b.open[at] {
			continue
		}
		listener, err := net.Listen("tcp", at)
		if err != nil {
			return err
		}
		b.open[at] = true
		go b.carry(listener, key, port.Name)
	}
	status := map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": []address{{given}}}}}
	return b.api.patch("/api/v1/namespaces/"+s.Metadata.Namespace+"/services/"+s.Metadata.Name+"/status", status)
}

func (b *balancer) carry(listener net.Listener, key, port string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			endpoint, ok := b.pick(key, port)
			if !ok {
				return
			}
			pod, err := net.Dial("tcp", endpoint)
			if err != nil {
				return
			}
			defer pod.Close()
			done := make(chan struct{})
			go func() {
				_, _ = io.Copy(pod, client)
				_ = pod.(*net.TCPConn).CloseWrite()
				close(done)
			}()
			_, _ = io.Copy(client, pod)
			_ = client.(*net.TCPConn).CloseWrite()
			<-done
		}()
	}
}

// pick is one of the endpoints that are ready, in turn.
func (b *balancer) pick(key, port string) (string, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	namespace, name, _ := strings.Cut(key, "/")
	var ready []string
	for _, s := range b.slices {
		if s.Metadata.Namespace != namespace || s.Metadata.Labels["kubernetes.io/service-name"] != name {
			continue
		}
		for _, p := range s.Ports {
			if p.Name != port {
				continue
			}
			for _, e := range s.Endpoints {
				if e.Conditions.Ready == nil || *e.Conditions.Ready {
					ready = append(ready, fmt.Sprintf("%s:%d", e.Addresses[0], p.Port))
				}
			}
		}
	}
	if len(ready) == 0 {
		return "", false
	}
	return ready[b.turn.Add(1)%uint64(len(ready))], true
}
