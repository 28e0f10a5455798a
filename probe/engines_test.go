package probe

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnginesInstalled(t *testing.T) {
	h := tree(t, `
-- venv/lib/python3.12/site-packages/vllm-0.19.0+cu128.dist-info/METADATA --
-- venv/lib/python3.12/site-packages/vllm_flash_attn-2.7.dist-info/METADATA --
-- venv/lib/python3.12/site-packages/sglang-0.5.9.dist-info/METADATA --
-- venv/lib64 -> lib --
-- usr/local/lib/python3.12/dist-packages/tensorrt_llm-1.2.0.dist-info/METADATA --
-- opt/conda/envs/serve/lib/python3.11/site-packages/vllm-0.11.2.dist-info/METADATA --
-- home/ada/.local/share/uv/tools/sglang/lib/python3.13/site-packages/sglang-0.5.8.dist-info/METADATA --
-- opt/homebrew/Cellar/llama.cpp/6500/bin/llama-server --
-- opt/homebrew/bin/llama-server -> ../Cellar/llama.cpp/6500/bin/llama-server --
-- tools/llama-b7123-bin-ubuntu-x64/llama-server --
-- usr/local/bin/ollama --
-- Applications/Ollama.app/Contents/Info.plist --
<plist><dict>
	<key>CFBundleShortVersionString</key>
	<string>0.12.6</string>
</dict></plist>
-- home/ada/.lmstudio/models/x --
`)
	h.getenv = environment(map[string]string{
		"HOME": "/home/ada", "VIRTUAL_ENV": "/venv", "PATH": "/venv/bin:relative:/opt/homebrew/bin:/tools/llama-b7123-bin-ubuntu-x64:/usr/local/bin",
	})
	m := collect(t, enginesCollector{h})
	want := []Engine{
		{ID: "sglang", Version: "0.5.9", Path: "/venv/lib/python3.12/site-packages"},
		{ID: "vllm", Version: "0.19.0+cu128", Path: "/venv/lib/python3.12/site-packages"},
		{ID: "tensorrt-llm", Version: "1.2.0", Path: "/usr/local/lib/python3.12/dist-packages"},
		{ID: "vllm", Version: "0.11.2", Path: "/opt/conda/envs/serve/lib/python3.11/site-packages"},
		{ID: "sglang", Version: "0.5.8", Path: "/home/ada/.local/share/uv/tools/sglang/lib/python3.13/site-packages"},
		{ID: "llama.cpp", Version: "b6500", Path: "/opt/homebrew/Cellar/llama.cpp/6500/bin/llama-server"},
		{ID: "llama.cpp", Version: "b7123", Path: "/tools/llama-b7123-bin-ubuntu-x64/llama-server"},
		{ID: "ollama", Version: "0.12.6", Path: "/Applications/Ollama.app"},
		{ID: "ollama", Path: "/usr/local/bin/ollama", Note: "no file tells the version, and nothing is started to ask for it"},
		{ID: "lm-studio", Path: "/home/ada/.lmstudio", Note: "no file tells the version, and nothing is started to ask for it"},
	}
	if diff := cmp.Diff(want, m.Engines); diff != "" {
		t.Errorf("engines (-want +got):\n%s", diff)
	}
}

func TestEnginesAbsent(t *testing.T) {
	err := enginesCollector{tree(t, "-- usr/lib/python3/dist-packages/numpy-2.0.dist-info/METADATA --\n")}.Collect(t.Context(), &Machine{})
	if !errors.Is(err, ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
}
