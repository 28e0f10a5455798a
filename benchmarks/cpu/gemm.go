package cpu

import (
	"iter"
	"sync/atomic"
	"unsafe"
)

// product is a matrix multiplication C = A x Bᵀ, the product of a linear
// layer: A (m x k) holds activations, B (n x k) weights as a layer stores
// them, one output after the other. All are row-major in 32-bit words; a row
// of A and B has words of them, k = words x operands in a word.
//
// It follows Goto and van de Geijn (Anatomy of high-performance matrix
// multiplication, ACM TOMS 34, 2008): A and B are packed into panels as high
// or wide as the tile of the micro-kernel, in blocks along k that fit the
// caches, and each thread computes blocks of C.
type product struct {
	tile        tile
	m, n, words int
	a, b, c     []uint32

	packedA, packedB []uint32

	buffers []buffer // that all matrices lie in: huge pages are worth 5 % here
}

// Sizes of the blocks: what a block of C needs, its parts of A (blockRows x
// blockWords words, 0.25 MB), B (0.5 MB) and C (0.1 MB), fits the second-level
// cache of a server's core. Measured: deeper blocks save more passes over C
// than they lose by panels of B that exceed the first-level cache.
const (
	blockWords = 512
	blockRows  = 120
	blockCols  = 256
)

// threadBlocks is how many blocks of C each thread has at least: the last to
// finish then holds up the others little.
const threadBlocks = 4

// newProduct allocates a product whose operands the caller fills, and frees.
func newProduct(t tile, m, n, words int) (*product, error) {
	p := &product{tile: t, m: m, n: n, words: words}
	for _, matrix := range []struct {
		words *[]uint32
		n     int
	}{
		{&p.a, m * words}, {&p.b, n * words}, {&p.c, m * n},
		{&p.packedA, roundUp(m, t.rows) * words}, {&p.packedB, roundUp(n, t.cols) * words},
	} {
		b, err := allocate(max(1, matrix.n)*4, true)
		if err != nil {
			p.free()
			return nil, err
		}
		p.buffers = append(p.buffers, b)
		*matrix.words = view[uint32](b)[:matrix.n]
	}
	return p, nil
}

// free gives the memory back; the product cannot be used any more.
func (p *product) free() {
	for _, b := range p.buffers {
		b.free()
	}
	*p = product{}
}

// productMatrices is how many matrices a product holds.
const productMatrices = 5

// ops counts a multiplication and an addition of two operands as two.
func (p *product) ops() float64 {
	k := p.words * p.tile.precision.group()
	return 2 * float64(p.m) * float64(p.n) * float64(k)
}

// compute multiplies. all runs its argument on as many threads at once, and
// returns when all are done.
func (p *product) compute(threads int, all func(f func())) {
	panelsA, panelsB := ceilDiv(p.m, p.tile.rows), ceilDiv(p.n, p.tile.cols)
	rows, cols := p.blockShape(threads)
	down, across := ceilDiv(p.m, rows), ceilDiv(p.n, cols)
	var panels, blocks atomic.Int64 // that are taken
	packed := gate{threads: threads}
	all(func() {
		for i := range handedOut(&panels, panelsA+panelsB) {
			if i < panelsA {
				p.pack(p.packedA, p.a, p.m, p.tile.rows, i)
			} else {
				p.pack(p.packedB, p.b, p.n, p.tile.cols, i-panelsA)
			}
		}
		packed.wait()
		for i := range handedOut(&blocks, down*across) {
			p.block(i%down*rows, i/down*cols, rows, cols)
		}
	})
}

// handedOut yields the numbers below n, each to one of the threads that share
// the counter of those taken.
func handedOut(taken *atomic.Int64, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := int(taken.Add(1)) - 1; i < n && yield(i); {
			i = int(taken.Add(1)) - 1
		}
	}
}

// blockShape divides C into equal blocks of whole tiles: where C is large
// enough, threadBlocks or more for each thread, and as many for each.
func (p *product) blockShape(threads int) (rows, cols int) {
	down, across := ceilDiv(p.m, blockRows), ceilDiv(p.n, blockCols)
	most := ceilDiv(p.n, p.tile.cols)
	for across < most && (down*across < threadBlocks*threads || down*across%threads != 0) {
		across++
	}
	return roundUp(ceilDiv(p.m, down), p.tile.rows), roundUp(ceilDiv(p.n, across), p.tile.cols)
}

