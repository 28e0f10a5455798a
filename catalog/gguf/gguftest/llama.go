package gguftest

import "fmt"

// Shape is that of a Llama-like model.
type Shape struct {
	Layers, Hidden, Heads, KVHeads, FeedForward, Vocab int
	Type                                               string // of the matrices
}

// fileTypes are llama.cpp's numbers for files of one type.
var fileTypes = map[string]uint32{"F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K": 14, "Q6_K": 18}

// Llama is a whole model of a shape, with a tokenizer that knows bytes: llama.cpp
// loads and runs it when it is written with [File.WriteRandom].
func Llama(name string, s Shape) File {
	u := func(n int) uint32 { return uint32(n) }
	f := File{Meta: []KV{
		Pair("general.architecture", "llama"), Pair("general.name", name), Pair("general.file_type", fileTypes[s.Type]),
		Pair("llama.block_count", u(s.Layers)), Pair("llama.context_length", uint32(4096)), Pair("llama.embedding_length", u(s.Hidden)),
		Pair("llama.feed_forward_length", u(s.FeedForward)), Pair("llama.attention.head_count", u(s.Heads)), Pair("llama.attention.head_count_kv", u(s.KVHeads)),
		Pair("llama.attention.layer_norm_rms_epsilon", float32(1e-5)), Pair("llama.rope.dimension_count", u(s.Hidden/s.Heads)), Pair("llama.vocab_size", u(s.Vocab)),
	}}
	f.Meta = append(f.Meta, byteTokenizer(s.Vocab)...)
	hidden, ff, kv, vocab := int64(s.Hidden), int64(s.FeedForward), int64(s.Hidden/s.Heads*s.KVHeads), int64(s.Vocab)
	f.Tensors = []Tensor{Weight("token_embd.weight", s.Type, hidden, vocab), Weight("output_norm.weight", "F32", hidden), Weight("output.weight", s.Type, hidden, vocab)}
	for i := range s.Layers {
		add := func(tensor, typ string, dims ...int64) {
			f.Tensors = append(f.Tensors, Weight(fmt.Sprintf("blk.%d.%s.weight", i, tensor), typ, dims...))
		}
		add("attn_norm", "F32", hidden)
		add("attn_q", s.Type, hidden, hidden)
		add("attn_k", s.Type, hidden, kv)
		add("attn_v", s.Type, hidden, kv)
		add("attn_output", s.Type, hidden, hidden)
		add("ffn_norm", "F32", hidden)
		add("ffn_gate", s.Type, hidden, ff)
		add("ffn_up", s.Type, hidden, ff)
		add("ffn_down", s.Type, ff, hidden)
	}
	return f
}

// Kinds of tokens in a GGUF vocabulary.
const (
	normalToken, unknownToken, controlToken, byteToken = 1, 2, 3, 6
)

// byteTokenizer is a SentencePiece vocabulary of control tokens, the 256 bytes and
// words that no text holds.
func byteTokenizer(vocab int) []KV {
	tokens, scores, kinds := []string{"<unk>", "<s>", "</s>"}, []float32{0, 0, 0}, []int32{unknownToken, controlToken, controlToken}
	add := func(token string, kind int32) {
		tokens, scores, kinds = append(tokens, token), append(scores, 0), append(kinds, kind)
	}
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), byteToken)
	}
	for len(tokens) < vocab {
		add(fmt.Sprintf("\u2581w%d", len(tokens)), normalToken)
	}
	return []KV{
		Pair("tokenizer.ggml.model", "llama"), Pair("tokenizer.ggml.tokens", tokens), Pair("tokenizer.ggml.scores", scores), Pair("tokenizer.ggml.token_type", kinds),
		Pair("tokenizer.ggml.bos_token_id", uint32(1)), Pair("tokenizer.ggml.eos_token_id", uint32(2)), Pair("tokenizer.ggml.unknown_token_id", uint32(0)),
	}
}
