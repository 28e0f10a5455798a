package cpu

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

// lengths cover nothing, less than a vector, odd rests and many turns.
var lengths = []int{0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127, 255, 256, 257, 1000, 4099}

func testRand(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(1, 2))
}

// small returns whole numbers, whose sums and products are exact in FP32
// in any order.
func small(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(r.IntN(17) - 8)
	}
	return v
}

func TestReadEqualsPortable(t *testing.T) {
	r := testRand(t)
	read := detect().stream.read
	for _, n := range lengths {
		for shift := range 5 {
			p := make([]uint64, n+shift)
			for i := range p {
				p[i] = r.Uint64()
			}
			if got, want := read(p[shift:]), xorPortable(p[shift:]); got != want {
				t.Fatalf("read of %d words from %d on: %x, want %x", n, shift, got, want)
			}
		}
	}
}

func TestStreamsEqualPortable(t *testing.T) {
	r := testRand(t)
	s := detect().stream
	kernels := map[string]func(a, b, c []float64){
		"copy":  func(a, b, _ []float64) { s.copy(a, b) },
		"triad": func(a, b, c []float64) { s.triad(a, b, c, 3) },
	}
	if s.triadNT != nil {
		kernels["triad_nt"] = func(a, b, c []float64) { s.triadNT(a, b, c, 3) }
	}
	for name, run := range kernels {
		for _, n := range lengths {
			for shift := range 9 {
				a, b, c := make([]float64, n+shift+1), small(r, n+shift), small(r, n+shift)
				a[n+shift] = 77 // nothing is written beyond the end
				run(a[shift:n+shift], b[shift:], c[shift:])
				want := make([]float64, n)
				if name == "copy" {
					copyPortable(want, b[shift:])
				} else {
					triadPortable(want, b[shift:], c[shift:], 3)
				}
				for i := range want {
					if a[shift+i] != want[i] {
						t.Fatalf("%s of %d from %d on: element %d is %v, want %v", name, n, shift, i, a[shift+i], want[i])
					}
				}
				if a[n+shift] != 77 {
					t.Fatalf("%s of %d from %d on wrote beyond the end", name, n, shift)
				}
			}
		}
	}
}

// testTiles lists every tile that this processor can run, not only the fastest.
func testTiles() []tile {
	tiles := append(detect().tiles, platformTiles()...)
	return append(tiles,
		tile{FP32, "portable", portableRows, portableCols, tileF32Portable, nil, 1},
		tile{BF16, "portable", portableRows, portableCols, tileBF16Portable, nil, 1},
		tile{INT8, "portable", portableRows, portableCols, tileI8Portable, nil, 1})
}

// randomWord packs operands of a precision, FP32 and BF16 small and whole.
// FP32 and BF16 results are then exact.
func randomWord(r *rand.Rand, p Precision) uint32 {
	whole := func() uint32 { return math.Float32bits(float32(r.IntN(17) - 8)) }
	switch p {
	case FP32:
		return whole()
	case BF16:
		return whole()>>16 | whole()&^0xffff
	default:
		return r.Uint32()
	}
}

// definition is element (i, j) of the product, by its definition.
func definition(p *product, i, j int) float64 {
	var sum float64
	for w := range p.words {
		a, b := p.a[i*p.words+w], p.b[j*p.words+w]
		switch p.tile.precision {
		case FP32:
			sum += float64(math.Float32frombits(a)) * float64(math.Float32frombits(b))
		case BF16:
			sum += float64(multiplyBF16(a, b))
		default:
			sum += float64(multiplyI8(a, b))
		}
	}
	return sum
}

// inline runs on the calling thread alone.
func inline(f func()) { f() }

// onGoroutines runs on n goroutines at once.
func onGoroutines(n int) func(f func()) {
	return func(f func()) {
		var all sync.WaitGroup
		for range n {
			all.Go(f)
		}
		all.Wait()
	}
}

func TestProductEqualsItsDefinition(t *testing.T) {
	shapes := [][3]int{{1, 1, 1}, {1, 1, 0}, {3, 2, 5}, {12, 32, 4}, {6, 16, 7}, {13, 33, 9}, {25, 70, 385}, {193, 513, 3}, {40, 40, 800}}
	r := testRand(t)
	for range 10 {
		shapes = append(shapes, [3]int{1 + r.IntN(60), 1 + r.IntN(90), r.IntN(500)})
	}
	for _, tile := range testTiles() {
		t.Run(string(tile.precision)+"/"+tile.isa, func(t *testing.T) {
			for _, s := range shapes {
				p, err := newProduct(tile, s[0], s[1], s[2])
				if err != nil {
					t.Fatal(err)
				}
				for i := range p.a {
					p.a[i] = randomWord(r, tile.precision)
				}
				for i := range p.b {
					p.b[i] = randomWord(r, tile.precision)
				}
				for range 2 { // a second time over its own result
					p.compute(3, onGoroutines(3))
				}
				checkProduct(t, p)
				p.free()
			}
		})
	}
}

func checkProduct(t *testing.T, p *product) {
	t.Helper()
	for i := range p.m {
		for j := range p.n {
			got := float64(math.Float32frombits(p.c[i*p.n+j]))
			if p.tile.precision == INT8 {
				got = float64(int32(p.c[i*p.n+j]))
			}
			if want := definition(p, i, j); got != want {
				t.Fatalf("%d x %d x %d words: element (%d, %d) is %v, want %v", p.m, p.n, p.words, i, j, got, want)
			}
		}
	}
}

func TestPortableDots(t *testing.T) {
	w, x := []float32{1, 2, 3, 4, 5}, []float32{5, 4, 3, 2, 1}
	if got := dotF32Portable(w, x); got != 35 {
		t.Errorf("fp32: %v, want 35", got)
	}
	if got := dotI8Portable([]int8{-1, 2, -128}, []uint8{255, 3, 2}); got != -255+6-256 {
		t.Errorf("int8: %v, want -505", got)
	}
	one, two := uint16(0x3f80), uint16(0x4000)
	if got := dotBF16Portable([]uint16{one, two}, []uint16{two, two}); got != 6 {
		t.Errorf("bf16: %v, want 6", got)
	}
}

func TestPrecisionsShareWords(t *testing.T) {
	for p, want := range map[Precision]int{FP32: 1, BF16: 2, INT8: 4} {
		if got := p.group(); got != want {
			t.Errorf("%s: %d operands a word, want %d", p, got, want)
		}
	}
}

// bytesOf is the storage of a slice of words.
func bytesOf(words []uint32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(words)) }
