package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf/gguftest"
)

// sample has one value of every kind and tensors of three types.
var sample = gguftest.File{
	Meta: []gguftest.KV{
		gguftest.Pair("general.architecture", "llama"),
		gguftest.Pair("general.file_type", uint32(15)),
		gguftest.Pair("u8", uint8(200)), gguftest.Pair("i8", int8(-3)), gguftest.Pair("u16", uint16(60000)), gguftest.Pair("i16", int16(-300)),
		gguftest.Pair("i32", int32(-70000)), gguftest.Pair("u64", uint64(1<<40)), gguftest.Pair("i64", int64(-1<<40)),
		gguftest.Pair("f32", float32(0.5)), gguftest.Pair("f64", 0.25), gguftest.Pair("yes", true), gguftest.Pair("no", false),
		gguftest.Pair("per.layer", []uint32{8, 8, 0, 8}),
		gguftest.Pair("pattern", []bool{true, false, true}),
		gguftest.Pair("tokens", []string{"a", "bb", ""}),
		gguftest.Pair("scores", make([]float32, 10000)),
		gguftest.Pair("merges", longList(5000)),
		gguftest.Pair("after", int32(7)),
	},
	Tensors: []gguftest.Tensor{
		gguftest.Weight("token_embd.weight", "Q4_K", 256, 100),
		gguftest.Weight("output_norm.weight", "F32", 10),
		gguftest.Weight("blk.0.ffn_down_exps.weight", "Q6_K", 512, 3, 2),
	},
}

func longList(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "x"
	}
	return out
}

