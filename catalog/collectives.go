package catalog

import (
	"math"
	"strings"
)

// transport is what carries a collective.
type transport struct {
	fabric bool    // switched or meshed links between accelerators; else PCIe
	kind   string  // of the link, "" for PCIe; a bridge is its generation's link
	whole  float64 // GB/s of all its links, per accelerator and direction
	rate   float64 // of those that a collective uses
}

// maxPCIe is the most accelerators of one PCIe host that anyone timed.
const maxPCIe = 8

// transportOf tells what carries a collective among world accelerators: the
// link where it joins that many, else PCIe. Links unlike any that was timed
// (Ethernet, tori, cables between boxes) carry nothing that is known here.
func transportOf(acc *Accelerator, link Link, world int) (transport, bool) {
	if link.GBps > 0 && (link.Domain == 0 || link.Domain >= world) {
		switch {
		case strings.HasPrefix(link.Kind, "NVLink"):
			return transport{true, strings.TrimSuffix(link.Kind, bridge), link.GBps, link.GBps}, true
		case strings.HasPrefix(link.Kind, "Infinity Fabric"), strings.HasPrefix(link.Kind, "Xe Link"):
			return transport{true, link.Kind, link.GBps, link.GBps * meshShare(link.Domain, world)}, true
		default:
			return transport{}, false
		}
	}
	return transport{whole: acc.PCIeGBps, rate: acc.PCIeGBps}, acc.PCIeGBps > 0 && world <= maxPCIe
}

// meshShare is the part of its links that an accelerator of a full mesh uses
// when world of the domain take part: each peer has a link of its own.
func meshShare(domain, world int) float64 {
	if domain < 2 {
		return 1
	}
	return float64(world-1) / float64(domain-1)
}

// CollectiveFor finds the curve of a collective (all_reduce, all_gather,
// reduce_scatter, alltoall) among world accelerators that a link joins; where
// the link is unknown or does not reach that far, they talk over PCIe. Without
// timings of its own it takes those of the nearest relative:
//
//  1. of the same transport, a fabric of links or PCIe;
//  2. among as many accelerators, else the next larger number, else the largest;
//  3. the part itself, the same link, another link of the vendor, another vendor's;
//  4. of these the one whose rate is nearest to what the part is sold with, so
//     that a link found slower or faster takes another time, not another relative.
//
// A reduce-scatter takes as long as an all-gather. Rates scale with those of
// the links; beyond the largest number the floor grows with its logarithm. Not
// found are links that nothing timed resembles, PCIe of unknown rate and PCIe
// beyond eight. A call allocates nothing.
func (c *Catalog) CollectiveFor(acc *Accelerator, link Link, kernel string, world int) (Curve, Relation, bool) {
	if kernel == "reduce_scatter" {
		kernel = "all_gather"
	}
	want, ok := transportOf(acc, link, world)
	if !ok || world < 2 {
		return Curve{}, 0, false
	}
	nominal := want.whole
	if sold, ok := transportOf(acc, acc.Link, world); ok && sold.kind == want.kind {
		nominal = sold.whole
	}
	var best rank
	var from transport
	var curve *Curve
	for _, t := range c.names().curves.collectives {
		timed, of := &c.Curves[t.curve], &c.Accelerators[t.accelerator]
		if timed.Kernel != kernel {
			continue
		}
		has, ok := transportOf(of, of.Link, timed.World)
		if !ok || has.fabric != want.fabric {
			continue
		}
		r := rank{
			substitute: worldGap(world, timed.World), relation: linkKin(acc, of, want, has),
			distance: math.Abs(math.Log(nominal / has.whole)),
		}
		if curve == nil || r.before(best) {
			best, from, curve = r, has, timed
		}
	}
	if curve == nil {
		return Curve{}, 0, false
	}
	relation := best.relation
	if curve.World != world {
		relation = max(relation, SameArchitecture)
	}
	if world > curve.World {
		relation = max(relation, OtherGeneration)
	}
	return curve.over(want.rate/from.rate, world), relation, true
}

// worldGap ranks timed numbers of accelerators: the same, then larger ones,
// then smaller ones, nearest first.
func worldGap(world, timed int) int {
	if timed >= world {
		return timed - world
	}
	return 1<<16 + world - timed
}

// linkKin is the relation of two transports of the same sort.
func linkKin(acc, timed *Accelerator, want, has transport) Relation {
	switch {
	case acc.ID == timed.ID && want.kind == has.kind:
		return Own
	case acc.Vendor != timed.Vendor:
		return OtherVendor
	case want.kind == has.kind:
		return SameArchitecture
	default:
		return OtherGeneration
	}
}

// over is the curve on a link of another rate and among another number.
func (c *Curve) over(ratio float64, world int) Curve {
	s := *c
	if ratio != 1 {
		s.Rate *= ratio
		s.Small /= ratio
	}
	if world > c.World {
		s.Floor *= math.Log2(float64(world)) / math.Log2(float64(c.World))
	}
	s.World = world
	return s
}
