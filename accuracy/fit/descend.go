package main

// Steps of a descent are factors of 1.3, then of ever less down to 1.02.
const (
	firstStep = 0.3
	lastStep  = 0.02
	least     = 1e-5 // gain that counts
)

// descend turns one knob after another as long as the cost falls, by factors
// that shrink once no knob helps. Tied knobs begin at the value of the first.
// It returns the cost before and after.
func descend(knobs []knob, cost func() float64) (from, to float64) {
	from = cost()
	for i := range knobs {
		knobs[i].set(knobs[i].get())
	}
	best := cost()
	for step := firstStep; step >= lastStep; {
		gained := false
		for i := range knobs {
			k := &knobs[i]
			for _, factor := range []float64{1 + step, 1 / (1 + step)} {
				for {
					old := k.get()
					v := min(max(old*factor, k.low), k.high)
					if old == 0 {
						v = 1 // no factor leads out of nothing
					}
					if v == old {
						break
					}
					k.set(v)
					now := cost()
					if now >= best-least {
						k.set(old)
						break
					}
					best, gained = now, true
				}
			}
		}
		if !gained {
			step /= 2
		}
	}
	return from, best
}
