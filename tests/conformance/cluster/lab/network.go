package main

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// The host's end of every pod's network, and what the API server is reached by.
const hostAddress = "10.244.0.1"

// Where load balancers' addresses come from: the range of RFC 2544, for tests.
const balancerPrefix = "198.18.0."

// bridge makes the network that pods are on.
func bridge() error {
	return all(
		"ip link set lo up",
		"ip link add br0 type bridge",
		"ip address add "+hostAddress+"/16 dev br0",
		"ip link set br0 up",
		// Names of network namespaces are files; these go with the mount namespace.
		"mount -t tmpfs lab /run",
	)
}

// addresses of pods, each given once: at most some 65,000 in a run.
var addresses struct {
	sync.Mutex
	given int
}

// podNetwork makes a network namespace of that name with an address on the bridge.
func podNetwork(name string) (string, error) {
	addresses.Lock()
	addresses.given++
	number := addresses.given
	addresses.Unlock()
	if number > 65_000 {
		return "", fmt.Errorf("there are no addresses left")
	}
	address := fmt.Sprintf("10.244.%d.%d", 1+number/250, 1+number%250)
	link := fmt.Sprintf("pod%d", number)
	return address, all(
		"ip netns add "+name,
		"ip link add "+link+" type veth peer name eth0 netns "+name,
		"ip link set "+link+" master br0 up",
		"ip -n "+name+" address add "+address+"/16 dev eth0",
		"ip -n "+name+" link set lo up",
		"ip -n "+name+" link set eth0 up",
		"ip -n "+name+" route add default via "+hostAddress,
	)
}

// endNetwork takes a pod's network away.
func endNetwork(name string) {
	_ = all("ip netns delete " + name)
}

// all runs commands that have no quotes in them, one after the other.
func all(commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if output, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(output)))
		}
	}
	return nil
}
