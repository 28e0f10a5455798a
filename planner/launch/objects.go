package launch

import (
	"bytes"
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"
)

func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		value := nodeOf(pairs[i+1])
		if value == nil {
			continue
		}
		n.Content = append(n.Content, nodeOf(pairs[i].(string)), value)
	}
	return n
}

func sequence(items ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, item := range items {
		n.Content = append(n.Content, nodeOf(item))
	}
	return n
}

func words(list []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, w := range list {
		n.Content = append(n.Content, nodeOf(w))
	}
	return n
}

// nodeOf is a value; nil leaves its key out.
func nodeOf(v any) *yaml.Node {
	switch v := v.(type) {
	case nil:
		return nil
	case *yaml.Node:
		if v == nil {
			return nil
		}
		return v
	}
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		panic(fmt.Sprintf("launch: %T in YAML: %v", v, err)) // words and numbers alone come here
	}
	return n
}

// text is documents in one file.
func text(documents ...*yaml.Node) (string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return "", err
		}
	}
	return b.String(), e.Close()
}

const (
	cacheDir  = "/root/.cache/huggingface" // where engines look for weights
	optionDir = "/options"
	placeHold = "IMAGE"
)

func (s *Service) image() string {
	if s.Image == "" {
		return placeHold
	}
	return s.Image
}

// inContainer is the command with its files where they are mounted.
func inContainer(c *Command) []string {
	args := append([]string{}, c.Args...)
	for i, arg := range args {
		for _, f := range c.Files {
			if arg == f.Name {
				args[i] = path.Join(optionDir, f.Name)
			}
		}
	}
	return args
}

// compose has a service for each replica, each with accelerators of its own.
func (s *Service) compose(c *Command) ([]File, error) {
	d := s.Deployment
	world := d.World()
	vendor := d.Device.Accelerator.Platform()
	if vendor != "nvidia" && vendor != "amd" && vendor != "cpu" {
		return nil, fmt.Errorf("launch: compose has no way to hand out accelerators of %s: accepted are nvidia, amd", vendor)
	}
	if s.PerNode > 0 && s.Replicas*world > s.PerNode {
		c.note("%d replicas of %d accelerators take more than the %d of a node: share the services out over nodes", s.Replicas, world, s.PerNode)
	}
	services := &yaml.Node{Kind: yaml.MappingNode}
	for i := range s.Replicas {
		first := i * world
		if s.PerNode > 0 { // each node counts from 0
			first %= max(s.PerNode/world*world, world)
		}
		name := fmt.Sprintf("%s-%d", s.Name, i+1)
		services.Content = append(services.Content, nodeOf(name), s.composeService(c, vendor, first, s.Port+i))
	}
	t, err := text(mapping("name", s.Name, "services", services, "volumes", mapping("weights", mapping())))
	return append([]File{{"compose.yaml", t}}, c.Files...), err
}

func (s *Service) composeService(c *Command, vendor string, first, port int) *yaml.Node {
	world := s.Deployment.World()
	volumes := sequence("weights:" + cacheDir)
	if len(c.Files) > 0 {
		for _, f := range c.Files {
			volumes.Content = append(volumes.Content, nodeOf(fmt.Sprintf("./%s:%s:ro", f.Name, path.Join(optionDir, f.Name))))
		}
	}
	pairs := []any{
		"image", s.image(), "entrypoint", words(inContainer(c)), "ipc", "host", "restart", "unless-stopped",
		"ports", sequence(fmt.Sprintf("127.0.0.1:%d:%d", port, s.Port)), "volumes", volumes,
		"environment", mapping("HF_TOKEN", "${HF_TOKEN:-}"),
		"healthcheck", mapping("test", words([]string{"CMD-SHELL", fmt.Sprintf("curl -fsS http://127.0.0.1:%d/health || exit 1", s.Port)}), "interval", "15s", "timeout", "5s", "retries", 3, "start_period", "30m"),
	}
	switch vendor {
	case "nvidia":
		ids := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range world {
			ids.Content = append(ids.Content, nodeOf(fmt.Sprint(first+i)))
		}
		pairs = append(pairs, "deploy", mapping("resources", mapping("reservations", mapping("devices", sequence(mapping("driver", "nvidia", "device_ids", ids, "capabilities", words([]string{"gpu"})))))))
	case "amd":
		list := ""
		for i := range world {
			if i > 0 {
				list += ","
			}
			list += fmt.Sprint(first + i)
		}
		pairs = append(pairs, "devices", words([]string{"/dev/kfd", "/dev/dri"}), "group_add", words([]string{"video", "render"}))
		for i := range pairs {
			if pairs[i] == "environment" {
				pairs[i+1] = mapping("HF_TOKEN", "${HF_TOKEN:-}", "HIP_VISIBLE_DEVICES", list)
			}
		}
	}
	return mapping(pairs...)
}

