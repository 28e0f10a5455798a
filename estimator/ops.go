package estimator

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Group is the part of a forward pass that an operation belongs to.
type Group string

// Groups of operations, in the order of a waterfall.
const (
	GroupProjections   Group = "attention projections" // and those of other mixers
	GroupAttention     Group = "attention"             // scores and values over the cache, recurrences
	GroupMLP           Group = "MLP"                   // dense and shared experts
	GroupExperts       Group = "experts"               // routed, with their router
	GroupHead          Group = "head and sampling"
	GroupVision        Group = "vision encoder"
	GroupElementwise   Group = "element-wise"
	GroupCommunication Group = "communication"
	GroupHost          Group = "host" // the engine's own time per step
)

// rows says which tokens of a step an operation works on.
type rows byte

const (
	allRows     rows = iota // every token of the replica
	groupRows               // those of one attention-DP group
	emittedRows             // those whose successor is sampled
	decodeRows              // of one group, decoded
	prefillRows             // of one group, of prompts
	patchRows               // patches of images
)

// kernel is the kind of work that an operation does.
type kernel byte

const (
	matrixWork   kernel = iota // Matrix over f and b
	expertWork                 // the same over the experts that the tokens touch
	prefillWork                // attention of prompts
	imageWork                  // attention among the patches of an image
	decodeWork                 // attention of single tokens over the cache
	scanWork                   // a recurrence over its state
	streamWork                 // element-wise: bytes alone
	reduceWork                 // collectives: bytes of the message
	dispatchWork               // tokens to their experts and back
	transferWork               // activations to the next pipeline stage
)

// op is one operation of a forward pass on one accelerator, as often as its
// layers need it. Times are microseconds at the peaks: f of FLOPs and b of
// bytes, constant and per row.
type op struct {
	name  string
	group Group
	count float64 // times per step
	work  kernel
	rows  rows
	wide  bool // a product in 16 bits
	curve *catalog.Curve

	fRow         float64
	bFixed, bRow float64

	window float64 // attention: tokens attended; 0 all
	topK   float64 // sparse attention: cache entries attended; 0 all
	repeat float64 // query heads of a key and value head
	bIndex float64 // its index: bytes per cached token
	fIndex float64
}

// opList collects the operations of a deployment.
type opList struct {
	c      *catalog.Catalog
	d      *Deployment
	acc    *catalog.Accelerator
	ops    []op
	curves []found
	far    catalog.Relation // of the farthest relative whose curve was used
	failed error
}

// list writes down the forward pass of one rank: every tensor of the model
// once, as the product that reads it, and what lies between the products.
// Matrices of a layer that share their input are one launch, as engines fuse
// them. Weights, FLOPs and bytes come from the same tensors as the ledger's.
func (l *opList) list() error {
	d := l.d
	for _, t := range d.Shape.tensors {
		if t.Cols > 1 && t.Class != catalog.Embed && t.Class != catalog.TowerPart && t.Class != catalog.Expert {
			l.matrix(t)
		}
	}
	if d.Model.Arch.TieEmbeddings && !d.Model.Arch.NoHead {
		l.matrix(catalog.Tensor{Name: "output", Rows: d.Model.Arch.Vocab, Cols: d.Model.Arch.Hidden, Copies: 1, Class: catalog.Head, Split: catalog.ByVocab})
	}
	for _, k := range d.Shape.kinds {
		l.mixer(k)
		l.feedForward(k)
	}
	l.vision()
	l.sampling()
	l.pipeline()
	return l.failed
}

func (l *opList) fail(format string, args ...any) {
	if l.failed == nil {
		l.failed = fmt.Errorf(format, args...)
	}
}

// found is a curve that was looked up.
type found struct {
	kernel, product string
	world           int
	curve           catalog.Curve
}

// curve finds the curve of a kernel, and remembers how far its part is.
func (l *opList) curve(kernel, product string) *catalog.Curve {
	return l.lookUp(kernel, product, 0)
}

// collective finds the curve of a collective among world accelerators.
func (l *opList) collective(kernel string, world int) *catalog.Curve {
	return l.lookUp(kernel, "", world)
}

