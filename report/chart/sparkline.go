package chart

import "math"

// blocks are eighths of a character.
var blocks = []rune("▁▂▃▄▅▆▇█")

// Sparkline draws values as one line of blocks, one for each value, or at most
// width where there are more: each then stands for the highest of its share,
// because a peak is what the eye looks for. As on a [Chart], the lowest block
// is zero unless that would flatten the line. What is not a finite number
// leaves a space.
func Sparkline(values []float64, width int) string {
	columns := min(len(values), width)
	if columns <= 0 {
		return ""
	}
	peaks := make([]float64, columns)
	var e extent
	for i := range peaks {
		peaks[i] = math.NaN()
		for _, v := range values[i*len(values)/columns : (i+1)*len(values)/columns] {
			if checkValue(v, false) == nil && !(v <= peaks[i]) {
				peaks[i] = v
			}
		}
		if !math.IsNaN(peaks[i]) {
			e.add(peaks[i])
		}
	}
	lo, hi := baseline(e.lo, e.hi)
	line := make([]rune, columns)
	for i, v := range peaks {
		line[i] = ' '
		if !math.IsNaN(v) {
			line[i] = blocks[int(math.Round(min(max((v-lo)/(hi-lo), 0), 1)*float64(len(blocks)-1)))]
		}
	}
	return string(line)
}