// container is one replica's, or one node's of it, for pods.
func (s *Service) container(c *Command, name string, accelerators int, resourceName string) *yaml.Node {
	mounts := sequence(mapping("name", "shm", "mountPath", "/dev/shm"), mapping("name", "weights", "mountPath", cacheDir))
	if len(c.Files) > 0 {
		mounts.Content = append(mounts.Content, mapping("name", "options", "mountPath", optionDir))
	}
	var resources *yaml.Node
	if resourceName != "" {
		resources = mapping("limits", mapping(resourceName, fmt.Sprint(accelerators)), "requests", mapping(resourceName, fmt.Sprint(accelerators)))
	}
	probe := func(period, failures int) *yaml.Node {
		return mapping("httpGet", mapping("path", "/health", "port", "http"), "periodSeconds", period, "failureThreshold", failures)
	}
	return mapping(
		"name", name, "image", s.image(), "command", words(inContainer(c)), "ports", sequence(mapping("name", "http", "containerPort", s.Port)),
		"env", sequence(mapping("name", "HF_TOKEN", "valueFrom", mapping("secretKeyRef", mapping("name", "hf-token", "key", "token", "optional", true)))),
		"resources", resources, "startupProbe", probe(10, 360), "readinessProbe", probe(10, 3), "livenessProbe", probe(30, 3), "volumeMounts", mounts,
	)
}

// volumes of a pod: shared memory for collectives, a cache for weights, option files.
func (s *Service) volumes(c *Command) *yaml.Node {
	v := sequence(mapping("name", "shm", "emptyDir", mapping("medium", "Memory")), mapping("name", "weights", "emptyDir", mapping()))
	if len(c.Files) > 0 {
		v.Content = append(v.Content, mapping("name", "options", "configMap", mapping("name", s.Name+"-options")))
	}
	return v
}

// options is the ConfigMap of a command's files; nil: it has none.
func (s *Service) options(c *Command) *yaml.Node {
	if len(c.Files) == 0 {
		return nil
	}
	data := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range c.Files {
		data.Content = append(data.Content, nodeOf(f.Name), nodeOf(f.Text))
	}
	return mapping("apiVersion", "v1", "kind", "ConfigMap", "metadata", mapping("name", s.Name+"-options"), "data", data)
}

// documents leaves out those that are not there.
func documents(list ...*yaml.Node) (out []*yaml.Node) {
	for _, d := range list {
		if d != nil {
			out = append(out, d)
		}
	}
	return out
}

func (s *Service) kubernetes(c *Command) ([]File, error) {
	name, err := resource(s.Deployment)
	if err != nil {
		return nil, err
	}
	if s.PerNode > 0 && s.Deployment.World() > s.PerNode {
		return nil, fmt.Errorf("launch: a replica of %d accelerators spans nodes of %d: accepted is the form lws", s.Deployment.World(), s.PerNode)
	}
	c.note("weights are downloaded anew by every pod: a volume claim in place of the emptyDir \"weights\" keeps them")
	c.note("on clusters of several kinds, add a nodeSelector for %s", s.Deployment.Device.Accelerator.Name)
	labels := mapping("app.kubernetes.io/name", s.Name)
	pod := mapping("metadata", mapping("labels", labels), "spec", mapping("containers", sequence(s.container(c, "engine", s.Deployment.World(), name)), "volumes", s.volumes(c)))
	deployment := mapping("apiVersion", "apps/v1", "kind", "Deployment", "metadata", mapping("name", s.Name, "labels", labels),
		"spec", mapping("replicas", s.Replicas, "selector", mapping("matchLabels", labels), "template", pod))
	service := mapping("apiVersion", "v1", "kind", "Service", "metadata", mapping("name", s.Name, "labels", labels),
		"spec", mapping("selector", labels, "ports", sequence(mapping("name", "http", "port", 80, "targetPort", "http"))))
	t, err := text(documents(s.options(c), deployment, service)...)
	return []File{{"kubernetes.yaml", t}}, err
}

