package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
)

// What is read of a manifest is shown in comments and reports: keys are not.
func TestNoSecretsAreShown(t *testing.T) {
	for _, text := range []string{
		pod(1, "--model=x/y", `"--api-key sk-hunter2"`),
		pod(1, "--model=x/y", "--api-key=hunter2", "--frobnicate=hunter2") + "          env: [{name: API_KEY, value: 480012}]\n",
		"docker run -e HF_TOKEN=hunter2 vllm/vllm-openai:v0.11.0 --model x/y ' --api-key hunter2'\n",
		"vllm serve x/y --api-key hunter2 --api-key hunter2b\n",
		"llama-server -mu 'https://me:hunter2@host/m-Q4_K_M.gguf?token=hunter2' -ngl 99\n",
		"vllm serve s3://key:hunter2@bucket/x\n",
	} {
		services, notes, err := manifest.Read("run", []byte(text))
		if err != nil || len(services) != 1 {
			t.Errorf("%q: %v, %d services", text, err, len(services))
			continue
		}
		if shown := fmt.Sprintf("%+v %v", services, notes); strings.Contains(shown, "hunter2") || strings.Contains(shown, "480012") {
			t.Errorf("%q: a secret in %s", text, shown)
		}
	}
}