// lookUp asks the catalog once for each curve.
func (l *opList) lookUp(kernel, product string, world int) *catalog.Curve {
	for i := range l.curves {
		if f := &l.curves[i]; f.kernel == kernel && f.product == product && f.world == world {
			return &f.curve
		}
	}
	f := found{kernel: kernel, product: product, world: world}
	var relation catalog.Relation
	var ok bool
	if world > 0 {
		if f.curve, relation, ok = l.c.CollectiveFor(l.acc, l.d.Device.Link, kernel, world); !ok {
			l.fail("no published timings of an %s among %d %s: speed unknown", kernel, world, l.acc.Name)
		}
	} else if f.curve, relation, ok = l.c.CurveFor(l.acc, kernel, product); !ok {
		l.fail("no published kernel timings for %s or a relative: speed unknown", l.acc.Name)
	}
	l.far = max(l.far, relation)
	if l.curves == nil {
		l.curves = make([]found, 0, maxCurves)
	}
	l.curves = append(l.curves, f)
	return &l.curves[len(l.curves)-1].curve
}

// maxCurves bounds the curves of one deployment, so that they never move: two
// products, bf16 and the precision's own, of two kernels, attention twice, and
// all-reduces over TP and over an attention group.
const maxCurves = 12

func (l *opList) add(o op) {
	if o.count > 0 {
		l.ops = append(l.ops, o)
	}
}

// fused names the launch of tensors that engines read with one product of
// their common input.
var fused = map[string]string{
	"attn_q": "attn_qkv", "attn_k": "attn_qkv", "attn_v": "attn_qkv", "attn_gate": "attn_qkv",
	"attn_q_a": "attn_qkv_a", "attn_kv_a_mqa": "attn_qkv_a", "attn_kv": "attn_qkv_a",
	"ffn_gate": "ffn_gate_up", "ffn_up": "ffn_gate_up",
	"ffn_shexp_gate": "ffn_shexp_gate_up", "ffn_shexp_up": "ffn_shexp_gate_up", "ffn_gate_inp_shexp": "ffn_gate_inp",
	"linear_qkvz": "linear_in", "linear_beta_alpha": "linear_in",
}

// matrix adds a product of the layers' inputs with one tensor, or widens the
// launch that it is fused with.
func (l *opList) matrix(t catalog.Tensor) {
	d := l.d
	n, k := d.rankShape(t)
	layers := 1.0
	if t.Layers != nil {
		layers = float64(len(t.Layers))
	}
	product := "bf16"
	if quantised(d.Weights, d.Model.Arch.Experts != nil, t) {
		product = d.Weights.Product()
	}
	name := t.Name
	if f, ok := fused[name]; ok {
		name = f
	}
	o := op{name: name, group: groupOf(t.Class, name), count: layers * float64(t.Copies), work: matrixWork, rows: rowsOf(groupOf(t.Class, name)), wide: product == "bf16", curve: l.curve("gemm", product)}
	peak := o.curve.PeakTFLOPS(l.acc.Peak) * 1e6
	bandwidth := l.acc.MemoryBandwidth * 1e3
	in := float64(k) * activationBytes(o.curve.Precision) / bandwidth
	o.fRow = 2 * float64(n) * float64(k) / peak
	o.bFixed = d.tensorBytes(t) / bandwidth
	o.bRow = in + 2*float64(n)/bandwidth
	if t.Name == "attn_kv_b" { // decode multiplies each half in the latent space, in 16 bits, see absorbed
		o.rows = prefillRows
	}
	if i := l.find(o); i >= 0 {
		p := &l.ops[i]
		p.fRow += o.fRow
		p.bFixed += o.bFixed
		p.bRow += o.bRow - in // one input for both
		return
	}
	l.add(o)
}

// find returns the launch that an operation is fused with, or -1: the same
// name in the same layers.
func (l *opList) find(o op) int {
	for i := len(l.ops) - 1; i >= 0; i-- {
		p := &l.ops[i]
		if p.name == o.name && p.count == o.count && p.work == matrixWork {
			return i
		}
	}
	return -1
}

func groupOf(class catalog.Class, name string) Group {
	switch {
	case class == catalog.Head:
		return GroupHead
	case name == "ffn_gate_inp":
		return GroupExperts
	case strings.HasPrefix(name, "ffn_"), name == "inp_gate", name == "proj", name == "per_layer_model_proj":
		return GroupMLP
	}
	return GroupProjections
}

func rowsOf(g Group) rows {
	switch g {
	case GroupHead:
		return emittedRows
	case GroupProjections:
		return groupRows
	}
	return allRows
}

// activationBytes is an element of a product's input, scales included.
func activationBytes(product string) float64 {
	switch product {
	case "fp8", "fp8-block", "int8":
		return 1
	case "nvfp4":
		return 0.5625
	case "mxfp4":
		return 1.03125
	}
	return 2
}
