// A cluster in one network namespace: the control plane's real pieces (../pieces) as processes, a node
// whose pods are processes of this machine, each in a network namespace with an address of its own, and a
// load balancer. It knows the images that it is told of and no other.
//
// What is not real: the container runtime, the network between nodes, DNS and kube-proxy. Service
// addresses lead nowhere; pods reach the API server by its own address.
//
// It depends on the standard library alone, so that it builds in seconds. `../run` starts it, in network,
// mount and process namespaces that end with it.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = `usage: lab up FOLDER PIECES IMAGES -- COMMAND [ARGUMENT...]
       lab container FILE

up starts a cluster, runs the command with KUBECONFIG and LAB_FOLDER set, and ends with its exit code.
FOLDER is for logs and state, PIECES the control plane's program. IMAGES is a list with commas of
NAME=PROGRAM: the image of that name, whatever its registry and tag, has this one program.
`

func main() {
	arguments := os.Args[1:]
	switch {
	case len(arguments) >= 6 && arguments[0] == "up" && arguments[4] == "--":
		code, err := up(arguments[1], arguments[2], arguments[3], arguments[5:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab:", err)
			code = 1
		}
		os.Exit(code)
	case len(arguments) == 2 && arguments[0] == "container":
		fmt.Fprintln(os.Stderr, "lab:", becomeContainer(arguments[1]))
		os.Exit(1)
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
}

func up(folder, pieces, list string, command []string) (int, error) {
	images, err := parseImages(list)
	if err != nil {
		return 0, err
	}
	if err := bridge(); err != nil {
		return 0, err
	}
	keys, err := makeKeys(folder)
	if err != nil {
		return 0, err
	}
	plane, err := startPlane(folder, pieces, keys)
	if err != nil {
		return 0, err
	}
	defer plane.end()
	api := newAPI(keys)
	kubelet, err := startKubelet(api, folder, images)
	if err != nil {
		return 0, err
	}
	defer kubelet.end()
	startBalancer(api)

	child := exec.Command(command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Env = append(os.Environ(), "KUBECONFIG="+keys.kubeconfig, "LAB_FOLDER="+folder)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := child.Start(); err != nil {
		return 0, err
	}
	go func() {
		for received := range signals {
			_ = child.Process.Signal(received)
		}
	}()
	_ = child.Wait()
	return child.ProcessState.ExitCode(), nil
}
