package launch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// visible is the environment that shows a process some accelerators only.
func (p *part) visible(devices []int) []string {
	if len(devices) == 0 {
		return nil
	}
	variable := map[string]string{"nvidia": "CUDA_VISIBLE_DEVICES", "amd": "HIP_VISIBLE_DEVICES", "intel": "ZE_AFFINITY_MASK"}[p.platform()]
	if variable == "" {
		return nil // a system has one of the others
	}
	return []string{variable + "=" + strings.Join(texts(devices), ",")}
}

func texts(numbers []int) []string {
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = strconv.Itoa(n)
	}
	return list
}

// resource is the name by which Kubernetes' device plugin counts accelerators.
func (p *part) resource() string {
	switch p.platform() {
	case "nvidia":
		return "nvidia.com/gpu"
	case "amd":
		return "amd.com/gpu"
	case "intel":
		if p.d.Device.Accelerator.Architecture == "Xe2" { // its cards come with the driver xe, those before with i915
			return "gpu.intel.com/xe"
		}
		return "gpu.intel.com/i915"
	}
	return ""
}

// image is the container, and the program's name in it.
func (p *part) image() (string, error) {
	if p.platform() == "apple" {
		return "", fmt.Errorf("containers on a Mac do not reach its GPU: form %q starts the engine without one", Commands)
	}
	if p.s.Image != "" {
		return p.s.Image, nil
	}
	name := p.published()
	if name == "" {
		return "", &MissingError{"image", fmt.Sprintf("no image of %s %s for %s is known: name one", p.d.Engine.Name, p.d.Release, p.d.Device.Accelerator.Name)}
	}
	p.note("%s is the tag that release %s leads to: check that it is published", name, p.d.Release)
	return name, nil
}

// published is the engine's image by the naming of its makers; "" none known.
// The tags of SGLang for AMD name a release of ROCm and a board too, which the
// engine's release does not say.
func (p *part) published() string {
	tag := tagOf(p.d.Release)
	switch p.d.Engine.ID + " " + p.platform() {
	case "vllm nvidia":
		return "vllm/vllm-openai:v" + tag
	case "vllm amd":
		if !catalog.Reached(p.d.Release, "0.14") { // before, AMD's images alone, under names of their own
			return ""
		}
		return "vllm/vllm-openai-rocm:v" + tag
	case "sglang nvidia":
		return "lmsysorg/sglang:v" + tag
	case "tensorrt-llm nvidia":
		return "nvcr.io/nvidia/tensorrt-llm/release:" + tag
	case "llama.cpp nvidia":
		return "ghcr.io/ggml-org/llama.cpp:server-cuda-" + p.d.Release
	case "llama.cpp amd":
		return "ghcr.io/ggml-org/llama.cpp:server-rocm-" + p.d.Release
	case "llama.cpp intel":
		return "ghcr.io/ggml-org/llama.cpp:server-intel-" + p.d.Release
	case "llama.cpp cpu":
		return "ghcr.io/ggml-org/llama.cpp:server-" + p.d.Release
	}
	return ""
}

// tagOf writes a release with three numbers, as tags have them: 0.19 is 0.19.0.
func tagOf(release string) string {
	release = strings.TrimPrefix(release, "v")
	end := strings.IndexFunc(release, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(release)
	}
	numbers, rest := strings.TrimSuffix(release[:end], "."), release[end:]
	for strings.Count(numbers, ".") < 2 {
		numbers += ".0"
	}
	if end < len(release) && release[:end] != strings.TrimSuffix(release[:end], ".") {
		rest = "." + rest // 0.5.6.post1
	}
	return numbers + rest
}
