package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// SpeedClass are deployments whose predictions err alike.
type SpeedClass struct {
	Family    string `json:"family"` // architecture of the accelerator, and its class beside data centres: Hopper, Ada consumer
	Engine    string `json:"engine"` // id
	Precision string `json:"precision"`
	Kind      string `json:"kind"` // dense or MoE
}

func (c SpeedClass) String() string {
	return strings.Join([]string{c.Family, c.Engine, c.Precision, c.Kind}, ", ")
}

// ClassOf is the class of a model in a precision, served by an engine.
func ClassOf(m *Model, weights *Precision, engine *Engine, acc *Accelerator) SpeedClass {
	kind := dense
	if m.Arch.Experts != nil {
		kind = moe
	}
	family := cmp.Or(acc.Architecture, acc.Name)
	switch acc.Class {
	case "workstation", "consumer", "edge":
		family += " " + acc.Class
	}
	return SpeedClass{family, engine.ID, weights.ID, kind}
}

// Kinds of feed-forward layers.
const (
	dense = "dense"
	moe   = "MoE"
)

// Quantities that have a [Residual].
const (
	ResidualTTFT       = "ttft"
	ResidualTPOT       = "tpot"
	ResidualThroughput = "throughput"
)

// Residual says how far predictions of a quantity were off on published runs
// of a class: about nine in ten measurements lie between prediction / (1 +
// Half) and prediction x (1 + Half). The class is coarser by every part that is
// left out: first the precision, then the family, the kind and the engine.
type Residual struct {
	Quantity  string `toml:"quantity" json:"quantity"`
	Engine    string `toml:"engine,omitempty" json:"engine,omitempty"`
	Kind      string `toml:"kind,omitempty" json:"kind,omitempty"`
	Family    string `toml:"family,omitempty" json:"family,omitempty"`
	Precision string `toml:"precision,omitempty" json:"precision,omitempty"`

	Half   float64 `toml:"half" json:"half"`     // 0.2: a fifth more, or the part of it that makes a fifth less than one
	Rows   int     `toml:"rows" json:"rows"`     // that it rests on
	Groups int     `toml:"groups" json:"groups"` // of them, models on accelerators
}

// parts are those of the class, the coarsest first.
func (r *Residual) parts() [4]string { return [4]string{r.Engine, r.Kind, r.Family, r.Precision} }

// ResidualFor returns the residual of the narrowest class that holds the one
// asked for, or nil.
func (c *Catalog) ResidualFor(class SpeedClass, quantity string) *Residual {
	var best *Residual
	most := -1
	for i := range c.Residuals {
		r := &c.Residuals[i]
		if r.Quantity != quantity {
			continue
		}
		if named := r.holds(&class); named > most {
			best, most = r, named
		}
	}
	return best
}

// holds is the number of parts that are named, or -1 where the class is another.
func (r *Residual) holds(c *SpeedClass) int {
	switch {
	case r.Engine == "":
		return 0
	case r.Engine != c.Engine:
		return -1
	case r.Kind == "":
		return 1
	case r.Kind != c.Kind:
		return -1
	case r.Family == "":
		return 2
	case r.Family != c.Family:
		return -1
	case r.Precision == "":
		return 3
	case r.Precision != c.Precision:
		return -1
	}
	return 4
}

func residualKey(r *Residual) string {
	parts := r.parts()
	return r.Quantity + "|" + strings.Join(parts[:], "|")
}

func (v *validator) residuals() {
	names := [4]string{"engine", "kind", "family", "precision"}
	for i := range v.over.Residuals {
		r := &v.over.Residuals[i]
		e := entry{v: v, section: "residual", i: i}
		e.oneOf("quantity", r.Quantity, ResidualTTFT, ResidualTPOT, ResidualThroughput)
		e.within("half", r.Half, 0.001, 100, "")
		e.count("rows", r.Rows, 1)
		e.count("groups", r.Groups, 1)
		if r.Engine != "" {
			e.refers("engine", r.Engine, "engine", v.engineIDs)
		}
		if r.Kind != "" {
			e.oneOf("kind", r.Kind, dense, moe)
		}
		if r.Precision != "" {
			e.refers("precision", r.Precision, "precision", v.precisionIDs)
		}
		parts := r.parts()
		last := len(parts)
		for last > 0 && parts[last-1] == "" {
			last--
		}
		if gap := slices.Index(parts[:last], ""); gap >= 0 {
			e.fail(names[gap], "is missing beside %s; accepted: a class names engine, kind, family and precision from the left", names[last-1])
		}
	}
}
