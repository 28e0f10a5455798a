package importer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Stored is what the safetensors files of a checkpoint hold.
type Stored struct {
	Files   int      // files whose headers were read
	Missing []string // files that the index names and that are not there
	Bytes   int64    // tensor data; from the index when files are missing
	// Elements counts the entries of each dtype as stored ("BF16"); packed
	// 4-bit values count as the integers that hold them.
	Elements map[string]int64
	// Params counts weights, packed values unpacked; 0 when files are missing.
	Params int64

	names      []string // of all tensors, from the index or else the headers
	indexed    bool
	indexBytes int64 // metadata.total_size, 0 when not stated
}

const (
	indexName = "model.safetensors.index.json"
	// maxHeader is the limit of the safetensors format.
	maxHeader = 100_000_000
)

// readStored reads the index and the headers of the files in dir; nil when
// there is neither.
func readStored(dir string, m *catalog.Model) (*Stored, error) {
	s := &Stored{Elements: map[string]int64{}}
	files, err := s.readIndex(filepath.Join(dir, indexName))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexName, err)
	}
	if files == nil {
		if files, err = filepath.Glob(filepath.Join(escapeGlob(dir), "*.safetensors")); err != nil {
			return nil, err
		}
		// Mistral repositories hold all weights a second time under this name.
		files = slices.DeleteFunc(files, func(f string) bool {
			return len(files) > 1 && strings.HasPrefix(filepath.Base(f), "consolidated")
		})
		if len(files) == 0 {
			return nil, nil
		}
	}
	for _, f := range files {
		switch err := s.readHeader(f, m.Checkpoint); {
		case errors.Is(err, os.ErrNotExist):
			s.Missing = append(s.Missing, filepath.Base(f))
		case err != nil:
			return nil, fmt.Errorf("%s: %w", f, err)
		default:
			s.Files++
		}
	}
	if len(s.Missing) > 0 {
		s.Params, s.Elements = 0, nil
		s.Bytes = s.indexBytes
		s.Params = fromBytes(s.Bytes, m.Checkpoint)
	}
	return s, nil
}

// escapeGlob keeps a directory's name from being read as a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "*", `\*`, "?", `\?`).Replace(dir)
}

// readIndex returns the files that the index names, nil without an index.
func (s *Stored) readIndex(file string) ([]string, error) {
	c, err := readConfig(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	weights := c.sub("weight_map")
	if weights == nil {
		return nil, fmt.Errorf("missing key weight_map")
	}
	seen := map[string]bool{}
	for name := range weights.keys {
		f := weights.str(name)
		if f == "" || f != filepath.Base(f) {
			return nil, fmt.Errorf("weight_map: %s lies in %q, want a file name", name, f)
		}
		seen[f] = true
		s.names = append(s.names, name)
	}
	files := make([]string, 0, len(seen))
	for f := range seen {
		files = append(files, filepath.Join(filepath.Dir(file), f))
	}
	slices.Sort(files)
	s.indexed = true
	if meta := c.sub("metadata"); meta != nil {
		if size := meta.float(0, "total_size"); size > 0 && size < 1e15 {
			s.indexBytes = int64(size)
		}
	}
	return files, c.err()
}

// fromBytes counts the weights of an unquantised checkpoint.
func fromBytes(bytes int64, checkpoint string) int64 {
	switch checkpoint {
	case "bf16", "fp16":
		return bytes / 2
	case "fp32":
		return bytes / 4
	}
	return 0
}

// stTensor is a tensor in a safetensors header.
type stTensor struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// readHeader adds the tensors of one file.
func (s *Stored) readHeader(file, checkpoint string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	tensors, data, err := stHeader(f, st.Size())
	if err != nil {
		return err
	}
	for name, t := range tensors {
		n, err := t.elements(data)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
		s.Elements[t.DType] += n
		s.Bytes += t.Offsets[1] - t.Offsets[0]
		s.Params += n * packed(name, t.DType, checkpoint)
		if !s.indexed {
			s.names = append(s.names, name)
		}
	}
	return nil
}

// stHeader reads the 8-byte length and the JSON that describes the tensors,
// and returns them with the size of the data behind them.
func stHeader(r io.Reader, size int64) (map[string]stTensor, int64, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, 0, fmt.Errorf("offset 0: expected the 8-byte header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, 0, fmt.Errorf("offset 0: header of %d bytes does not fit the file of %d (limit %d): truncated, or not a safetensors file", n, size, maxHeader)
	}
	raw := map[string]json.RawMessage{}
	if err := json.NewDecoder(io.LimitReader(r, int64(n))).Decode(&raw); err != nil {
		return nil, 0, fmt.Errorf("offset 8: header is not JSON: %w", err)
	}
	tensors := make(map[string]stTensor, len(raw))
	for name, v := range raw {
		if name == "__metadata__" {
			continue
		}
		var t stTensor
		if err := json.Unmarshal(v, &t); err != nil {
			return nil, 0, fmt.Errorf("tensor %s: %w", name, err)
		}
		tensors[name] = t
	}
	return tensors, size - 8 - int64(n), nil
}

// elements multiplies the shape and holds the offsets against the data.
func (t stTensor) elements(data int64) (int64, error) {
	n := int64(1)
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/8/d {
			return 0, fmt.Errorf("shape %v is negative or overflows", t.Shape)
		}
		n *= d
	}
	if t.Offsets[0] < 0 || t.Offsets[1] < t.Offsets[0] || t.Offsets[1] > data {
		return 0, fmt.Errorf("data offsets %v lie outside the %d bytes of data: truncated file", t.Offsets, data)
	}
	return n, nil
}

