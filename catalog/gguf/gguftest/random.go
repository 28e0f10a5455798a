package gguftest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// WriteRandom creates the file at path with data: blocks of random numbers under
// small scales, so that an engine loads and runs it as it would a trained model
// of its shape. Norms, which are F32, are one.
func (f File) WriteRandom(path string, seed uint64) (err error) {
	header, size, err := f.Header()
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	w := bufio.NewWriterSize(out, 1<<20)
	written, _ := w.Write(header)
	pad := func(to int64) {
		for ; int64(written) < to; written++ {
			_ = w.WriteByte(0)
		}
	}
	alignment := max(f.Alignment, 32)
	pad(up(int64(written), alignment))
	source := rand.New(rand.NewPCG(seed, 0))
	for _, t := range f.Tensors {
		n, err := t.writeRandom(w, source)
		if err != nil {
			return fmt.Errorf("gguftest: %s: %w", t.Name, err)
		}
		written += n
		pad(up(int64(written), alignment))
	}
	if int64(written) != size {
		return fmt.Errorf("gguftest: wrote %d bytes, the header says %d", written, size)
	}
	return w.Flush()
}

// small is 2^-8 in half precision.
const small = 0x1c00

// scaleAt is where blocks keep their scales, which random bits would make
// infinite.
var scaleAt = map[string][]int{"Q4_0": {0}, "Q8_0": {0}, "Q4_K": {0, 2}, "Q5_K": {0, 2}, "Q6_K": {208}}

func (t Tensor) writeRandom(w *bufio.Writer, source *rand.Rand) (n int, err error) {
	typ, _ := gguf.TypeByName(t.Type)
	layout, _ := typ.Layout()
	elements := int64(1)
	for _, d := range t.Dims {
		elements *= d
	}
	scales, packed := scaleAt[t.Type]
	if !packed && t.Type != "F32" && t.Type != "F16" {
		return 0, fmt.Errorf("no random blocks of type %s", t.Type)
	}
	block := make([]byte, (layout.BlockBytes+7)/8*8)
	for range elements / int64(layout.Block) {
		for i := 0; i < len(block); i += 8 {
			binary.LittleEndian.PutUint64(block[i:], source.Uint64())
		}
		switch t.Type {
		case "F32":
			binary.LittleEndian.PutUint32(block, math.Float32bits(1))
		case "F16": // the random sign and fraction of a number near 2^-6
			binary.LittleEndian.PutUint16(block, binary.LittleEndian.Uint16(block)&0x83ff|0x2400)
		}
		for _, at := range scales {
			binary.LittleEndian.PutUint16(block[at:], small)
		}
		m, err := w.Write(block[:layout.BlockBytes])
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}
