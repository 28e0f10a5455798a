package launch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// renderLWS writes a LeaderWorkerSet: a group of pods for each replica.
func renderLWS(p *plan) ([]File, error) {
	part := p.parts[0]
	switch per, n := p.s.PerNode, part.accelerators(); {
	case p.s.Prefill != nil:
		return nil, errors.New("prefill apart from decode is not written for replicas that span nodes")
	case per == 0:
		return nil, errors.New("say how many accelerators a node has")
	case n <= per:
		return nil, fmt.Errorf("a replica of %d accelerators fits a node of %d: form %q launches it", n, per, Kubernetes)
	case n%per != 0:
		return nil, fmt.Errorf("%d accelerators a replica are not whole nodes of %d", n, per)
	}
	process, err := part.process(p.s.Port, part.inContainer())
	if err != nil {
		return nil, err
	}
	leader, worker, err := part.across(process)
	if err != nil {
		return nil, err
	}
	labels := object{{"app.kubernetes.io/name", p.s.Name}}
	role := labels.with("role", "leader")
	group := object{{"size", part.accelerators() / p.s.PerNode}, {"restartPolicy", "RecreateGroupOnPodRestart"},
		{"leaderTemplate", object{{"metadata", object{{"labels", role}}}, {"spec", leader}}},
		{"workerTemplate", object{{"metadata", object{{"labels", labels.with("role", "worker")}}}, {"spec", worker}}}}
	set := object{{"apiVersion", "leaderworkerset.x-k8s.io/v1"}, {"kind", "LeaderWorkerSet"}, {"metadata", object{{"name", p.s.Name}, {"labels", labels}}},
		{"spec", object{{"replicas", part.d.DP}, {"leaderWorkerTemplate", group}}}}
	p.note("LeaderWorkerSet must be installed in the cluster; NCCL finds the network between nodes by itself, or by NCCL_SOCKET_IFNAME and NCCL_IB_HCA")
	documents := append(part.configMap(process), set, service(p.s.Name, role, p.s.Port))
	return []File{{p.s.Name + ".yaml", encode(documents...)}}, nil
}

// across are the pods of the leader and of the workers.
func (p *part) across(process Process) (leader, worker object, err error) {
	lead, work, err := p.spread()
	if err != nil {
		return nil, nil, err
	}
	first, err := p.container("leader", process, p.s.PerNode)
	if err != nil {
		return nil, nil, err
	}
	next, err := p.container("worker", process, p.s.PerNode)
	if err != nil {
		return nil, nil, err
	}
	words := escaped(p.words(process), parentheses)
	first.set("args", append(words[1:len(words):len(words)], lead...))
	next.set("args", append(words[1:len(words):len(words)], work...))
	if p.d.Engine.ID == vllm && p.d.AttentionDP > 1 { // a product, which only a shell works out
		rank := fmt.Sprintf(" --data-parallel-start-rank $((LWS_WORKER_INDEX * %d))", p.localRanks())
		next.set("command", []string{"sh", "-c"})
		next.set("args", []string{parentheses("exec "+Quote(p.words(process)...)) + " " + strings.Join(work, " ") + parentheses(rank)})
	}
	first.set("env", append(p.env(process), podIP("POD_IP")))
	p.serve(&first)
	volumes := p.volumes(process)
	return podSpec(first, volumes), podSpec(next, volumes), nil
}

// spread are the options by which the processes of a replica find one another,
// with variables that LeaderWorkerSet sets.
func (p *part) spread() (leader, worker []string, err error) {
	d := p.d
	ranks := []string{"--nnodes", "$(LWS_GROUP_SIZE)", "--node-rank", "$(LWS_WORKER_INDEX)"}
	switch {
	case d.Engine.ID == sglang:
		ranks = append(ranks, "--dist-init-addr", "$(LWS_LEADER_ADDRESS):20000")
		return ranks, ranks, nil
	case d.Engine.ID != vllm:
		return nil, nil, fmt.Errorf("%s over several nodes is not written: it starts through MPI or by remote calls", d.Engine.Name)
	case d.AttentionDP == 1 && !catalog.Reached(d.Release, "0.12"):
		return nil, nil, fmt.Errorf("vLLM %s spans nodes by a Ray cluster, which is not written: choose 0.12 or later", d.Release)
	case d.AttentionDP == 1:
		ranks = append(ranks, "--master-addr", "$(LWS_LEADER_ADDRESS)")
		return ranks, append(ranks[:len(ranks):len(ranks)], "--headless"), nil
	case p.localRanks() == 0:
		return nil, nil, fmt.Errorf("vLLM: a data-parallel rank of %d accelerators does not lie within a node of %d", d.World()/d.AttentionDP, p.s.PerNode)
	}
	local := func(address string) []string {
		return []string{"--data-parallel-size-local", strconv.Itoa(p.localRanks()), "--data-parallel-address", address, "--data-parallel-rpc-port", "13345"}
	}
	// the leader listens there, and that takes an address, not a name
	return local("$(POD_IP)"), append(local("$(LWS_LEADER_ADDRESS)"), "--headless"), nil
}

// localRanks counts vLLM's data-parallel ranks of a node; 0 where they do not
// lie within one.
func (p *part) localRanks() int {
	if rank := p.d.World() / p.d.AttentionDP; p.s.PerNode%rank == 0 {
		return p.s.PerNode / rank
	}
	return 0
}