func write(t *testing.T, f gguftest.File, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenReadsEveryKind(t *testing.T) {
	f, err := gguf.Open(write(t, sample, "sample.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	ints := map[string]int64{"u8": 200, "i8": -3, "u16": 60000, "i16": -300, "i32": -70000, "u64": 1 << 40, "i64": -1 << 40, "after": 7}
	for key, want := range ints {
		if got, ok := f.Meta.Int(key); !ok || got != want {
			t.Errorf("Int(%s) = %d, %t; want %d", key, got, ok, want)
		}
	}
	if v, ok := f.Meta.Float("f32"); !ok || v != 0.5 {
		t.Errorf("Float(f32) = %g, %t", v, ok)
	}
	if v, ok := f.Meta.Float("f64"); !ok || v != 0.25 {
		t.Errorf("Float(f64) = %g, %t", v, ok)
	}
	if v, ok := f.Meta.Bool("yes"); !ok || !v {
		t.Errorf("Bool(yes) = %t, %t", v, ok)
	}
	if v, ok := f.Meta.String("general.architecture"); !ok || v != "llama" {
		t.Errorf("architecture = %q, %t", v, ok)
	}
	if v, ok := f.Meta.Ints("per.layer"); !ok || len(v) != 4 || v[2] != 0 || v[3] != 8 {
		t.Errorf("per.layer = %v, %t", v, ok)
	}
	if v, ok := f.Meta.Ints("pattern"); !ok || len(v) != 3 || v[0] != 1 || v[1] != 0 {
		t.Errorf("pattern = %v, %t", v, ok)
	}
	if _, ok := f.Meta.Int("f32"); ok {
		t.Error("a float was returned as an integer")
	}
	for key, want := range map[string]int64{"tokens": 3, "scores": 10000, "merges": 5000} {
		if n, ok := f.Meta.ArrayLen(key); !ok || n != want {
			t.Errorf("ArrayLen(%s) = %d, %t; want %d", key, n, ok, want)
		}
	}
	if v, _ := f.Meta.Value("merges"); v.(gguf.Array).Values != nil {
		t.Error("an array longer than MaxArray was kept")
	}
	if got := len(f.Meta.Keys()); got != len(sample.Meta) {
		t.Errorf("%d keys, want %d", got, len(sample.Meta))
	}
}

func TestOpenSizesTensors(t *testing.T) {
	path := write(t, sample, "sample.gguf")
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// Q4_K: 144 bytes per 256; Q6_K: 210 bytes per 256.
	want := []struct{ elements, bytes int64 }{{25600, 100 * 144}, {10, 40}, {3072, 12 * 210}}
	offset := f.Parts[0].DataOffset
	for i, w := range want {
		got := f.Tensors[i]
		if got.Elements != w.elements || got.Bytes != w.bytes || got.Offset != offset {
			t.Errorf("%s: %d elements, %d bytes at %d; want %d, %d at %d", got.Name, got.Elements, got.Bytes, got.Offset, w.elements, w.bytes, offset)
		}
		offset += (w.bytes + 31) / 32 * 32
	}
	if f.Parts[0].Size != offset || f.Parts[0].Path != path || f.Alignment != 32 {
		t.Errorf("part %+v, alignment %d; want size %d", f.Parts[0], f.Alignment, offset)
	}
	if f.Elements() != 25600+10+3072 || f.WeightBytes() != 14400+40+2520 {
		t.Errorf("totals: %d elements, %d bytes", f.Elements(), f.WeightBytes())
	}
	if mix, guessed := f.Mix(); mix != "Q4_K_M" || guessed {
		t.Errorf("mix %q, guessed %t", mix, guessed)
	}
}

func TestMixWithoutFileType(t *testing.T) {
	for _, tt := range []struct {
		name    string
		meta    []gguftest.KV
		want    string
		guessed bool
	}{
		{"absent: the type with the most bytes", nil, "Q4_K", true},
		{"unknown number", []gguftest.KV{gguftest.Pair("general.file_type", uint32(777))}, "Q4_K", true},
		{"guessed by llama.cpp", []gguftest.KV{gguftest.Pair("general.file_type", uint32(1024+7))}, "Q8_0", true},
	} {
		f, err := gguf.Open(write(t, gguftest.File{Meta: tt.meta, Tensors: sample.Tensors}, "m.gguf"))
		if err != nil {
			t.Fatal(err)
		}
		if mix, guessed := f.Mix(); mix != tt.want || guessed != tt.guessed {
			t.Errorf("%s: %q, guessed %t; want %q, %t", tt.name, mix, guessed, tt.want, tt.guessed)
		}
	}
}

func TestVersionsAndAlignment(t *testing.T) {
	f := sample
	f.Version, f.Alignment = 2, 64
	got, err := gguf.Open(write(t, f, "v2.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != 2 || got.Alignment != 64 || got.Parts[0].DataOffset%64 != 0 {
		t.Errorf("version %d, alignment %d, data at %d", got.Version, got.Alignment, got.Parts[0].DataOffset)
	}
}

// TestTruncated cuts the file at every byte of the header and in the data:
// each cut is an error that names an offset, never a panic or a short result.
func TestTruncated(t *testing.T) {
	short := gguftest.File{Meta: sample.Meta[:15], Tensors: sample.Tensors}
	header, size, err := short.Header()
	if err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, size)
	copy(whole, header)
	if _, err := gguf.Read(bytes.NewReader(whole), size); err != nil {
		t.Fatal(err)
	}
	// Data is padded to the alignment, so the last bytes may be missing.
	last := size - 8
	for cut := range last {
		_, err := gguf.Read(bytes.NewReader(whole[:cut]), cut)
		if err == nil {
			t.Fatalf("cut at %d of %d: no error", cut, size)
		}
		if !strings.Contains(err.Error(), "offset ") || !strings.Contains(err.Error(), "truncated") {
			t.Fatalf("cut at %d: error does not say where and what: %v", cut, err)
		}
	}
}

func TestWrongInput(t *testing.T) {
	patch := func(at int, with ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], with); return b }
	}
	u64 := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	header, _, err := sample.Header()
	if err != nil {
		t.Fatal(err)
	}
	name := bytes.Index(header, []byte("output_norm.weight")) + len("output_norm.weight")
	for _, tt := range []struct {
		name string
		edit func([]byte) []byte
		want string
	}{
		{"another kind of file", patch(0, []byte("PK\x03\x04")...), "not a GGUF file"},
		{"big-endian", patch(4, 0, 0, 0, 3), "big-endian GGUF (version 3) is not supported"},
		{"version 1", patch(4, 1, 0, 0, 0), "version 1 is not supported; accepted are 2 and 3"},
		{"version 9", patch(4, 9, 0, 0, 0), "version 9 is not supported"},
		{"absurd tensor count", patch(8, u64(1<<62)...), "tensor count 4611686018427387904 is more than"},
		{"absurd key count", patch(16, u64(1<<40)...), "metadata count 1099511627776 is more than"},
		{"absurd key length", patch(24, u64(1<<50)...), "key length 1125899906842624 is more than"},
		{"unknown value type", patch(24+8+len("general.architecture"), 77, 0, 0, 0), `value type 77 of "general.architecture" is unknown`},
		{"key twice", func(b []byte) []byte {
			return bytes.Replace(b, []byte("i16"), []byte("u16"), 1)
		}, `key "u16" appears twice`},
		{"five dimensions", patch(name, 5, 0, 0, 0), "output_norm.weight has 5 dimensions"},
		{"negative dimension", patch(name+4, u64(1<<63)...), "not positive or overflow"},
		{"unknown tensor type", patch(name+12, 99, 0, 0, 0), "tensor type 99 is unknown"},
		{"row not of whole blocks", patch(name+12, 12, 0, 0, 0), "rows of Q4_K need a multiple of 256"},
		{"overlapping data", patch(name+16, u64(32)...), "overlap or leave gaps"},
		{"offset beyond the file", patch(name+16, u64(1<<60)...), "lies beyond the file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.edit(bytes.Clone(header))
			_, err := gguf.Read(bytes.NewReader(b), int64(len(b))+20000)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestDuplicateTensor(t *testing.T) {
	f := gguftest.File{Tensors: []gguftest.Tensor{gguftest.Weight("a", "F32", 8), gguftest.Weight("a", "F32", 8)}}
	if _, err := gguf.Open(write(t, f, "m.gguf")); err == nil || !strings.Contains(err.Error(), "tensor a appears twice") {
		t.Errorf("error %v", err)
	}
}

func TestBadAlignment(t *testing.T) {
	for _, v := range []any{uint32(0), uint32(48), "32", uint32(1 << 30)} {
		f := gguftest.File{Meta: []gguftest.KV{gguftest.Pair("general.alignment", v)}}
		if _, err := gguf.Open(write(t, f, "m.gguf")); err == nil || !strings.Contains(err.Error(), "powers of two") {
			t.Errorf("alignment %v: error %v", v, err)
		}
	}
}

func TestSplit(t *testing.T) {
	paths, err := sample.WriteSplit(t.TempDir(), "model", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths { // any part leads to the whole
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Parts) != 3 || len(f.Tensors) != 3 || f.WeightBytes() != 14400+40+2520 {
			t.Errorf("%s: %d parts, %d tensors, %d bytes", path, len(f.Parts), len(f.Tensors), f.WeightBytes())
		}
		if last := f.Tensors[2]; last.Part != 2 || last.Offset != f.Parts[2].DataOffset {
			t.Errorf("last tensor in part %d at %d", last.Part, last.Offset)
		}
		if arch, _ := f.Meta.String("general.architecture"); arch != "llama" {
			t.Errorf("metadata of the first part is missing: architecture %q", arch)
		}
	}
	if err := os.Remove(paths[1]); err != nil {
		t.Fatal(err)
	}
	_, err = gguf.Open(paths[0])
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "model-00002-of-00003.gguf: part 2 of 3 is missing") {
		t.Errorf("missing part: %v", err)
	}
	renamed := filepath.Join(filepath.Dir(paths[0]), "other.gguf")
	if err := os.Rename(paths[0], renamed); err != nil {
		t.Fatal(err)
	}
	if _, err = gguf.Open(renamed); err == nil || !strings.Contains(err.Error(), "its name is not <model>-00001-of-00003.gguf") {
		t.Errorf("renamed part: %v", err)
	}
}

func TestOpenNeedsARegularFile(t *testing.T) {
	if _, err := gguf.Open(t.TempDir()); err == nil {
		t.Error("a directory was opened")
	}
	if _, err := gguf.Open(filepath.Join(t.TempDir(), "none.gguf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

// TestLayouts holds bits per weight against the published figures.
func TestLayouts(t *testing.T) {
	for name, want := range map[string]float64{
		"F32": 32, "BF16": 16, "Q8_0": 8.5, "Q6_K": 6.5625, "Q5_K": 5.5, "Q4_K": 4.5, "Q4_0": 4.5, "IQ4_XS": 4.25,
		"IQ4_NL": 4.5, "Q3_K": 3.4375, "Q2_K": 2.625, "IQ3_XXS": 3.0625, "IQ2_XXS": 2.0625, "IQ1_S": 1.5625,
		"TQ1_0": 1.6875, "MXFP4": 4.25, "NVFP4": 4.5, "Q1_0": 1.125, "Q2_0": 2.25,
	} {
		typ, ok := gguf.TypeByName(name)
		l, known := typ.Layout()
		if bits := float64(l.BlockBytes) * 8 / float64(l.Block); !ok || !known || bits != want || typ.String() != name {
			t.Errorf("%s: %g bits, want %g", name, bits, want)
		}
	}
	if _, ok := gguf.TypeByName("Q9_K"); ok {
		t.Error("unknown name accepted")
	}
	if got := gguf.Type(99).String(); got != "type 99" {
		t.Errorf("unknown type is %q", got)
	}
}

func FuzzRead(f *testing.F) {
	small := gguftest.File{Meta: sample.Meta[:16], Tensors: sample.Tensors}
	header, size, err := small.Header()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header, size)
	f.Add(header[:len(header)/2], size)
	f.Add([]byte("GGUF"), int64(4))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		file, err := gguf.Read(bytes.NewReader(b), size)
		if err != nil {
			return
		}
		var sum int64
		for _, tensor := range file.Tensors {
			if tensor.Offset < 0 || tensor.Bytes <= 0 || tensor.Offset+tensor.Bytes > size {
				t.Fatalf("%s lies outside the file of %d bytes: %d+%d", tensor.Name, size, tensor.Offset, tensor.Bytes)
			}
			sum += tensor.Bytes
		}
		if sum > size {
			t.Fatalf("tensors take %d bytes of a file of %d", sum, size)
		}
	})
}