// pack copies panel i, height rows of src from row i*height on, to its places
// in dst: for each block of words the panels one after the other, each word
// by word with the rows side by side. Rows beyond the last are zero.
func (p *product) pack(dst, src []uint32, rows, height, i int) {
	padded := roundUp(rows, height)
	for w := 0; w < p.words; w += blockWords {
		depth := min(blockWords, p.words-w)
		panel := dst[w*padded+i*height*depth:][:height*depth]
		first := i * height
		p.packPanel(panel, src[first*p.words:], w, min(height, rows-first), height)
	}
}

// packStretch is how many words of each row are packed before the next words,
// so that what is written stays in the first-level cache.
const packStretch = 64

// packPanel packs words of rows of src, from w on, as many as the panel has.
// Of its height rows only the first are there.
func (p *product) packPanel(panel, src []uint32, w, rows, height int) {
	depth := len(panel) / height
	for from := 0; from < depth; from += packStretch {
		stretch := min(packStretch, depth-from)
		to := panel[from*height:][:stretch*height]
		r := 0
		if p.tile.interleave != nil && stretch%8 == 0 {
			for ; r+4 <= rows; r += 4 {
				p.tile.interleave(unsafe.Pointer(&to[r]), unsafe.Pointer(&src[r*p.words+w+from]), stretch, height, p.words)
			}
		}
		for ; r < rows; r++ {
			scatter(to[r:], src[r*p.words+w+from:][:stretch], height)
		}
		for ; r < height; r++ {
			for j := r; j < len(to); j += height {
				to[j] = 0
			}
		}
	}
}

// scatter writes the words of src to every step-th word of dst.
func scatter(dst, src []uint32, step int) {
	i := 0
	for len(src) >= 4 {
		s, d := src[:4:4], dst[i:][:3*step+1]
		d[0], d[step], d[2*step], d[3*step] = s[0], s[1], s[2], s[3]
		i += 4 * step
		src = src[4:]
	}
	for _, v := range src {
		dst[i] = v
		i += step
	}
}

// block computes a block of C, rows x cols or what is left of it, from row
// and column on.
func (p *product) block(row, col, rows, cols int) {
	rows, cols = min(rows, p.m-row), min(cols, p.n-col)
	for r := range rows {
		clear(p.c[(row+r)*p.n+col:][:cols])
	}
	edge := make([]uint32, p.tile.rows*p.tile.cols)
	paddedM, paddedN := roundUp(p.m, p.tile.rows), roundUp(p.n, p.tile.cols)
	for w := 0; w < p.words; w += blockWords {
		depth := min(blockWords, p.words-w)
		for j := col; j < col+cols; j += p.tile.cols {
			b := unsafe.Pointer(&p.packedB[w*paddedN+j*depth])
			for i := row; i < row+rows; i += p.tile.rows {
				a := unsafe.Pointer(&p.packedA[w*paddedM+i*depth])
				if i+p.tile.rows <= p.m && j+p.tile.cols <= p.n {
					p.tile.run(depth, a, b, unsafe.Pointer(&p.c[i*p.n+j]), p.n)
					continue
				}
				clear(edge)
				p.tile.run(depth, a, b, unsafe.Pointer(&edge[0]), p.tile.cols)
				p.addEdge(edge, i, j)
			}
		}
	}
}

// addEdge adds the part of a tile that lies inside C.
func (p *product) addEdge(edge []uint32, row, col int) {
	rows, cols := min(p.tile.rows, p.m-row), min(p.tile.cols, p.n-col)
	for r := range rows {
		from, to := edge[r*p.tile.cols:][:cols], p.c[(row+r)*p.n+col:][:cols]
		if p.tile.precision == INT8 {
			addLanes[int32](to, from)
		} else {
			addLanes[float32](to, from)
		}
	}
}

// addLanes adds words that hold numbers of type T.
func addLanes[T float32 | int32](to, from []uint32) {
	if len(to) == 0 {
		return
	}
	a, b := unsafe.Slice((*T)(unsafe.Pointer(&to[0])), len(to)), unsafe.Slice((*T)(unsafe.Pointer(&from[0])), len(from))
	for i := range a {
		a[i] += b[i]
	}
}

func ceilDiv(n, d int) int { return (n + d - 1) / d }

func roundUp(n, step int) int { return ceilDiv(n, step) * step }
