package importer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Checkpoint is what a Hugging Face model directory says.
type Checkpoint struct {
	Model catalog.Model // assumptions made are in its Notes
	// Stored is what the safetensors files beside the configuration hold; nil
	// when there are none.
	Stored *Stored
}

// HF imports a model from its config.json, given by path or by the directory
// that holds it. Beside it, hf_quant_config.json, model.safetensors.index.json
// and the headers of *.safetensors are read where present.
//
// A model_type that the family table lacks is an error, unless the
// configuration has exactly the keys of a plain Llama, which the notes then
// say.
func HF(path string) (*Checkpoint, error) {
	file := path
	if st, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	} else if st.IsDir() {
		file = filepath.Join(path, "config.json")
	}
	root, err := readConfig(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("importer: %s: holds no config.json", path)
	} else if err != nil {
		return nil, fmt.Errorf("importer: %s: %w", file, err)
	}
	dir := filepath.Dir(file)
	m, err := readModel(root, dir)
	if err != nil {
		return nil, fmt.Errorf("importer: %s: %w", file, err)
	}
	m.ID = modelID(root, file)
	stored, err := readStored(dir, m)
	if err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	}
	if stored != nil {
		stored.annotate(m)
	}
	return &Checkpoint{Model: *m, Stored: stored}, nil
}

// readModel turns a configuration into a model; dir may be empty.
func readModel(root *config, dir string) (*catalog.Model, error) {
	if err := ofAnotherKind(root); err != nil {
		return nil, err
	}
	text := root
	if nested := root.sub("text_config", "llm_config", "language_config"); nested != nil {
		text = nested
	}
	for _, c := range []*config{root, text} {
		if t := c.str("model_type"); unsupported(t) != "" {
			return nil, unknownType(t)
		}
	}
	modelType, f := findFamily(text.str("model_type"), root.str("model_type"))
	m := &catalog.Model{Kind: catalog.Generative, Modality: "text", Source: "config.json", Trust: "A"}
	if f == nil {
		unknown := root.str("model_type")
		if !llamaLike(text) {
			return nil, unknownType(unknown)
		}
		modelType, f = findFamily("llama")
		m.Trust = "C"
		note(m, fmt.Sprintf("model_type %q is unknown; its keys are exactly those of a plain Llama, and it is read as one.", unknown))
	}
	m.Family = strings.TrimSuffix(modelType, "_text")
	for _, p := range f.parts {
		p(text, m)
		if err := root.err(); err != nil {
			return nil, err
		}
	}
	if !m.Arch.NoHead {
		m.Arch.TieEmbeddings = text.bool(root.bool(f.tied, "tie_word_embeddings", "tie_embedding"), "tie_word_embeddings", "tie_embedding")
	}
	purpose(root, dir, m)
	tower(root, m)
	mrope(text, m)
	var err error
	if m.Checkpoint, err = precision(root, text, dir, m); err != nil {
		return nil, err
	}
	if err := root.err(); err != nil {
		return nil, err
	}
	return m, plausible(m)
}

// plausible refuses what no model can be, such as a negative or absurd count.
func plausible(m *catalog.Model) error {
	n, err := m.Params()
	if err != nil {
		return err
	}
	if n <= 0 || n > 1e14 {
		return fmt.Errorf("the dimensions give %d parameters, which no model has", n)
	}
	return nil
}

// ofAnotherKind recognises JSON files that lie beside a config.json.
func ofAnotherKind(c *config) error {
	kinds := []struct{ key, is string }{
		{"_class_name", "a diffusers configuration"},
		{"_diffusers_version", "a diffusers configuration"},
		{"tokenizer_class", "a tokenizer configuration"},
		{"added_tokens", "a tokenizer"},
		{"image_processor_type", "an image processor configuration"},
		{"feature_extractor_type", "a feature extractor configuration"},
		{"weight_map", "a safetensors index"},
		{"peft_type", "an adapter configuration, not that of a whole model"},
		{"log_history", "a trainer state"},
	}
	if c.has("model_type") || c.has("hidden_size") && c.has("num_hidden_layers") {
		return nil
	}
	for _, k := range kinds {
		if c.has(k.key) {
			return fmt.Errorf("is %s (key %s), want a model's config.json", k.is, k.key)
		}
	}
	if has := c.names(8); has != "" {
		return fmt.Errorf("missing key model_type; has %s", has)
	}
	return errors.New("holds no keys, want model_type and the rest of a model's config.json")
}

// sequenceClassifier reports whether the checkpoint scores texts.
func sequenceClassifier(c *config) bool {
	for _, a := range c.strs("architectures") {
		if strings.HasSuffix(a, "ForSequenceClassification") {
			return true
		}
	}
	return false
}

// purpose tells generative models from embedders and rerankers: by the
// architecture's name, and by the pooling module of sentence-transformers.
func purpose(root *config, dir string, m *catalog.Model) {
	if m.Kind == catalog.Generative {
		for _, a := range root.strs("architectures") {
			switch {
			case strings.HasSuffix(a, "ForSequenceClassification"):
				m.Kind = catalog.Rerank
			case strings.HasSuffix(a, "Model") && !strings.HasPrefix(a, "ChatGLM"):
				m.Kind = catalog.Embedding
			}
		}
		if dir != "" {
			if _, err := os.Stat(filepath.Join(dir, "1_Pooling")); err == nil {
				m.Kind = catalog.Embedding
			}
		}
	}
	if m.Kind == catalog.Embedding {
		m.EmbedDim = m.Arch.Hidden
	}
	if m.Kind != catalog.Generative && !m.Arch.NoHead {
		m.Arch.TieEmbeddings = true // such checkpoints leave the head out
	}
}

// mrope accounts for three-axis rotary positions, for which vLLM builds tables
// of four times the context (a video's positions run beyond its tokens).
func mrope(text *config, m *catalog.Model) {
	params := text.sub("rope_parameters", "rope_scaling")
	three := params != nil && params.has("mrope_section")
	for _, family := range []string{"qwen2_vl", "qwen2_5_vl", "qwen3_vl"} {
		three = three || strings.HasPrefix(m.Family, family)
	}
	if three && m.Arch.RopePositions == 0 {
		m.Arch.RopePositions = 4 * m.MaxContext
	}
}

// hubCache matches the directories of the Hugging Face cache.
var hubCache = regexp.MustCompile(`models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]`)

// modelID finds the model's id: in the configuration, in the path of the
// Hugging Face cache, or the directory's name.
func modelID(root *config, file string) string {
	if id, _ := root.keys["_name_or_path"].(string); repoID.MatchString(id) {
		return id
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		abs = file
	}
	if m := hubCache.FindStringSubmatch(abs); m != nil {
		return m[1] + "/" + m[2]
	}
	if name := filepath.Base(filepath.Dir(abs)); filepath.Base(abs) == "config.json" && name != "." && name != string(filepath.Separator) {
		return name
	}
	return strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
}

// repoID matches "organisation/model".
var repoID = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`)
