package launch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

// Of every engine, model, part and form: a refusal or files that hold together.
func TestRender(t *testing.T) {
	compose, kubernetes, known, written := schemaOf(t, "compose-spec.json"), schemaOf(t, "kubernetes.json"), names(t), map[launch.Form]int{}
	turn := 0
	swept(t, func(name string, s launch.Service) {
		turn++
		for i, form := range launch.Forms() {
			if (i+turn)%2 == 0 { // each deployment in half of the forms, by turns
				continue
			}
			files, _, err := launch.Render(s, form)
			if err != nil {
				if files != nil || strings.Contains(err.Error(), "%!") {
					t.Errorf("%s as %s: %v", name, form, err)
				}
				continue
			}
			written[form]++
			c := checker{form: form, compose: compose, kubernetes: kubernetes, known: known, service: s}
			for _, f := range files {
				if err := c.check(f); err != nil {
					t.Errorf("%s as %s: %s: %v\n%s", name, form, f.Name, err, f.Text)
				}
			}
			if err := c.accelerators(); err != nil {
				t.Errorf("%s as %s: %v", name, form, err)
			}
		}
	})
	for _, form := range launch.Forms() {
		if written[form] < 10 {
			t.Errorf("%s: %d sets of files only", form, written[form])
		}
	}
}

// checker holds files against what their readers accept, and counts the
// accelerators that they take.
type checker struct {
	form                launch.Form
	compose, kubernetes *schema
	known               map[string][]string
	service             launch.Service
	host                string
	devices             map[string]int // by host and number, how often each is taken
	taken               int
}

func (c *checker) check(f launch.File) error {
	engine := c.service.Deployment.Engine.ID
	for word := range strings.FieldsSeq(f.Text) { // nodes of a group have options of their own
		if strings.HasPrefix(word, "--") && word != "---" && !contains(c.known[engine], word) {
			return fmt.Errorf("%s has no option %s", engine, word)
		}
	}
	c.host = ""
	switch {
	case strings.HasSuffix(f.Name, ".sh"):
		return c.script(f.Text)
	case f.Name == "Modelfile":
		return c.modelfile(f.Text)
	case c.form == launch.Compose:
		c.host = f.Name
		return c.composeFile(f.Text)
	case c.form == launch.Commands: // the engine's own
		return yaml.Unmarshal([]byte(f.Text), new(map[string]any))
	}
	return c.objects(f.Text)
}

// accelerators are those of all replicas, none of them taken twice.
func (c *checker) accelerators() error {
	d := c.service.Deployment
	want := d.World() * d.DP
	if p := c.service.Prefill; p != nil && c.form != launch.Ollama {
		want += p.World() * p.DP
	}
	if platform := d.Device.Accelerator.Platform(); platform == "cpu" || platform == "apple" {
		want = 0
	}
	for id, n := range c.devices {
		if n != 1 {
			return fmt.Errorf("accelerator %s is taken %d times", id, n)
		}
	}
	if got := c.taken + len(c.devices); got != want {
		return fmt.Errorf("%d accelerators are taken of %d", got, want)
	}
	return nil
}

func (c *checker) take(ids string) {
	if c.devices == nil {
		c.devices = map[string]int{}
	}
	for id := range strings.SplitSeq(ids, ",") {
		c.devices[c.host+" "+id]++
	}
}

// script has exports and a command, which a shell splits into words.
func (c *checker) script(text string) error {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", ""), "\n") {
		words, err := split(line)
		switch {
		case err != nil:
			return fmt.Errorf("%q: %w", line, err)
		case strings.HasPrefix(line, "# on host"):
			c.host = line
		case strings.HasPrefix(line, "#") || line == "":
		case words[0] == "export":
			name, value, _ := strings.Cut(words[1], "=")
			if strings.HasSuffix(name, "_DEVICES") || name == "ZE_AFFINITY_MASK" {
				c.take(value)
			}
			if c.form == launch.Ollama && !contains(c.known["ollama"], name) {
				return fmt.Errorf("no variable %s", name)
			}
		case words[0] != "exec":
			return fmt.Errorf("%q is neither export nor exec", line)
		case c.form == launch.Commands:
			process, _, err := decoding(c.service)
			if err != nil || words[1] != process.Argv[0] {
				return fmt.Errorf("%q starts something else: %v", line, err)
			}
		}
	}
	return nil
}

func (c *checker) modelfile(text string) error {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		switch words[0] {
		case "#", "FROM":
		case "PARAMETER":
			if n, err := strconv.Atoi(words[2]); !contains(c.known["ollama"], words[1]) || err != nil || n < 0 {
				return fmt.Errorf("%q", line)
			}
		default:
			return fmt.Errorf("%q", line)
		}
	}
	return nil
}

// composeFile is held against the schema.
func (c *checker) composeFile(text string) error {
	v, err := plain([]byte(text))
	if err != nil {
		return err
	}
	if err := c.compose.check(c.compose, "", v); err != nil {
		return err
	}
	ports := map[string]bool{}
	for name, s := range v.(map[string]any)["services"].(map[string]any) {
		service := s.(map[string]any)
		if list, ok := service["ports"].([]any); ok {
			if port := list[0].(string); ports[port] {
				return fmt.Errorf("%s: port %s is taken", name, port)
			} else {
				ports[port] = true
			}
		}
		for _, word := range service["command"].([]any) {
			if word := strings.ReplaceAll(word.(string), "$$", ""); strings.Contains(word, "$") {
				return fmt.Errorf("%s: %q has a variable", name, word)
			}
		}
		if deploy, ok := service["deploy"]; ok {
			at := deploy.(map[string]any)["resources"].(map[string]any)["reservations"].(map[string]any)["devices"].([]any)[0].(map[string]any)
			for _, id := range at["device_ids"].([]any) {
				c.take(id.(string))
			}
		}
		for key, value := range service["environment"].(map[string]any) {
			if key == "HIP_VISIBLE_DEVICES" || key == "ZE_AFFINITY_MASK" {
				c.take(value.(string))
			}
		}
	}
	return nil
}

// plain is YAML as JSON has it.
func plain(text []byte) (v any, err error) {
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(v); err != nil {
		return nil, err
	}
	v = nil
	return v, json.Unmarshal(text, &v)
}

// objects are Kubernetes', each held against the schema of its kind, and decoded
// strictly for what no schema knows.
func (c *checker) objects(text string) error {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	labels, services, served := map[string]int{}, 0, 0
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := c.held(&node); err != nil {
			return err
		}
		o, err := decodeObject(&node)
		if err != nil {
			return err
		}
		taken, err := o.check(labels)
		if err != nil {
			return fmt.Errorf("%T: %w", o, err)
		}
		c.taken += taken
		switch o.(type) {
		case *serviceObject:
			services++
		case *configMap:
		default:
			served++
		}
	}
	if want := served; c.form != launch.KServe && services != want || served == 0 {
		return fmt.Errorf("%d Services of %d sets of pods", services, served)
	}
	for selector, n := range labels {
		if n < 0 {
			return fmt.Errorf("no pod has %s", selector)
		}
	}
	return nil
}

// held checks an object against the schema of its kind.
func (c *checker) held(node *yaml.Node) error {
	text, err := yaml.Marshal(node)
	if err != nil {
		return err
	}
	v, err := plain(text)
	if err != nil {
		return err
	}
	o, _ := v.(map[string]any)
	kind := fmt.Sprintf("%v %v", o["apiVersion"], o["kind"])
	s, ok := c.kubernetes.Defs[kind]
	if !ok {
		return fmt.Errorf("no schema of %s", kind)
	}
	return c.kubernetes.check(&s, kind, v)
}
