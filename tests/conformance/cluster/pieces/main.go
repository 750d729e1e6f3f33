// A Kubernetes control plane without containers, and a kubelet that runs pods as processes of this
// machine: what the tests of the controller run against. Each piece is a process of this one program;
// `run` starts and ends them.
//
// The pieces are the real ones, of their own modules. What is not real is the node: there is no
// scheduler and no container runtime.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: cluster etcd|apiserver|controllers [ARGUMENT...]")
		os.Exit(2)
	}
	piece := os.Args[1]
	os.Args = append([]string{"cluster " + piece}, os.Args[2:]...)
	switch piece {
	case "etcd":
		etcdmain.Main(os.Args)
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controllers":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "there is no piece %q\n", piece)
		os.Exit(2)
	}
}
