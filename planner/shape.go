package planner

import "fmt"

// Shape is how a replica spreads over its accelerators, in words: "TP 4 EP 4".
func (o *Option) Shape() string { return shapeOf(" ", o.TP, o.PP, o.EP, o.AttentionDP) }

// Shape is that of a replica that only prefills.
func (f *PrefillSide) Shape() string { return shapeOf(" ", f.TP, f.PP, f.EP, f.AttentionDP) }

// shapeOf names the sizes above one, and TP always.
func shapeOf(between string, tp, pp, ep, attentionDP int) string {
	text := fmt.Sprintf("TP %d", tp)
	for _, x := range []struct {
		name string
		n    int
	}{{"PP", pp}, {"EP", ep}, {"attention-DP", attentionDP}} {
		if x.n > 1 {
			text += fmt.Sprintf("%s%s %d", between, x.name, x.n)
		}
	}
	return text
}
