package catalog

import "fmt"

// Basis says how a figure is known, from the strongest evidence to the weakest.
type Basis string

const (
	Measured   Basis = "measured"   // read from this hardware or this engine
	Calibrated Basis = "calibrated" // a formula whose coefficients were fitted on measurements of this class
	Modelled   Basis = "modelled"   // a formula from first principles, not fitted on this class
	Datasheet  Basis = "datasheet"  // stated by the vendor
	Assumed    Basis = "assumed"    // a default that the user may change
)

var strength = map[Basis]int{Measured: 5, Calibrated: 4, Modelled: 3, Datasheet: 2, Assumed: 1}

// Weaker returns the weaker of two bases: a figure is known no better than
// the worst of its inputs. The empty basis (unknown) is the weakest.
func Weaker(a, b Basis) Basis {
	if strength[a] <= strength[b] {
		return a
	}
	return b
}

// Trust grades a catalog entry's source: A primary or verbatim, B good
// secondary or reproduced by formula, C recalled and only checked in total,
// D announced or unverified.
type Trust string

// UnmarshalText accepts A, B, C and D.
func (t *Trust) UnmarshalText(b []byte) error {
	switch s := string(b); s {
	case "A", "B", "C", "D":
		*t = Trust(s)
		return nil
	default:
		return fmt.Errorf("trust %q: accepted are A, B, C, D", s)
	}
}
