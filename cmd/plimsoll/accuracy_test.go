package main

import (
	"encoding/json"
	"math"
	"testing"
)

// TestAccuracySplits holds that fit and validation rows are all rows, and that
// the worst rows are in order.
func TestAccuracySplits(t *testing.T) {
	of := func(args ...string) (d accuracyDocument, rows int) {
		out, stderr, status := run(t, nil, append([]string{"accuracy", "-o", "json"}, args...)...)
		if err := json.Unmarshal([]byte(out), &d); err != nil || status != exitOK {
			t.Fatalf("status %d, %v, stderr %s", status, err, stderr)
		}
		for _, s := range d.Speed {
			rows += s.Rows
			if s.Spread.Median > s.Spread.Max || math.Abs(s.Spread.Bias) > s.Spread.Mean+1e-9 || s.Groups < 1 || s.Groups > s.Rows {
				t.Errorf("summary %+v", s)
			}
		}
		return d, rows
	}
	all, total := of("--by", "suite", "--rows=5")
	_, classes := of("--by", "class")
	_, fit := of("--split", "fit")
	_, validation := of("--split", "validation")
	if total == 0 || classes != total || fit+validation != total || fit == 0 || validation == 0 {
		t.Errorf("%d figures by suite, %d by class, %d fit, %d validate", total, classes, fit, validation)
	}
	if len(all.Worst) != 5 || len(all.Memory) == 0 || len(all.Peers) == 0 {
		t.Errorf("%d worst rows, %d of memory, %d peers", len(all.Worst), len(all.Memory), len(all.Peers))
	}
	for i, e := range all.Worst {
		if e.Source == "" || e.Row == "" || i > 0 && math.Abs(e.Relative) > math.Abs(all.Worst[i-1].Relative) {
			t.Errorf("worst row %d: %+v", i, e)
		}
	}
}
