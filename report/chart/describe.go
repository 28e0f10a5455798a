package chart

import (
	"fmt"
	"strings"
)

// describe says in words what the picture shows, for those who cannot see it.
func (c *Chart) describe() string {
	var b strings.Builder
	axisName := func(name, fallback string) string {
		if strings.TrimSpace(name) == "" {
			return fallback
		}
		return name
	}
	fmt.Fprintf(&b, "%s over %s.", axisName(c.Y, "Y"), axisName(c.X, "X"))
	if c.empty() {
		b.WriteString(" There are no data.")
		return b.String()
	}
	for i := range c.Series {
		s := &c.Series[i]
		fmt.Fprintf(&b, " %s: ", seriesName(c, i))
		if len(s.X) == 0 {
			b.WriteString("no data.")
			continue
		}
		last := len(s.X) - 1
		var y extent
		y.add(s.Y...)
		fmt.Fprintf(&b, "%d points, from %s at %s to %s at %s, lowest %s, highest %s.",
			len(s.X), short(s.Y[0]), short(s.X[0]), short(s.Y[last]), short(s.X[last]), short(y.lo), short(y.hi))
	}
	for _, l := range c.Lines {
		axis := "Y"
		if l.Vertical {
			axis = "X"
		}
		fmt.Fprintf(&b, " Line at %s = %s", axis, short(l.Value))
		if strings.TrimSpace(l.Name) != "" {
			fmt.Fprintf(&b, ": %s", l.Name)
		}
		b.WriteString(".")
	}
	return b.String()
}
