package launch

import (
	"fmt"
	"path"
	"strconv"
)

// replica is one process of a part on a host that they share.
type replica struct {
	*part
	name    string
	port    int
	devices []int
	Process
}

// hostReplicas places all replicas on one host, one after the other.
func (p *plan) hostReplicas(model func(*part) string) ([]replica, error) {
	var list []replica
	used := 0
	for _, part := range p.parts {
		if err := part.fitsNode(); err != nil {
			return nil, err
		}
		for i := range part.d.DP {
			r := replica{part: part, name: part.name, port: p.s.Port + len(list)}
			if part.d.DP > 1 {
				r.name += "-" + strconv.Itoa(i)
			}
			first := used
			for used = first; used < first+part.accelerators(); used++ {
				r.devices = append(r.devices, used)
			}
			var err error
			if r.Process, err = part.process(r.port, model(part)); err != nil {
				return nil, err
			}
			if part.role != both { // each worker has a port of its own, from this one on
				r.Env = append(r.Env, "VLLM_NIXL_SIDE_CHANNEL_PORT="+strconv.Itoa(nixlPort+first))
			}
			list = append(list, r)
		}
	}
	if n := p.s.PerNode; n > 0 && used > n {
		return nil, fmt.Errorf("all replicas need %d accelerators, a host has %d: form %q spreads them over hosts", used, n, Kubernetes)
	}
	if len(list) > 1 && p.s.Prefill == nil {
		p.note("%d replicas listen on ports %d to %d: a load balancer before them makes one service of them", len(list), p.s.Port, p.s.Port+len(list)-1)
	}
	p.note("the servers listen on all addresses, without authentication")
	return list, nil
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
