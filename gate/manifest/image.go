package manifest

import (
	"regexp"
	"strings"
)

// imageOf is what the name of a container's image says.
type imageOf struct {
	engine  *engine // that it holds; nil: it is not known to hold one
	version string  // of the engine; empty: the name does not say
	pinned  bool    // by a tag that names a release, or by a digest
	entry   []string
}

// images are the engines' own, by the last parts of their names.
var images = []struct {
	name   string // last parts of the name
	engine *engine
	entry  []string // what it starts, before the arguments; nil: it needs a command
	tag    *regexp.Regexp
}{
	{"vllm/vllm-openai", vllm, []string{"vllm", "serve"}, release},
	{"vllm-openai", vllm, []string{"vllm", "serve"}, release},
	{"vllm/vllm-openai-rocm", vllm, []string{"vllm", "serve"}, release},
	{"lmsysorg/sglang", sglang, nil, release},
	{"sglang", sglang, nil, release},
	{"ggml-org/llama.cpp", llamaCpp, []string{"llama-server"}, build},
	{"ggerganov/llama.cpp", llamaCpp, []string{"llama-server"}, build},
	{"nvidia/tensorrt-llm/release", tensorRT, nil, release},
	{"tensorrt-llm/release", tensorRT, nil, release},
	{"kserve/huggingfaceserver", vllm, []string{"python", "-m", "huggingfaceserver"}, nil}, // its tag is KServe's
	{"tritonserver", tensorRT, nil, nil},                                                   // its tag is Triton's
	{"rocm/vllm", vllm, nil, nil},                                                          // its tag begins with ROCm's
	{"rocm/vllm-dev", vllm, nil, nil},
	{"nvidia/vllm", vllm, nil, nil}, // its tag is the month's
	{"vllm", vllm, []string{"vllm", "serve"}, nil},
	{"llama.cpp", llamaCpp, []string{"llama-server"}, nil},
}

var (
	release = regexp.MustCompile(`^v?([0-9]+\.[0-9]+(?:\.[0-9]+)*(?:\.?(?:post|rc|dev|a|b)[0-9]+)*)(?:[-_+].*)?$`)
	build   = regexp.MustCompile(`(?:^|-)(b[0-9]+)$`)
)

// image reads a name like registry/owner/name:tag@digest.
func readImage(name string) imageOf {
	name, digest, _ := strings.Cut(name, "@")
	tag := ""
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	for _, known := range images {
		if name != known.name && !strings.HasSuffix(name, "/"+known.name) {
			continue
		}
		i := imageOf{engine: known.engine, pinned: digest != "", entry: known.entry}
		if known.tag != nil {
			if m := known.tag.FindStringSubmatch(tag); m != nil {
				i.version, i.pinned = m[1], true
			}
		} else if tag != "" && tag != "latest" {
			i.pinned = true
		}
		if known.engine == llamaCpp && strings.HasPrefix(tag, "full") {
			i.entry = []string{"tools.sh"}
		}
		return i
	}
	return imageOf{}
}
