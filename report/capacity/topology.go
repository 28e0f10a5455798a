package capacity

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

// mostDrawn nodes; the rest are told.
const mostDrawn = 12

// slot is what an accelerator of a node does.
type slot struct {
	replica int // from 1; 0: unused
	spare   bool
	prefill bool
}

// placed lays replicas on nodes in order, those that prefill first; the spares are the
// last of each side.
func placed(o *planner.Option) [][]slot {
	nodes := make([][]slot, o.Nodes)
	per := o.Accelerators / max(o.Nodes, 1)
	node, used := 0, 0
	put := func(replica, world int, spare, prefill bool) {
		if used > 0 && used+world > per { // a replica begins on a node that holds it whole, or on an empty one
			node, used = node+1, 0
		}
		for range world {
			if used == per {
				node, used = node+1, 0
			}
			if node < len(nodes) {
				nodes[node] = append(nodes[node], slot{replica, spare, prefill})
			}
			used++
		}
	}
	replica := 0
	if f := o.Prefill; f != nil {
		for i := range f.Replicas + o.Spare {
			replica++
			put(replica, f.World, i >= f.Replicas, true)
		}
		if used > 0 && (per%o.World != 0 || per%f.World != 0) { // the planner counts nodes of each kind then
			node, used = node+1, 0
		}
	}
	for i := range o.Replicas + o.Spare {
		replica++
		put(replica, o.World, i >= o.Replicas, false)
	}
	for i := range nodes {
		for len(nodes[i]) < per {
			nodes[i] = append(nodes[i], slot{})
		}
	}
	return nodes
}

func (r *writer) topology() section {
	nodes := placed(r.plan.Chosen)
	s := section{heading: r.say("topology"), text: []string{r.decomposition(r.plan.Chosen) + r.say("stop")}, pictured: []string{r.say("legend")}, mermaid: r.mermaid(nodes), pictures: []chart.Picture{r.drawing(nodes)}}
	if more := len(nodes) - mostDrawn; more > 0 {
		s.text = append(s.text, r.count("more", more))
	}
	return s
}

// label names what a replica's slot is.
func (r *writer) label(s slot) string {
	switch {
	case s.replica == 0:
		return r.say("unused")
	case s.prefill && s.spare:
		return r.say("replica", s.replica) + " (" + r.say("prefill") + ", " + r.say("spare") + ")"
	case s.prefill:
		return r.say("replica", s.replica) + " (" + r.say("prefill") + ")"
	case s.spare:
		return r.say("replica", s.replica) + " (" + r.say("spare") + ")"
	}
	return r.say("replica", s.replica)
}

// mermaid is the diagram for Markdown.
func (r *writer) mermaid(nodes [][]slot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "flowchart LR\n  classDef spare stroke-dasharray: 4 2\n  router([%q])\n", r.say("router"))
	for i, node := range nodes[:min(len(nodes), mostDrawn)] {
		fmt.Fprintf(&b, "  subgraph node%d [%q]\n", i+1, r.say("node", i+1))
		var ids []string
		for k := 0; k < len(node); {
			end := k
			for end < len(node) && node[end] == node[k] {
				end++
			}
			id := fmt.Sprintf("n%dr%d", i+1, k)
			fmt.Fprintf(&b, "    %s[%q]\n", id, fmt.Sprintf("%s: %d x %s", r.label(node[k]), end-k, r.plan.Chosen.Accelerator))
			if node[k].spare {
				fmt.Fprintf(&b, "    class %s spare\n", id)
			}
			if node[k].replica > 0 {
				ids = append(ids, id)
			}
			k = end
		}
		b.WriteString("  end\n")
		for _, id := range ids {
			fmt.Fprintf(&b, "  router --> %s\n", id)
		}
	}
	return b.String()
}

// Sizes of the drawing in pixels.
const (
	square, squareGap = 26.0, 5.0
	nodeWidth         = 160.0
	nodeGap           = 18.0
	drawingWidth      = 760.0
	nodeLine          = 4 // squares in a line
	nodeColumns       = 3 // beside the router
)

// drawing is the diagram for HTML: nodes as boxes, accelerators as squares that show
// which replica they belong to (P: one that prefills), spare ones with a dashed edge, those
// without a replica empty.
func (r *writer) drawing(nodes [][]slot) chart.Picture {
	shown := nodes[:min(len(nodes), mostDrawn)]
	lines := (len(shown[0]) + nodeLine - 1) / nodeLine
	boxHeight := 34 + float64(lines)*(square+squareGap) + 8
	rows := (len(shown) + nodeColumns - 1) / nodeColumns
	height := float64(rows)*(boxHeight+nodeGap) + 8
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12"><title>%s</title><desc>%s</desc>`,
		drawingWidth, height, drawingWidth, height, escape(r.say("topology")), escape(r.decomposition(r.plan.Chosen)))
	fmt.Fprintf(&b, `<rect x="4" y="%.1f" width="80" height="30" rx="15" fill="none" stroke="var(--chart-ink, #1b1f24)"/><text x="44" y="%.1f" text-anchor="middle" fill="var(--chart-ink, #1b1f24)">%s</text>`, height/2-15, height/2+4, escape(r.say("router")))
	for i, node := range shown {
		x := 110 + float64(i%nodeColumns)*(nodeWidth+nodeGap)
		y := 4 + float64(i/nodeColumns)*(boxHeight+nodeGap)
		if i%nodeColumns == 0 {
			fmt.Fprintf(&b, `<path d="M84 %.1f L%.1f %.1f" stroke="var(--chart-soft, #57606a)" fill="none"/>`, height/2, x, y+boxHeight/2)
		}
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%g" height="%.1f" rx="6" fill="none" stroke="var(--chart-soft, #57606a)"/><text x="%.1f" y="%.1f" fill="var(--chart-ink, #1b1f24)">%s</text>`, x, y, nodeWidth, boxHeight, x+10, y+20, escape(r.say("node", i+1)))
		for k, s := range node {
			b.WriteString(r.tile(s, x+10+float64(k%nodeLine)*(square+squareGap+6), y+30+float64(k/nodeLine)*(square+squareGap)))
		}
	}
	b.WriteString("</svg>")
	return chart.Picture(b.String())
}

// tile is one accelerator: its replica's number in ink on a tint of its colour, so that it
// reads in light and dark and on paper.
func (r *writer) tile(s slot, x, y float64) string {
	edge, tint, dash, number := chart.Colour(s.replica), "0.18", "", ""
	switch {
	case s.replica == 0:
		edge, tint = "var(--chart-soft, #57606a)", "0"
	case s.spare:
		tint, dash = "0", ` stroke-dasharray="4 2"`
	}
	if s.replica > 0 {
		text := fmt.Sprint(s.replica)
		if s.prefill {
			text = "P" + text
		}
		number = fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="middle" font-size="11" font-weight="600" fill="var(--chart-ink, #1b1f24)">%s</text>`, x+square/2, y+square*0.66, text)
	}
	return fmt.Sprintf(`<g><title>%s</title><rect x="%.1f" y="%.1f" width="%g" height="%g" rx="3" fill="%s" fill-opacity="%s" stroke="%s" stroke-width="1.5"%s/>%s</g>`, escape(r.label(s)), x, y, square, square, edge, tint, edge, dash, number)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func escape(s string) string { return escaper.Replace(s) }
