package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// enginesCollector finds installed inference engines by their files. It starts
// none of them: a version that no file tells stays unknown.
type enginesCollector struct{ h *host }

func (c enginesCollector) Name() string { return "engines" }

func (c enginesCollector) Collect(_ context.Context, m *Machine) error {
	seen := make(map[string]bool)
	for _, find := range []func() []Engine{c.python, c.llamaCpp, c.ollama, c.lmStudio} {
		for _, e := range find() {
			if key := e.ID + "\x00" + e.Path; !seen[key] {
				seen[key] = true
				if e.Version == "" {
					e.Note = "no file tells the version, and nothing is started to ask for it"
				}
				m.Engines = append(m.Engines, e)
			}
		}
	}
	if len(m.Engines) == 0 {
		return fmt.Errorf("no engine found on PATH or in the usual places: %w", ErrAbsent)
	}
	return nil
}

// distributions are the Python packages that are engines, by the name that
// their metadata directory begins with.
var distributions = map[string]string{"vllm": "vllm", "sglang": "sglang", "tensorrt_llm": "tensorrt-llm"}

// python looks for engines among the packages of every Python environment.
func (c enginesCollector) python() []Engine {
	var found []Engine
	for _, site := range c.sitePackages() {
		for _, name := range c.h.list(site) {
			project, isInfo := strings.CutSuffix(name, ".dist-info")
			if !isInfo {
				continue
			}
			distribution, version, _ := strings.Cut(project, "-")
			if id := distributions[strings.ToLower(distribution)]; id != "" {
				found = append(found, Engine{ID: id, Version: version, Path: site})
			}
		}
	}
	return found
}

// sitePackages lists the package directories of the environments in use, of
// those on PATH and of the usual places, symbolic links resolved.
func (c enginesCollector) sitePackages() []string {
	home := c.h.home()
	prefixes := []string{c.h.getenv("VIRTUAL_ENV"), c.h.getenv("CONDA_PREFIX"), "/usr", "/usr/local", "/opt/venv", "/opt/conda"}
	for _, bin := range c.pathDirs() {
		prefixes = append(prefixes, filepath.Dir(bin))
	}
	prefixes = append(prefixes, c.h.glob("/opt/conda/envs/*")...)
	if home != "" {
		prefixes = append(prefixes, filepath.Join(home, ".local"))
		for _, pattern := range []string{
			"miniconda3", "anaconda3", "miniforge3", "miniconda3/envs/*", "anaconda3/envs/*", "miniforge3/envs/*",
			".local/share/uv/tools/*", ".local/share/pipx/venvs/*", ".local/pipx/venvs/*",
		} {
			prefixes = append(prefixes, c.h.glob(filepath.Join(home, pattern))...)
		}
	}
	if c.h.workDir != "" {
		prefixes = append(prefixes, filepath.Join(c.h.workDir, ".venv"))
	}
	var sites []string
	seen := make(map[string]bool)
	for _, prefix := range prefixes {
		if prefix == "" {
			continue
		}
		for _, pattern := range []string{"lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages", "Lib/site-packages"} {
			for _, site := range c.h.glob(filepath.Join(prefix, pattern)) {
				if real := c.h.resolve(site); !seen[real] {
					seen[real] = true
					sites = append(sites, real)
				}
			}
		}
	}
	return sites
}

func (c enginesCollector) pathDirs() []string {
	var dirs []string
	for _, dir := range filepath.SplitList(c.h.getenv("PATH")) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	return dirs
}

// program returns the paths, links resolved, under which a program lies on
// PATH or in the given directories.
func (c enginesCollector) program(name string, dirs ...string) []string {
	var found []string
	for _, dir := range append(c.pathDirs(), dirs...) {
		for _, file := range []string{name, name + ".exe"} {
			p := filepath.Join(dir, file)
			if c.h.exists(p) && !c.h.isDir(p) {
				found = append(found, c.h.resolve(p))
			}
		}
	}
	return found
}

// homebrewVersion finds the version in the path of a Homebrew keg:
// ".../Cellar/llama.cpp/6500/bin/llama-server".
var homebrewVersion = regexp.MustCompile(`/Cellar/[^/]+/([^/]+)/`)

// llamaBuild finds the build number in the name of a release directory:
// "llama-b6500-bin-ubuntu-x64".
var llamaBuild = regexp.MustCompile(`\bb(\d{4,6})\b`)

func (c enginesCollector) llamaCpp() []Engine {
	for _, name := range []string{"llama-server", "llama-cli"} {
		var found []Engine
		for _, p := range c.program(name, "/opt/homebrew/bin", "/usr/local/bin", "/opt/llama.cpp/bin", "/app") {
			e := Engine{ID: "llama.cpp", Path: p}
			if v := homebrewVersion.FindStringSubmatch(p); v != nil {
				e.Version = "b" + v[1] // Homebrew drops the b of the tag
			} else if v := llamaBuild.FindStringSubmatch(filepath.Dir(p)); v != nil {
				e.Version = "b" + v[1]
			}
			found = append(found, e)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func (c enginesCollector) ollama() []Engine {
	var found []Engine
	const app = "/Applications/Ollama.app"
	if c.h.isDir(app) {
		found = append(found, Engine{ID: "ollama", Path: app, Version: c.bundleVersion(app)})
	}
	var dirs []string
	if local := c.h.getenv("LOCALAPPDATA"); local != "" {
		dirs = append(dirs, filepath.Join(local, "Programs", "Ollama"))
	}
	for _, p := range c.program("ollama", append(dirs, "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")...) {
		if strings.HasPrefix(p, app) {
			continue // the link that the application installs
		}
		e := Engine{ID: "ollama", Path: p}
		if v := homebrewVersion.FindStringSubmatch(p); v != nil {
			e.Version = v[1]
		}
		found = append(found, e)
	}
	return found
}

func (c enginesCollector) lmStudio() []Engine {
	const app = "/Applications/LM Studio.app"
	if c.h.isDir(app) {
		return []Engine{{ID: "lm-studio", Path: app, Version: c.bundleVersion(app)}}
	}
	home := c.h.home()
	if home == "" {
		return nil
	}
	for _, dir := range []string{".lmstudio", ".cache/lm-studio"} {
		if p := filepath.Join(home, dir); c.h.isDir(p) {
			return []Engine{{ID: "lm-studio", Path: p}}
		}
	}
	return nil
}

// bundleString finds the version of a macOS application in its property list.
var bundleString = regexp.MustCompile(`<key>CFBundleShortVersionString</key>\s*<string>([^<]+)</string>`)

func (c enginesCollector) bundleVersion(app string) string {
	if v := bundleString.FindStringSubmatch(c.h.read(app + "/Contents/Info.plist")); v != nil {
		return v[1]
	}
	return ""
}