// packed is how many weights one stored element of a quantised matrix holds.
func packed(name, dtype, checkpoint string) int64 {
	perInt := int64(8)
	if checkpoint == "int8" {
		perInt = 4
	}
	switch {
	case dtype == "I32" && (strings.HasSuffix(name, ".qweight") || strings.HasSuffix(name, ".weight_packed")):
		return perInt
	case dtype == "U8" && (strings.HasSuffix(name, "_blocks") || strings.HasSuffix(name, ".weight") || strings.HasSuffix(name, ".weight_packed")):
		switch checkpoint {
		case "nvfp4", "mxfp4", "bnb-nf4":
			return 2
		}
	}
	return 1
}

// annotate puts what the files say into the model: the total, a prediction
// module that the configuration does not mention, and why the counts differ.
func (s *Stored) annotate(m *catalog.Model) {
	s.predictionModule(m)
	if len(s.Missing) > 0 {
		note(m, fmt.Sprintf("%d of %d safetensors files are missing.", len(s.Missing), len(s.Missing)+s.Files))
	}
	if m.CheckpointParams = s.Params; s.Params == 0 {
		return
	}
	if counted, err := m.CheckpointElements(); err == nil && counted != s.Params {
		diff := s.Params - counted
		m.CheckpointNote = fmt.Sprintf("files hold %+d parameters (%+.3f %%) against the architecture's %d", diff, 100*float64(diff)/float64(counted), counted)
	}
}

// predictionModule finds multi-token-prediction layers by their names: "mtp."
// or layers beyond the last.
func (s *Stored) predictionModule(m *catalog.Model) {
	beyond := fmt.Sprintf("layers.%d.", m.Arch.Layers)
	found, own := false, false
	for _, name := range s.names {
		in := strings.HasPrefix(name, "mtp.") || strings.Contains(name, ".mtp.") || strings.Contains(name, beyond) && !ofEncoder(name)
		found = found || in
		own = own || in && strings.Contains(name, "embed_tokens")
	}
	switch {
	case !found && len(s.names) > 0:
		m.Arch.MTP = nil // the configuration names one that the files leave out
	case found && m.Arch.MTP == nil:
		m.Arch.MTP = &catalog.MTP{Layers: 1, OwnEmbeddings: own}
	case found && m.Arch.MTP.Params == 0:
		m.Arch.MTP.OwnEmbeddings = own
	}
}

// ofEncoder reports whether a tensor belongs to a vision or audio encoder,
// whose layers are counted apart from the decoder's.
func ofEncoder(name string) bool {
	for _, part := range []string{"visual", "vision", "audio", "encoder"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
