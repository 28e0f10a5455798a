package manifest

import (
	"fmt"
	"strings"
)

// kubernetes reads objects as a cluster is given them.
type kubernetes struct {
	*reader
	configs map[string]value // data of ConfigMaps by name
}

func (r *reader) readKubernetes(documents []value) error {
	k := &kubernetes{reader: r, configs: map[string]value{}}
	var objects []value
	for _, d := range documents {
		objects = append(objects, k.flat(d, 0)...)
	}
	for _, o := range objects {
		if o.get("kind").str() == "ConfigMap" {
			k.configs[o.get("metadata", "name").str()] = o.get("data")
		}
	}
	for _, o := range objects {
		if err := k.object(o); err != nil {
			return err
		}
	}
	return nil
}

// flat takes lists apart.
func (k *kubernetes) flat(o value, depth int) []value {
	if o.get("kind").str() != "List" || depth > 2 {
		return []value{o}
	}
	var list []value
	for _, item := range o.get("items").items() {
		if !k.spend(16) {
			break
		}
		list = append(list, k.flat(item, depth+1)...)
	}
	return list
}

// Paths to the pods of a kind.
var podPaths = map[string][]string{
	"Deployment": {"template", "spec"}, "StatefulSet": {"template", "spec"}, "ReplicaSet": {"template", "spec"}, "DaemonSet": {"template", "spec"},
	"ReplicationController": {"template", "spec"}, "Job": {"template", "spec"}, "CronJob": {"jobTemplate", "spec", "template", "spec"}, "Pod": {},
}

func (k *kubernetes) object(o value) error {
	kind, name := o.get("kind").str(), o.get("metadata", "name").str()
	h := hosted{form: Kubernetes, name: kind + "/" + name}
	h.at(k.reader, "", "metadata.name", o.get("metadata", "name").mark())
	spec := o.get("spec")
	switch kind {
	case "LeaderWorkerSet":
		return k.leaderWorkerSet(h, spec)
	case "InferenceService":
		return k.inferenceService(h, spec)
	case "LLMInferenceService":
		return k.llmInferenceService(h, spec)
	case "HorizontalPodAutoscaler", "ScaledObject":
		k.note(o.get("kind").mark(), "%s/%s changes the replicas while they run: they are counted as they are written in the object that it scales", kind, name)
		return nil
	case "RayService", "RayCluster", "NIMService", "DynamoGraphDeployment", "PodCliqueSet":
		k.note(o.get("kind").mark(), "%s/%s is not read", kind, name)
		return nil
	}
	path, ok := podPaths[kind]
	if !ok {
		return nil
	}
	key := "replicas"
	switch kind {
	case "Job":
		key = "parallelism"
	case "Pod":
		h.replicas = 1
		h.at(k.reader, "replicas", "kind", o.get("kind").mark())
	case "DaemonSet":
		key = ""
	}
	if key != "" {
		if err := k.replicas(&h, spec.get(key), "spec."+key); err != nil {
			return err
		}
	}
	services := len(k.services)
	if err := k.pod(h, spec.get(path...), nil); err != nil {
		return err
	}
	if kind == "DaemonSet" && len(k.services) > services {
		k.note(o.get("kind").mark(), "%s runs on every node that it may: how many there are is not in the file", h.name)
	}
	return nil
}

// replicas reads a count where there is one.
func (k *kubernetes) replicas(h *hosted, v value, key string) error {
	if !v.there() {
		return nil
	}
	n, err := v.number()
	if err != nil || n > mostSize {
		return k.fail(v.mark(), "%s of %s: %q is no whole number from 0 on", key, h.name, v.str())
	}
	if n == 0 {
		h.note(v.mark(), "%s of %s is 0: it is counted as not said", key, h.name)
	}
	h.replicas = n
	h.at(k.reader, "replicas", key, v.mark())
	return nil
}

// pod reads the containers of a pod.
func (k *kubernetes) pod(h hosted, spec value, env map[string]text) error {
	k.selected(&h, spec)
	containers := spec.get("containers").items()
	for _, c := range containers {
		if err := k.container(h, spec, c, env); err != nil {
			return err
		}
	}
	return nil
}

func (k *kubernetes) container(h hosted, pod, c value, outer map[string]text) error {
	h.image = c.get("image").text()
	k.resources(&h, c.get("resources"))
	env := k.environment(c, outer)
	s := k.newShell(nil, nil)
	loose := asWritten(c.get("command"), c.get("args"))
	for _, v := range c.get("env").items() { // called by the variable, since its value may be a secret
		loose = append(loose, called{v.get("value"), v.get("name").str()})
	}
	for _, key := range []string{"command", "args"} {
		if v := c.get(key); v.there() && !v.isList() {
			return k.fail(v.mark(), "%s of a container of %s: accepted is a list", key, h.name)
		}
	}
	before := len(k.services)
	s.found = func(p program) {
		if len(k.services) > before { // several servers of one container
			h.name = strings.TrimSuffix(h.name, "/"+c.get("name").str()) + "/" + c.get("name").str()
		}
		k.add(h, p)
		k.refuse(loose)
	}
	s.files = k.mounted(pod, c)
	command, args := c.get("command").items(), c.get("args").items()
	script := false // of a shell, where $(NAME) may be a command too
	for _, v := range append(command[:len(command):len(command)], args...) {
		script = script || shells[base(text{s: v.str()})]
	}
	return s.container(containerOf{image: h.image, command: k.words(command, env, !script), args: k.words(args, env, !script), env: env, open: s.open})
}

