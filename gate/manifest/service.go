package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// hosted is what a file says of a program's surroundings.
type hosted struct {
	form         Form
	name         string
	image        text
	replicas     int
	nodes        int
	accelerators int
	accelerator  string
	positions    map[string]Position // of these; "" is the service's own, where it is not the command
	preset       map[string]setting  // what the objects around say in place of options
	notes        []remark            // that count where there is a service
}

type remark struct {
	at   mark
	text string
}

func (h *hosted) note(m mark, format string, args ...any) {
	h.notes = append(h.notes, remark{m, fmt.Sprintf(format, args...)})
}

// at notes where a fact about the surroundings stands.
func (h *hosted) at(r *reader, fact, key string, m mark) {
	if h.positions == nil {
		h.positions = map[string]Position{}
	}
	h.positions[fact] = r.position(m, key)
}

// add reads a program into a service.
func (r *reader) add(h hosted, p program) {
	if len(r.services) >= maxServices {
		r.failed = fmt.Errorf("%s: more than %d services", r.names[0], maxServices)
		return
	}
	s := &Service{
		Name: h.name, Form: h.form, Image: h.image.shown(), Replicas: h.replicas, NodesPerReplica: max(h.nodes, 1),
		AcceleratorsPerNode: h.accelerators, Accelerator: h.accelerator, Positions: map[string]Position{},
	}
	for _, n := range h.notes {
		r.note(n.at, "%s", n.text)
	}
	if p.open == nil {
		p.open = r.open
	}
	x := &reading{reader: r, program: p, s: s, set: map[string]setting{}}
	s.Positions[""] = r.position(p.at, p.key)
	maps.Copy(s.Positions, h.positions)
	x.release(h.image)
	x.visible()
	x.parse()
	x.environment()
	if p.engine != tensorRT {
		x.config()
	}
	for set, v := range h.preset {
		x.put(set, v)
	}
	x.taking()
	x.fill()
	if h.nodes == 0 && s.Replicas > 1 && s.Replicas%s.NodesPerReplica == 0 { // each pod is a node
		s.Replicas /= s.NodesPerReplica
	}
	s.Model, s.Draft = bare(s.Model), bare(s.Draft)
	x.check(h)
	x.half()
	slices.SortStableFunc(s.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line))
	})
	if x.follows() {
		r.followers = append(r.followers, len(r.services))
	}
	r.services = append(r.services, *s)
}

