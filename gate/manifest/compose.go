package manifest

import (
	"strconv"
	"strings"
)

// compose reads a file of Docker Compose.
type compose struct {
	*reader
	vars map[string]text // that the file's own ${NAME} stand for
	top  value
}

func (r *reader) readCompose(documents []value) error {
	for _, d := range documents {
		c := &compose{reader: r, vars: map[string]text{}, top: d}
		if src, ok := r.open(".env"); ok {
			c.vars = envFile(src)
		}
		services := d.get("services")
		for _, p := range services.pairs() {
			if err := c.service(p.key, c.layers(p.value, 0)); err != nil {
				return err
			}
		}
	}
	return nil
}

// layers are a service and those that it extends, itself first.
type layers []value

func (l layers) get(keys ...string) value {
	for _, v := range l {
		if found := v.get(keys...); found.there() {
			return found
		}
	}
	return value{}
}

func (c *compose) layers(v value, depth int) layers {
	list := layers{v}
	extends := v.get("extends")
	if !extends.there() || depth > 8 || !c.spend(1024) {
		return list
	}
	name, services := extends.str(), c.top.get("services")
	if extends.isMap() {
		name = extends.get("service").str()
		if file := extends.get("file"); file.there() {
			src, ok := c.open(file.str())
			documents, err := c.documents(src)
			if !ok || err != nil || len(documents) == 0 {
				c.note(file.mark(), "%s is not at hand, or no YAML: what the service extends is not known", file.str())
				return list
			}
			services = documents[0].get("services")
		}
	}
	return append(list, c.layers(services.get(name), depth+1)...)
}

func (c *compose) service(name string, l layers) error {
	h := hosted{form: Compose, name: name, image: c.text(l.get("image"))}
	h.at(c.reader, "", "services."+name, l[0].mark())
	own := c.environment(l)
	files := c.files(l)
	for _, key := range [][]string{{"deploy", "replicas"}, {"scale"}} {
		if v := l.get(key...); v.there() {
			n, err := c.text(v).number()
			if err != nil {
				return c.fail(v.mark(), "services.%s.%s: %v", name, strings.Join(key, "."), err)
			}
			h.replicas = n
			h.at(c.reader, "replicas", strings.Join(key, "."), v.mark())
			break
		}
	}
	c.accelerators(l, &h)
	if h.replicas > 1 && h.accelerators > 0 {
		h.note(l.get("deploy").mark(), "the %d replicas of %s are given the same accelerators on one host", h.replicas, name)
	}
	loose := asWritten(l.get("entrypoint"), l.get("command"))
	s := c.newShell(nil, func(p program) {
		c.add(h, p)
		c.refuse(loose)
	})
	s.files = files
	return s.container(containerOf{
		image: h.image, command: c.commandOf(l.get("entrypoint")), args: c.commandOf(l.get("command")), env: own, open: s.open,
	})
}

// number is a count, quoted or not.
func (t text) number() (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(t.s))
	if err != nil || n < 0 || n > mostSize {
		return 0, strconv.ErrRange
	}
	return n, nil
}

// commandOf is a string that is split as a shell does, or a list.
func (c *compose) commandOf(v value) []text {
	if !v.isList() {
		return c.text(v).words()
	}
	var list []text
	for _, item := range v.items() {
		list = append(list, c.text(item))
	}
	return list
}

// environment is that of the container: files first, then what the service says.
func (c *compose) environment(l layers) map[string]text {
	env := map[string]text{}
	for i := len(l) - 1; i >= 0; i-- {
		files := l[i].get("env_file")
		for _, v := range append(files.items(), files) {
			name := v.str()
			if v.isMap() {
				name = v.get("path").str()
			}
			if name == "" {
				continue
			}
			src, ok := c.open(name)
			if !ok {
				c.note(v.mark(), "%s is not at hand: what it sets is not known", name)
			}
			for key, value := range envFile(src) {
				env[key] = value
			}
		}
	}
	for i := len(l) - 1; i >= 0; i-- {
		v := l[i].get("environment")
		for _, p := range v.pairs() {
			if p.there() {
				env[p.key] = c.text(p.value)
			} else {
				env[p.key] = c.variable(p.key, p.mark())
			}
		}
		for _, item := range v.items() {
			key, value, ok := c.text(item).cut("=")
			if !ok {
				value = c.variable(key.s, item.mark())
			}
			env[key.s] = value
		}
	}
	return env
}

