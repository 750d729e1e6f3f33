// What has to hold for Portcullis in a cluster, as somebody finds it who installs it from deploy/ and uses
// kubectl. `lab up` gives it the cluster; every scenario builds on the ones before.
package main

import (
	"fmt"
	"os"
	"time"
)

// A scenario has a sentence for a name.
type scenario struct {
	name string
	run  func(*suite) error
}

var scenarios = []scenario{
	{"one kubectl apply brings two replicas up, in a namespace that enforces restricted pods", install},
	{"an Ingress shows the address of the published Service", showsAddress},
	{"an Ingress of another controller's class shows none", otherClass},
	{"the quickstart shows its address, and an edited backend is live", quickstart},
	{"hosts and paths are matched as Ingress has it", hostsAndPaths},
	{"an Ingress without rules serves what nobody else does, whatever the method", defaultBackend},
	{"a host with a certificate is served over TLS, and its plain address redirects", certificates},
	{"ten pods behind a Service share a hundred requests", sharing},
	{"a change is live within a second", liveness},
	{"a broken Ingress has an Event, and every other one is served", brokenIngress},
	{"a policy holds and says so, and a broken one says what is wrong with it", policies},
	{"a Secret that comes late is picked up", lateSecret},
	{"a namespace that is deleted gives its hosts to others at once", leavingNamespace},
	{"the admission webhook refuses what would not be served, in the words of the check", admission},
	{"its rights are enough: nothing was refused to any replica", withoutComplaint},
	{"traffic goes on while the API server is away, and changes are made up for", apiServerAway},
	{"the API server is killed and comes back: no request fails, and watches are taken up", apiServerRestarts},
	{"another replica takes over when the one goes that writes status", takeOver},
	{"a rolling restart under load fails no request", rollingRestart},
	{"rights in one namespace are enough for it", oneNamespace},
	{"what was not granted is refused", refusedRights},
}

func main() {
	wanted := scenarios
	if len(os.Args) > 1 {
		wanted = map[string][]scenario{"soak": soak, "ingress": official}[os.Args[1]]
	}
	s, err := newSuite()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
	passed, failed := 0, 0
	for i, one := range wanted {
		start := time.Now()
		err := one.run(s)
		seconds := time.Since(start).Seconds()
		if err == nil {
			passed++
			fmt.Printf("ok      %s%s (%.1f s)\n", one.name, s.figures(), seconds)
			continue
		}
		failed++
		fmt.Printf("FAILED  %s (%.1f s): %v\n", one.name, seconds, err)
		if i == 0 {
			// Nothing else can hold.
			failed += len(wanted) - 1
			break
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