// called is a value, and what it is called in a message.
type called struct {
	value value
	name  string
}

// asWritten are the items of lists, called as they are written.
func asWritten(lists ...value) (list []called) {
	for _, l := range lists {
		for _, v := range l.items() {
			list = append(list, called{v, shorten(v.str())})
		}
	}
	return list
}

// refuse says of the service that was read last that its file has values that are
// no strings where only strings are taken.
func (r *reader) refuse(list []called) {
	s := &r.services[len(r.services)-1]
	for _, v := range list {
		n := v.value.real().n
		if n == nil || n.Tag != "!!int" && n.Tag != "!!float" && n.Tag != "!!bool" || len(s.Problems) >= maxServices {
			continue
		}
		message, change := v.name+" is no string where only strings are taken", fmt.Sprintf("quote it: %q", v.name)
		if v.name != shorten(v.value.str()) {
			message, change = "the value of "+message, "quote it"
		}
		s.Problems = append(s.Problems, Problem{At: r.position(v.value.mark(), v.name), Message: message, Change: change})
	}
}

// words are those of a command, with the variables that the kubelet replaces.
func (k *kubernetes) words(list []value, env map[string]text, strict bool) []text {
	var out []text
	for _, v := range list {
		out = append(out, k.expand(v.text(), env, strict))
	}
	return out
}

// environment is that of a container, after what is set from outside.
func (k *kubernetes) environment(c value, outer map[string]text) map[string]text {
	env := map[string]text{}
	for name, v := range outer {
		env[name] = v
	}
	for _, from := range c.get("envFrom").items() {
		prefix, data := from.get("prefix").str(), k.configs[from.get("configMapRef", "name").str()]
		for _, p := range data.pairs() {
			if t := p.text(); k.spend(len(t.s)) {
				env[prefix+p.key] = t
			}
		}
	}
	for _, v := range c.get("env").items() {
		name := v.get("name").str()
		if name == "" || !k.spend(16) {
			continue
		}
		ref := v.get("valueFrom", "configMapKeyRef")
		switch plain := k.configs[ref.get("name").str()].get(ref.get("key").str()); {
		case v.get("value").n != nil:
			env[name] = k.expand(v.get("value").text(), env, false)
		case ref.there() && plain.there():
			env[name] = plain.text()
		case v.get("valueFrom").there():
			env[name] = unknown(name, v.mark())
		default:
			env[name] = text{}
		}
	}
	return env
}

// expand replaces $(NAME) of what is set, and $$ by a dollar, as the kubelet does.
// What is not set stays as it is; strictly, it is unknown.
func (k *kubernetes) expand(t text, env map[string]text, strict bool) text {
	var out builder
	for k.spend(16) {
		i := strings.IndexByte(t.s, '$')
		if i < 0 || i+1 == len(t.s) {
			out.put(t)
			break
		}
		out.put(t.slice(0, i))
		end := i + 2
		if t.s[i+1] == '(' {
			end = i + 1 + strings.IndexByte(t.s[i:], ')')
		}
		switch next := t.s[i+1]; {
		case next == '$':
			out.add('$', t.at[i])
		case next == '(' && end > i:
			out.put(k.reference(t.slice(i, end), env, strict))
		default:
			out.add('$', t.at[i])
			end = i + 1
		}
		t = t.slice(end, len(t.s))
	}
	return out.text()
}

// reference is what $(NAME) stands for.
func (k *kubernetes) reference(t text, env map[string]text, strict bool) text {
	name := t.s[2 : len(t.s)-1]
	v, ok := env[name]
	switch {
	case ok && k.spend(len(v.s)):
		return v
	case !ok && strict && isName(name):
		return unknown(name, t.at[0])
	}
	return t
}

// mounted are the files of ConfigMaps that a container sees, by their paths.
func (k *kubernetes) mounted(pod, c value) map[string]text {
	files := map[string]text{}
	for _, m := range c.get("volumeMounts").items() {
		for _, v := range pod.get("volumes").items() {
			if v.get("name").str() != m.get("name").str() || m.get("name").str() == "" || !k.spend(16) {
				continue
			}
			data := k.configs[v.get("configMap", "name").str()]
			paths := map[string]string{}
			for _, item := range v.get("configMap", "items").items() {
				paths[item.get("key").str()] = item.get("path").str()
			}
			for _, field := range data.pairs() {
				name := field.key
				if p := paths[name]; p != "" {
					name = p
				}
				target := strings.TrimSuffix(m.get("mountPath").str(), "/") + "/" + name
				if sub := m.get("subPath").str(); sub == name {
					target = m.get("mountPath").str()
				}
				if content := field.text(); k.spend(len(content.s)) {
					files[target] = content
				}
			}
		}
	}
	return files
}