func (c *compose) variable(name string, m mark) text {
	if v, ok := c.vars[name]; ok {
		return v
	}
	return unknown(name, m)
}

// files are those that the service mounts, by their paths in the container.
func (c *compose) files(l layers) map[string]text {
	files := map[string]text{}
	for _, v := range l.get("configs").items() {
		name := v.str()
		target := "/" + name
		if v.isMap() {
			name = v.get("source").str()
			target = "/" + name
			if t := v.get("target").str(); t != "" {
				target = t
			}
		}
		config := c.top.get("configs", name)
		if content := config.get("content"); content.there() {
			files[target] = c.text(content)
		} else if src, ok := c.open(config.get("file").str()); ok {
			files[target] = src
		}
	}
	for _, v := range l.get("volumes").items() {
		source, target := v.get("source").str(), v.get("target").str()
		if !v.isMap() {
			parts := strings.Split(c.text(v).s, ":")
			if len(parts) < 2 {
				continue
			}
			source, target = parts[0], parts[1]
		}
		if src, ok := c.open(source); ok {
			files[target] = src
		}
	}
	return files
}

// accelerators are those that the service reserves.
func (c *compose) accelerators(l layers, h *hosted) {
	devices := l.get("deploy", "resources", "reservations", "devices")
	for _, d := range append(devices.items(), l.get("gpus").items()...) {
		if ids := d.get("device_ids"); len(ids.items()) > 0 {
			h.accelerators += len(ids.items())
			h.at(c.reader, "accelerators", "device_ids", ids.mark())
		} else if count := d.get("count"); count.there() {
			if n, err := c.text(count).number(); err == nil && n > 0 && n <= mostParallel {
				h.accelerators += n
				h.at(c.reader, "accelerators", "count", count.mark())
			} else if s := c.text(count); s.s != "all" && s.s != "-1" {
				h.note(count.mark(), "count %s is no number of accelerators", s.shown())
			}
		}
	}
}

// text is a scalar with the file's variables replaced.
func (c *compose) text(v value) text {
	t := v.text()
	if !c.spend(len(t.s)) {
		return text{}
	}
	return c.expand(t, 0)
}

// expand replaces $NAME, ${NAME}, ${NAME:-default} and so on, and $$ by a dollar.
func (c *compose) expand(t text, depth int) text {
	var out builder
	for {
		i := strings.IndexByte(t.s, '$')
		if i < 0 || i+1 == len(t.s) || depth > 8 || !c.spend(16) {
			out.put(t)
			return out.text()
		}
		out.put(t.slice(0, i))
		m := t.at[i]
		t = t.slice(i+1, len(t.s))
		end, name := closing(t.s), leading(t.s)
		switch {
		case t.s[0] == '$':
			out.add('$', m)
			t = t.slice(1, len(t.s))
		case end > 0:
			out.put(c.braced(t.slice(1, end), m, depth))
			t = t.slice(end+1, len(t.s))
		case name != "":
			out.put(c.variable(name, m))
			t = t.slice(len(name), len(t.s))
		default:
			out.add('$', m)
		}
	}
}

// leading is the name that a text begins with; "" none.
func leading(s string) string {
	n := 0
	for n < len(s) && isName(s[n:n+1]) || n > 0 && n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// closing is where the brace that a text begins with is closed; -1 there is none,
// or it is closed nowhere.
func closing(s string) int {
	if s == "" || s[0] != '{' {
		return -1
	}
	open := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// braced is what stands between ${ and }.
func (c *compose) braced(t text, m mark, depth int) text {
	name := leading(t.s)
	operator := t.slice(len(name), len(t.s))
	v, ok := c.vars[name]
	full := ok && v.s != ""
	for _, o := range []struct {
		sign string
		use  bool // the word that follows
	}{{":-", !full}, {"-", !ok}, {":+", full}, {"+", ok}} {
		word, found := strings.CutPrefix(operator.s, o.sign)
		if !found {
			continue
		}
		switch {
		case o.use:
			return c.expand(operator.slice(len(operator.s)-len(word), len(operator.s)), depth+1)
		case strings.HasSuffix(o.sign, "+"):
			return text{}
		}
		return v
	}
	return c.variable(name, m)
}
