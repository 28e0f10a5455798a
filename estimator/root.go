package estimator

import "math"

// rootSteps bounds the evaluations of [root], which seldom needs ten.
const rootSteps = 60

// root finds where f, which is fLow < 0 at low >= 0 and fHigh > 0 at high,
// crosses zero: to within close of f, or to the share narrow of x at a jump.
// The first step is false position; then Chandrupatla's rule (Advances in
// Engineering Software 28, 1997) takes the inverse parabola through the last
// three points where f is smooth enough between them, and else the middle. The
// last call of f is at the result.
func root(f func(x float64) float64, low, high, fLow, fHigh, close, narrow float64) float64 {
	x, y, across, yAcross := high, fHigh, low, fLow // zero lies between x and across
	t := y / (y - yAcross)
	for range rootSteps {
		before, yBefore := x, y
		x += t * (across - x)
		y = f(x)
		if (y > 0) != (yBefore > 0) {
			before, yBefore, across, yAcross = across, yAcross, before, yBefore
		}
		width, least := math.Abs(across-x), narrow*max(x, across)
		if math.Abs(y) <= close || width <= least {
			break
		}
		t = max(min(share(x, y, across, yAcross, before, yBefore), 1-least/2/width), least/2/width)
	}
	return x
}

// share is the next step's share of the way from x to across.
func share(x, y, across, yAcross, before, yBefore float64) float64 {
	xi := (x - across) / (before - across)
	phi := (y - yAcross) / (yBefore - yAcross)
	if phi*phi >= xi || (1-phi)*(1-phi) >= 1-xi {
		return 0.5
	}
	return y/(yAcross-y)*yBefore/(yAcross-yBefore) + (before-x)/(across-x)*y/(yBefore-y)*yAcross/(yBefore-yAcross)
}
