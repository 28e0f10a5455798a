package manifest

import (
	"maps"
	"strings"
)

// dockerRun is what docker run says beside the command.
type dockerRun struct {
	name, image text
	gpus        text // of --gpus
	at          mark // of --gpus
	entrypoint  []text
	env         map[string]text
	args        []text // after the image
}

// switches of docker run take no value; all other options do.
var switches = words(`-d --detach -i --interactive -t --tty -it -ti -itd -dit -tid --rm --privileged --init --read-only -P --publish-all
	--no-healthcheck --oom-kill-disable --sig-proxy --replace --tls-verify -dt -td -di --help --use-api-socket`)

// docker reads docker run.
func (s *shell) docker(list []text) error {
	i := 1
	if i < len(list) && list[i].s == "container" {
		i++
	}
	if i >= len(list) || list[i].s != "run" && list[i].s != "create" {
		return nil
	}
	run := &dockerRun{env: map[string]text{}}
	for i++; i < len(list); i++ {
		w := list[i]
		if !strings.HasPrefix(w.s, "-") {
			run.image, run.args = w, list[i+1:]
			break
		}
		option, value, given := w.cut("=")
		switch {
		case given:
		case !strings.HasPrefix(w.s, "--") && len(w.s) > 2 && strings.ContainsRune("epvw", rune(w.s[1])) && !switches[w.s]:
			option, value = w.slice(0, 2), w.slice(2, len(w.s))
		case !switches[w.s] && i+1 < len(list):
			i++
			value = list[i]
		}
		run.option(s, option, value)
	}
	if run.image.s == "" {
		return nil
	}
	return s.container(containerOf{image: run.image, command: run.entrypoint, args: run.args, env: run.env, open: s.open, docker: run})
}

// option takes one option of docker run.
func (d *dockerRun) option(s *shell, option, value text) {
	switch option.s {
	case "--gpus", "--device":
		if option.s == "--gpus" || strings.HasPrefix(value.s, "nvidia.com/gpu=") {
			d.gpus, d.at = value, option.mark(mark{0, 1})
		}
	case "--name":
		d.name = value
	case "--entrypoint":
		d.entrypoint = []text{value}
	case "-e", "--env":
		name, v, ok := value.cut("=")
		if own, known := s.scope.vars[name.s]; !ok && known && len(own.list) > 0 {
			v, ok = own.list[0], true
		}
		if ok {
			d.env[name.s] = v
		}
	case "--env-file":
		src, ok := s.open(value.s)
		if !ok {
			s.r.note(value.mark(mark{0, 1}), "%s is not at hand: what it sets is not known", value.shown())
			return
		}
		maps.Copy(d.env, envFile(src))
	}
}

// envFile reads lines NAME=VALUE.
func envFile(src text) map[string]text {
	env := map[string]text{}
	for rest, more := src, true; more; {
		var line text
		line, rest, more = rest.cut("\n")
		line = line.trim()
		name, value, ok := line.cut("=")
		name = text{strings.TrimSpace(strings.TrimPrefix(name.s, "export ")), nil}
		if !ok || strings.HasPrefix(line.s, "#") || !isName(name.s) {
			continue
		}
		value = value.trim()
		if n := len(value.s); n >= 2 && (value.s[0] == '"' || value.s[0] == '\'') && value.s[n-1] == value.s[0] {
			value = value.slice(1, n-1)
		} else if i := strings.Index(value.s, " #"); i >= 0 {
			value = value.slice(0, i).trim()
		}
		env[name.s] = value
	}
	return env
}
