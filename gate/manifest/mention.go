package manifest

import "bytes"

// Mentions reports whether a text has the name of an engine in it at all, or of an object
// that stands for one: whether it may be meant, though it cannot be read.
func Mentions(data []byte) bool {
	lower := bytes.ToLower(data)
	for _, word := range []string{"vllm", "sglang", "llama", "trtllm", "tensorrt", "huggingfaceserver", "inferenceservice"} {
		if bytes.Contains(lower, []byte(word)) {
			return true
		}
	}
	return false
}