func (s *Service) kserve(c *Command) ([]File, error) {
	name, err := resource(s.Deployment)
	if err != nil {
		return nil, err
	}
	if s.PerNode > 0 && s.Deployment.World() > s.PerNode {
		return nil, fmt.Errorf("launch: a replica of %d accelerators spans nodes of %d: accepted is the form lws", s.Deployment.World(), s.PerNode)
	}
	c.note("deploymentMode RawDeployment scales no replica to zero; weights are downloaded anew by every pod")
	predictor := mapping("minReplicas", s.Replicas, "maxReplicas", s.Replicas, "containers", sequence(s.container(c, "kserve-container", s.Deployment.World(), name)), "volumes", s.volumes(c))
	isvc := mapping("apiVersion", "serving.kserve.io/v1beta1", "kind", "InferenceService",
		"metadata", mapping("name", s.Name, "annotations", mapping("serving.kserve.io/deploymentMode", "RawDeployment")), "spec", mapping("predictor", predictor))
	t, err := text(documents(s.options(c), isvc)...)
	return []File{{"kserve.yaml", t}}, err
}

// lws is a group of pods for each replica that spans nodes.
func (s *Service) lws(c *Command) ([]File, error) {
	d := s.Deployment
	name, err := resource(d)
	if err != nil {
		return nil, err
	}
	if d.Engine.ID != "vllm" {
		return nil, fmt.Errorf("launch: how %s joins pods of a LeaderWorkerSet is not written here: accepted is vllm", d.Engine.Name)
	}
	per, size := d.World(), 1
	if s.PerNode > 0 && d.World() > s.PerNode {
		per, size = s.PerNode, d.World()/s.PerNode
	}
	if size == 1 {
		c.note("a replica fits one node: the form kubernetes does the same with less")
	}
	leader := append(append([]string{}, inContainer(c)...), "--nnodes", fmt.Sprint(size), "--node-rank", "0", "--master-addr", "$(LWS_LEADER_ADDRESS)")
	worker := append(append([]string{}, inContainer(c)...), "--nnodes", fmt.Sprint(size), "--node-rank", "$(LWS_WORKER_INDEX)", "--master-addr", "$(LWS_LEADER_ADDRESS)", "--headless")
	pod := func(role string, args []string) *yaml.Node {
		own := *c
		own.Args, own.Files = args, nil
		k := s.container(&own, "engine", per, name)
		if role == "worker" { // it answers nobody
			k = without(k, "ports", "startupProbe", "readinessProbe", "livenessProbe")
		}
		return mapping("metadata", mapping("labels", mapping("role", role, "app.kubernetes.io/name", s.Name)), "spec", mapping("containers", sequence(k), "volumes", s.volumes(&own)))
	}
	template := mapping("size", size, "restartPolicy", "RecreateGroupOnPodRestart", "leaderTemplate", pod("leader", leader), "workerTemplate", pod("worker", worker))
	set := mapping("apiVersion", "leaderworkerset.x-k8s.io/v1", "kind", "LeaderWorkerSet", "metadata", mapping("name", s.Name), "spec", mapping("replicas", s.Replicas, "leaderWorkerTemplate", template))
	service := mapping("apiVersion", "v1", "kind", "Service", "metadata", mapping("name", s.Name),
		"spec", mapping("selector", mapping("app.kubernetes.io/name", s.Name, "role", "leader"), "ports", sequence(mapping("name", "http", "port", 80, "targetPort", "http"))))
	t, err := text(set, service)
	return []File{{"lws.yaml", t}}, err
}

// without leaves keys of a mapping out.
func without(n *yaml.Node, keys ...string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(n.Content); i += 2 {
		drop := false
		for _, k := range keys {
			drop = drop || n.Content[i].Value == k
		}
		if !drop {
			out.Content = append(out.Content, n.Content[i], n.Content[i+1])
		}
	}
	return out
}
