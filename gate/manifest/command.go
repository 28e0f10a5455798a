package manifest

import (
	"path"
	"strconv"
	"strings"
)

// readCommand reads a shell script, or a command line alone.
func (r *reader) readCommand(src text) error {
	name := path.Base(r.names[0])
	if name == "." || name == "-" { // of no file
		name = "command"
	}
	if err := r.helm(src); err != nil {
		return err
	}
	count := 0
	s := r.newShell(nil, func(p program) {
		h := hosted{form: Command, name: name}
		if count++; count > 1 {
			h.name += "#" + strconv.Itoa(count)
		}
		if d := p.docker; d != nil {
			if d.name.s != "" {
				h.name = d.name.shown()
			}
			h.image = d.image
			if n := gpusOf(d.gpus.s); n > 0 {
				h.accelerators = n
				h.at(r, "accelerators", "--gpus", d.at)
			}
		}
		r.add(h, p)
	})
	return s.script(src)
}

// gpusOf counts the accelerators of docker run's --gpus; 0 all, or unknown.
func gpusOf(s string) int {
	s = strings.Trim(s, `"'`)
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n <= mostParallel {
		return n
	}
	for field := range strings.SplitSeq(s, ",capabilities") {
		if devices, ok := strings.CutPrefix(strings.TrimPrefix(field, "nvidia.com/gpu"), "device="); ok && devices != "all" {
			return 1 + strings.Count(devices, ",")
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(field, "count=")); err == nil && n > 0 && n <= mostParallel {
			return n
		}
	}
	return 0
}

// containerOf is a container that starts something.
type containerOf struct {
	image         text
	command, args []text // command replaces the image's own start
	env           map[string]text
	open          func(string) (text, bool)
	docker        *dockerRun
}

// container finds what a container starts: its command, or what its image starts
// with the arguments.
func (s *shell) container(c containerOf) error {
	list := append(c.command[:len(c.command):len(c.command)], c.args...)
	image := readImage(c.image.s)
	m := c.image.mark(mark{0, 1})
	found := 0
	inner := s.r.newShell(c.env, func(p program) {
		found++
		p.docker, p.open = c.docker, c.open
		s.found(p)
	})
	inner.files, inner.depth = s.files, s.depth+1
	if len(c.command) == 0 && image.entry != nil && (len(list) == 0 || !inner.startable(list)) {
		var entry []text
		for _, w := range image.entry {
			entry = append(entry, at(w, m))
		}
		list = append(entry, list...)
	}
	if len(list) == 0 {
		if image.engine != nil {
			s.r.note(m, "the container of %s has no command", c.image.shown())
		}
		return nil
	}
	if err := inner.run(list, c.env); err != nil {
		return err
	}
	if found == 0 && image.engine != nil {
		s.r.note(m, "what the container of %s starts is no server that is read: %s", c.image.shown(), shorten(texts(list).join().shown()))
	}
	return nil
}
