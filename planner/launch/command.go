package launch

import (
	"fmt"
	"strings"
)

// renderCommands writes a shell script for each replica.
func renderCommands(p *plan) ([]File, error) {
	replicas, err := p.hostReplicas(asGiven)
	if err != nil {
		return nil, err
	}
	var files []File
	for i, r := range replicas {
		if i == 0 && r.Config != nil {
			files = append(files, *r.Config) // the same for all
			p.note("start the scripts in the folder of %s", r.Config.Name)
		}
		files = append(files, File{r.name + ".sh", r.script(hostsOf(replicas))})
	}
	p.note("the servers listen on their machine alone: --host 0.0.0.0 lets others in, without authentication")
	return files, nil
}

// script starts the replica in the foreground on its one of several hosts.
func (r *replica) script(hosts int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\n# %s\n", r.summary())
	if hosts > 1 {
		fmt.Fprintf(&b, "# on host %d of %d\n", r.host+1, hosts)
	}
	for _, kv := range append(r.visible(r.devices), r.Env...) {
		name, value, _ := strings.Cut(kv, "=")
		fmt.Fprintf(&b, "export %s=%s\n", name, quote(value))
	}
	fmt.Fprintf(&b, "exec %s\n", quoteLines(r.Argv))
	return b.String()
}

// summary says on one line what a part runs.
func (p *part) summary() string {
	d := p.d
	text := fmt.Sprintf("%s, weights in %s, %s %s on %s", d.Model.ID, d.Weights.Name, d.Engine.Name, d.Release, d.Device.Accelerator.Name)
	for _, size := range []struct {
		name string
		n    int
	}{{"TP", d.TP}, {"PP", d.PP}, {"EP", d.EP}, {"attention-DP", d.AttentionDP}} {
		if size.n > 1 {
			text += fmt.Sprintf(", %s %d", size.name, size.n)
		}
	}
	return text
}
