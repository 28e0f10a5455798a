package launch

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// renderCompose writes a service for each replica, each with accelerators of
// its own, and a file for each host.
func renderCompose(p *plan) ([]File, error) {
	replicas, err := p.hostReplicas((*part).inContainer)
	if err != nil {
		return nil, err
	}
	p.note("ports are published to the host alone: without 127.0.0.1 before them they are open to all, without authentication")
	p.note("HF_TOKEN is taken from the environment: checkpoints behind a licence need it")
	var files []File
	hosts := hostsOf(replicas)
	for host := range hosts {
		name := "compose.yaml"
		if hosts > 1 {
			name = fmt.Sprintf("compose-host-%d.yaml", host+1)
		}
		text, err := p.composeHost(slices.DeleteFunc(slices.Clone(replicas), func(r replica) bool { return r.host != host }))
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, text})
	}
	return files, nil
}

// composeHost is the file of the replicas of one host.
func (p *plan) composeHost(replicas []replica) (string, error) {
	services, top := object{}, object{}
	for _, r := range replicas {
		image, err := r.image()
		if err != nil {
			return "", err
		}
		services.add(r.name, r.composeService(image))
	}
	top.add("name", p.s.Name)
	top.add("services", services)
	if c := replicas[0].Config; c != nil { // the same for all
		top.add("configs", object{{"engine", object{{"content", dollars(c.Text)}}}})
		p.note("the file's inline config needs Docker Compose 2.23.1 or later")
	}
	if !isFile(replicas[0].source("")) {
		top.add("volumes", object{{"cache", object{}}})
	}
	return encode(top), nil
}

// composeService is one replica.
func (r *replica) composeService(image string) object {
	words := escaped(r.words(r.Process), dollars)
	s := object{{"image", dollars(image)}, {"entrypoint", words[:1]}, {"command", words[1:]}}
	env := object{{"HF_TOKEN", "${HF_TOKEN:-}"}}
	if r.platform() != "nvidia" { // there the reservation says which
		for _, kv := range r.visible(r.devices) {
			name, value, _ := strings.Cut(kv, "=")
			env.add(name, value)
		}
	}
	for _, kv := range r.Env {
		name, value, _ := strings.Cut(kv, "=")
		env.add(name, dollars(value))
	}
	s.add("environment", env)
	if r.role == both {
		port := strconv.Itoa(r.port)
		s.add("ports", []string{loopback + ":" + port + ":" + port})
	} else { // replicas name themselves to one another by the host's address
		s.add("network_mode", "host")
	}
	if !r.llama() {
		s.add("ipc", "host") // ranks share memory; the default of 64 MB is too little
	}
	s.add("volumes", r.composeVolumes())
	if r.Config != nil {
		s.add("configs", []object{{{"source", "engine"}, {"target", configPath(r.Config)}}})
	}
	r.composeDevices(&s)
	s.add("healthcheck", r.composeHealth())
	s.add("restart", "unless-stopped")
	return s
}

// composeDevices gives the service its accelerators.
func (r *replica) composeDevices(s *object) {
	if len(r.devices) == 0 {
		return
	}
	switch r.platform() {
	case "nvidia":
		r.note("the host needs the NVIDIA Container Toolkit")
		device := object{{"driver", "nvidia"}, {"device_ids", texts(r.devices)}, {"capabilities", []string{"gpu"}}}
		s.add("deploy", object{{"resources", object{{"reservations", object{{"devices", []object{device}}}}}}})
	case "amd":
		s.add("devices", []string{"/dev/kfd", "/dev/dri"})
		s.add("group_add", []string{"video", "render"})
		s.add("security_opt", []string{"seccomp=unconfined"}) // memory policy of ROCm
		r.note("the group render must exist in the image: else its number on the host is to stand in group_add")
	default:
		s.add("devices", []string{"/dev/dri"})
		s.add("group_add", []string{"video", "render"})
		r.note("the group render must exist in the image: else its number on the host is to stand in group_add")
	}
}

// composeVolumes keep what is downloaded, and show a model's files.
func (r *replica) composeVolumes() []object {
	model := r.source("")
	if !isFile(model) {
		return []object{{{"type", "volume"}, {"source", "cache"}, {"target", r.cachePath()}}}
	}
	folder := path.Dir(model)
	if !strings.HasPrefix(folder, "/") && !strings.HasPrefix(folder, ".") {
		folder = "./" + folder
	}
	return []object{{{"type", "bind"}, {"source", dollars(folder)}, {"target", modelsPath}, {"read_only", true}}}
}

// composeHealth asks the server; while the model loads nothing is counted.
func (r *replica) composeHealth() object {
	url := fmt.Sprintf("http://localhost:%d/health", r.port)
	test := []string{"CMD", "python3", "-c", "import urllib.request; urllib.request.urlopen('" + url + "')"}
	if r.llama() {
		test = []string{"CMD", "curl", "-f", url}
	}
	return object{{"test", test}, {"interval", "15s"}, {"timeout", "10s"}, {"retries", 4}, {"start_period", strconv.Itoa(loadSeconds/60) + "m"}}
}

// loadSeconds is the time that a server has to download, load and compile.
const loadSeconds = 2 * 60 * 60

// dollars keeps Compose from reading a value as a variable.
func dollars(text string) string { return strings.ReplaceAll(text, "$", "$$") }

func escaped(words []string, escape func(string) string) []string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = escape(word)
	}
	return list
}
