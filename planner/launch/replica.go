package launch

import (
	"fmt"
	"path"
	"strconv"
)

// replica is one process of a part on a host.
type replica struct {
	*part
	name    string
	host    int // from 0
	port    int
	devices []int // of the host
	Process
}

// hostReplicas places all replicas one after the other, on the next host where
// one is full.
func (p *plan) hostReplicas(model func(*part) string) ([]replica, error) {
	var list []replica
	host, used, first := 0, 0, 0 // accelerators taken of the host, and its first replica
	for _, part := range p.parts {
		if err := part.fitsNode(); err != nil {
			return nil, err
		}
		for i := range part.d.DP {
			if n := p.s.PerNode; n > 0 && used+part.accelerators() > n {
				host, used, first = host+1, 0, len(list)
			}
			r := replica{part: part, name: part.name, host: host, port: p.s.Port + len(list) - first}
			if part.d.DP > 1 {
				r.name += "-" + strconv.Itoa(i)
			}
			before := used
			for range part.accelerators() {
				r.devices = append(r.devices, used)
				used++
			}
			var err error
			if r.Process, err = part.process(r.port, model(part)); err != nil {
				return nil, err
			}
			if part.role != both { // each worker has a port of its own, from this one on
				r.Env = append(r.Env, "VLLM_NIXL_SIDE_CHANNEL_PORT="+strconv.Itoa(nixlPort+before))
			}
			list = append(list, r)
		}
	}
	return list, p.noteHosts(list)
}

// hostsOf counts the hosts that replicas take.
func hostsOf(list []replica) int { return list[len(list)-1].host + 1 }

// noteHosts says how the replicas become one service. Caches cross between
// replicas of one host only: what other hosts call it is not known here.
func (p *plan) noteHosts(list []replica) error {
	hosts := hostsOf(list)
	if hosts > 1 && p.s.Prefill != nil {
		return fmt.Errorf("prefill and decode take %d hosts, whose addresses are not known: form %q launches them", hosts, Kubernetes)
	}
	if hosts > 1 {
		p.note("the replicas take %d hosts of %d accelerators: each file says which host it is for", hosts, p.s.PerNode)
	}
	if len(list) > 1 && p.s.Prefill == nil {
		last := p.s.Port
		for _, r := range list {
			last = max(last, r.port)
		}
		of := ""
		if hosts > 1 {
			of = " of each host"
		}
		p.note("%d replicas listen on ports %d to %d%s: a load balancer before them makes one service of them", len(list), p.s.Port, last, of)
	}
	return nil
}

// nixlPort is where vLLM's NIXL connector shakes hands by default.
const nixlPort = 5600

// fitsNode refuses a replica that spans nodes.
func (p *part) fitsNode() error {
	if n := p.s.PerNode; n > 0 && p.accelerators() > n {
		return fmt.Errorf("a replica of %d accelerators spans nodes of %d: form %q launches it", p.accelerators(), n, LWS)
	}
	return nil
}

// modelsPath is the folder of a container where files of models lie.
const modelsPath = "/models"

// inContainer is what the engine loads in a container: files lie in modelsPath.
func (p *part) inContainer() string {
	if model := p.source(""); isFile(model) {
		return modelsPath + "/" + path.Base(model)
	}
	return ""
}

// words are the process's in the engine's image, where llama.cpp's server is
// on no path.
func (p *part) words(process Process) []string {
	words := append([]string(nil), process.Argv...)
	if p.llama() {
		words[0] = "/app/" + words[0]
	}
	for i, word := range words {
		if process.Config != nil && word == process.Config.Name {
			words[i] = configPath(process.Config)
		}
	}
	return words
}

// configPath is where a container finds the engine's file of options.
func configPath(f *File) string { return "/etc/plimsoll/" + f.Name }

// cachePath is where images keep what they download from Hugging Face.
func (p *part) cachePath() string {
	if p.llama() { // in a folder of its own, or in recent builds in that of Hugging Face
		return "/root/.cache"
	}
	return "/root/.cache/huggingface"
}

// asGiven leaves it to the engine to find the model where the user says.
func asGiven(*part) string { return "" }