// bare is a model without what a URL of it has of credentials: it is shown.
func bare(model string) string {
	u, err := url.Parse(model)
	if err != nil || u.Host == "" || u.User == nil && u.RawQuery == "" {
		return model
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// follows reports a process that belongs to a replica whose first node is another.
func (x *reading) follows() bool {
	rank, ok := x.set[setNodeRank]
	return x.on(setHeadless, "") || ok && rank.value.unknown() == "" && strings.Trim(rank.value.s, "0") != ""
}

// half says of prefill apart from decode that a service is only one of the two.
func (x *reading) half() {
	v := x.set[setTransfer]
	for _, part := range []struct{ said, does string }{{"kv_producer", "prefills"}, {"kv_consumer", "decodes"}, {"prefill", "prefills"}, {"decode", "decodes"}} {
		if strings.Contains(v.value.s, part.said) {
			x.note(v.at, "%s only %s", x.s.Name, part.does)
			return
		}
	}
}

// lead drops the further nodes of replicas whose first nodes are read too.
func (r *reader) lead() {
	if len(r.followers) == len(r.services) {
		return
	}
	for _, i := range slices.Backward(r.followers) {
		p := r.services[i].Positions[""]
		r.notes = append(r.notes, fmt.Sprintf("%s:%d: %s is a further node of a replica, which is counted by its first", p.File, p.Line, r.services[i].Name))
		r.services = slices.Delete(r.services, i, i+1)
	}
}

// fill has the engine's options say what they mean.
func (x *reading) fill() {
	switch x.engine.id {
	case vllm.id:
		x.vllm()
	case sglang.id:
		x.sglang()
	case tensorRT.id:
		x.tensorRT()
	case llamaCpp.id:
		x.llama()
	}
}

// release is the engine and its version, as far as the image tells.
func (x *reading) release(image text) {
	x.s.Ask.Engine = x.engine.id
	x.s.Positions["engine"] = x.position(x.at, x.key)
	if image.s == "" {
		return
	}
	m := image.mark(x.at)
	x.s.Positions["engine"] = x.position(m, "image")
	i := readImage(image.s)
	switch {
	case image.unknown() != "":
		x.note(m, "the image %s is not known: nor is the version of %s", image.shown(), x.engine.name)
	case i.version != "" && i.engine.id == x.engine.id:
		x.s.Ask.Engine += "@" + i.version
	case !i.pinned && i.engine != nil:
		x.note(m, "the tag of %s is not pinned: the version of %s is not known, and changes", image.s, x.engine.name)
	default:
		x.note(m, "the name of the image %s does not tell the version of %s", image.s, x.engine.name)
	}
}

// showing are the variables that show a process some accelerators only.
var showing = []string{"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "NVIDIA_VISIBLE_DEVICES"}

// visible counts the accelerators that variables show: of those that a container asks
// for each of its servers may see some.
func (x *reading) visible() {
	for _, name := range showing {
		v, ok := x.env[name]
		if !ok || v.unknown() != "" || v.s == "" || v.s == "all" || v.s == "void" || v.s == "none" || v.s == "-1" {
			continue
		}
		if n := 1 + strings.Count(strings.Trim(v.s, ","), ","); x.s.AcceleratorsPerNode == 0 || n < x.s.AcceleratorsPerNode {
			x.s.AcceleratorsPerNode = n
			x.s.Positions["accelerators"] = x.position(v.mark(x.at), name)
		}
		return
	}
}

// model is what the engine loads.
func (x *reading) model() {
	x.s.Model = x.word(setModel, "model")
	if x.s.Model != "" || x.unsure && x.has(setModel) {
		return
	}
	change := "add " + x.engine.usual(setModel)
	if x.named() {
		change = "name it after " + x.key
	}
	x.problem(x.at, x.key, change, "no model is named")
}

// brought are methods by which a checkpoint is quantised already: the option only
// repeats what it says itself.
var brought = words(`awq awq_marlin gptq gptq_marlin gptq_marlin_24 marlin compressed-tensors modelopt modelopt_fp4 modelopt_fp8 modelopt_mxfp8 modelopt_mixed nvfp4 petit_nvfp4 fbgemm_fp8 mxfp4 mxfp8
	gguf quark quark_int4fp8_moe moe_wna16 w8a8_int8 w8a8_fp8 w4afp8 qoq auto-round inc torchao hqq aqlm squeezellm deepspeedfp bitblas gptq_bitblas auto_gptq modelslim none null`)

// foreign are those of them that engines cannot do themselves, to weights of 16 bits.
var foreign = words(`awq awq_marlin gptq gptq_marlin gptq_marlin_24 marlin compressed-tensors auto-round`)

// weights is the precision that options ask for. Online maps what the engine makes
// of 16-bit weights to the catalog's ids. A method that is not known is handed on
// by its name, so that nobody counts the weights in another.
func (x *reading) weights(online map[string]string) {
	float := ""
	if d := strings.ToLower(x.word(setType, "precision")); d != "" && d != "auto" {
		known := map[string]string{"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32", "bf16": "bf16", "fp16": "fp16"}
		if float = known[d]; float == "" {
			v := x.set[setType]
			x.problem(v.at, v.key, "write auto, bfloat16, float16 or float32", v.key+" "+strconv.Quote(shorten(d))+" is no type")
		}
	}
	method := strings.ToLower(x.word(setQuantise, "precision"))
	switch id, ok := online[method]; {
	case method == "":
		x.s.Ask.Precision = float
	case ok:
		x.s.Ask.Precision = id
	case !brought[method]:
		x.s.Ask.Precision = method
	default:
		x.s.method = method
	}
}

// cache is the precision of the KV cache; one that is not known is handed on by
// its name.
func (x *reading) cache(ids map[string]string) {
	kind := strings.ToLower(x.word(setCache, "kv_precision"))
	if kind == "" {
		return
	}
	id, ok := ids[kind]
	if !ok {
		id = kind
	}
	x.s.Ask.KV = id
}

// rescaled reports positions that options scale, or a variable that lets sequences go
// beyond them.
func (x *reading) rescaled(variable string) bool {
	switch v := strings.ToLower(x.env[variable].s); v {
	case "1", "true", "yes", "on":
		return true
	}
	v := strings.ToLower(x.set[setRope].value.s)
	return strings.Contains(v, "rope") || strings.Contains(v, "yarn") || strings.Contains(v, "max_position_embeddings") || strings.Contains(v, "model_max_length")
}

// nodes is how many an option spreads a replica over, or the objects around it.
func (x *reading) nodes() {
	n := x.parallel(setNodes, "")
	if n == 0 {
		return
	}
	v := x.set[setNodes]
	if before, ok := x.s.Positions["nodes"]; ok && x.s.NodesPerReplica != n {
		x.problem(v.at, v.key, fmt.Sprintf("write %d", x.s.NodesPerReplica), fmt.Sprintf("%s %d is not the %d of %s in line %d", v.key, n, x.s.NodesPerReplica, before.Key, before.Line))
		return
	} else if ok {
		return
	}
	x.s.NodesPerReplica = n
	x.fact("nodes", v)
}

// check holds what the options need against what the file asks for.
func (x *reading) check(h hosted) {
	s, a := x.s, x.s.Ask
	if s.AcceleratorsPerNode == 0 || x.engine == llamaCpp || x.unsure {
		return
	}
	tp, pp, dp := max(a.TP, 1), max(a.PP, 1), max(a.DP, 1)
	need, have := tp*pp*dp, s.AcceleratorsPerNode*s.NodesPerReplica
	if need == have {
		return
	}
	where := s.Positions["accelerators"]
	for _, fact := range []string{"pp", "attention_dp", "tp"} {
		if at, ok := s.Positions[fact]; ok {
			where = at
		}
	}
	sizes := fmt.Sprintf("TP %d", tp)
	if pp > 1 {
		sizes += fmt.Sprintf(" x PP %d", pp)
	}
	if dp > 1 {
		sizes += fmt.Sprintf(" x DP %d", dp)
	}
	asked := fmt.Sprintf("%d", s.AcceleratorsPerNode)
	if s.NodesPerReplica > 1 {
		asked = fmt.Sprintf("%d on each of %d nodes", s.AcceleratorsPerNode, s.NodesPerReplica)
	}
	if v := x.set[setBackend]; need > have && v.value.s == "ray" && s.NodesPerReplica == 1 {
		x.note(v.at, "%s takes %d accelerators of a Ray cluster, whose nodes this file does not tell", s.Name, need)
		return
	}
	message := fmt.Sprintf("%s takes %d accelerators, %s asked for (%s, line %d)", sizes, need, asked+plural(s.AcceleratorsPerNode), s.Positions["accelerators"].Key, s.Positions["accelerators"].Line)
	change := fmt.Sprintf("ask for %d accelerators, or make the sizes come to %d", need, have)
	kind := Refused
	if need < have {
		message += ": the others stay idle"
		kind = Doubtful
	}
	s.Problems = append(s.Problems, Problem{where, message, change, kind})
}

func plural(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// SetModel names the model that the service's own Model was found to be, and what
// its name says of the checkpoint, and settles what depends on it:
//
//   - vLLM's data-parallel ranks share the experts of a mixture, whose attention
//     they spread (Ask.AttentionDP, and Ask.TP counts all of them); of a dense model
//     they are whole copies (Ask.DP).
//   - llama.cpp's slots share the model's own context where no option says another.
//   - an engine may go beyond that context ([Service.Beyond]).
//   - a type, or a method that quantises 16-bit weights, says nothing of the weights
//     of a checkpoint that is quantised already.
func (s *Service) SetModel(m *catalog.Model, named planner.Checkpoint) {
	a := &s.Ask
	a.Model, a.Named = m, named
	id, _, _ := strings.Cut(a.Engine, "@")
	at, given := s.Positions["attention_dp"]
	switch {
	case id != vllm.id:
	case m.Arch.Experts != nil && a.DP > 1:
		a.TP, a.AttentionDP, a.DP = max(a.TP, 1)*a.DP, a.DP, 0
	case m.Arch.Experts == nil && a.EP > 0:
		a.TP, a.DP, a.EP, a.AttentionDP = max(a.TP, 1)/max(a.AttentionDP, 1), a.AttentionDP, 0, 0
		s.Problems = append(s.Problems, Problem{At: s.Positions["ep"], Message: m.ID + " has no experts to spread", Change: "take the option out"})
	}
	if given && id == vllm.id && m.Arch.Experts == nil {
		delete(s.Positions, "attention_dp")
		if _, ok := s.Positions["replicas"]; !ok {
			s.Positions["replicas"] = at
		}
	}
	if s.slots > 1 && a.Options.MaxModelLen == 0 {
		a.Options.MaxModelLen = max(m.MaxContext/s.slots, 1)
	}
	if s.Beyond && m.MaxContext > 0 && a.Options.MaxModelLen > m.MaxContext {
		longer := *m
		longer.MaxContext = a.Options.MaxModelLen
		a.Model = &longer
	}
	if at, ok := s.Positions["precision"]; ok && s.Model == m.ID && isFloat(m.Checkpoint) && foreign[s.method] {
		s.Problems = append(s.Problems, Problem{At: at, Message: fmt.Sprintf("%s is not quantised: it has nothing that %s reads", m.ID, s.method), Change: "take the option out, or name a checkpoint that is"})
	}
	quantised := named.Precision != "" || m.Checkpoint != "" && !isFloat(m.Checkpoint)
	if quantised && !named.GGUF && id != llamaCpp.id && (isFloat(a.Precision) || strings.HasPrefix(a.Precision, "fp8") && (named.Precision != "" || strings.HasPrefix(m.Checkpoint, "fp8"))) {
		a.Precision = ""
	}
}

func isFloat(id string) bool { return id == "bf16" || id == "fp16" || id == "fp32" }
