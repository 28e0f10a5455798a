package gate

import (
	"math"
	"strconv"
	"strings"
)

// sameMean is how far apart mean lengths may lie that only the results tell: the prompts
// of one data set, drawn anew.
const sameMean = 0.1

// sameLabels reports whether labels are those of one load.
func sameLabels(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		w, ok := b[name]
		if !ok || v != w && !sameMeans(v, w) {
			return false
		}
	}
	return true
}

// sameMeans reports whether two texts are of lengths that are about the same: "~510/~130".
func sameMeans(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		v, okA := strings.CutPrefix(x[i], "~")
		w, okB := strings.CutPrefix(y[i], "~")
		m, errA := strconv.ParseFloat(v, 64)
		n, errB := strconv.ParseFloat(w, 64)
		if !okA || !okB || errA != nil || errB != nil || !(math.Abs(m-n) <= sameMean*max(m, n)) {
			return false
		}
	}
	return true
}
