package accuracy

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// TestTuning replays as ReplaySpeed does, and follows the engine times.
func TestTuning(t *testing.T) {
	c := shipped(t)
	tuning, err := NewTuning(c, func(entry int, s Suite) bool { return c.EngineTimes[entry].Engine == "vllm" && s == ClosedLoop })
	if err != nil {
		t.Fatal(err)
	}
	all, err := ReplaySpeed(c, estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(all, func(r SpeedRow) bool { return r.Class.Engine != "vllm" || r.Suite != ClosedLoop })
	got := tuning.Rows(c.EngineTimes)
	if len(got) == 0 || !reflect.DeepEqual(got, want) {
		t.Fatalf("%d rows differ from the %d of the replay", len(got), len(want))
	}
	slower := slices.Clone(c.EngineTimes)
	for i := range slower {
		slower[i].Step += 5000
	}
	for i, r := range tuning.Rows(slower) {
		if d := r.Cell(TPOT).Predicted - got[i].Cell(TPOT).Predicted; d < 4.9 {
			t.Fatalf("%s: 5 ms more of every step are %.2f ms more of TPOT", r.Case.ID, d)
		}
	}
	if again := tuning.Rows(c.EngineTimes); !reflect.DeepEqual(again, got) {
		t.Error("a replay with other engine times changed the next one")
	}
}

func TestMisfit(t *testing.T) {
	row := func(group string, suite Suite, cells ...Cell) SpeedRow {
		return SpeedRow{Suite: suite, Group: group, Case: planner.Case{Engine: "e"}, Cells: cells}
	}
	ln := math.Log
	for _, tt := range []struct {
		name string
		rows []SpeedRow
		want float64
	}{
		{"nothing", nil, 0},
		{"no quantity that counts", []SpeedRow{row("a", ClosedLoop, Cell{Power, 2, 1})}, 0},
		{"either direction", []SpeedRow{row("a", ClosedLoop, Cell{TPOT, 12, 10}, Cell{Throughput, 10, 12})}, ln(1.2)},
		{"at most a factor of two", []SpeedRow{row("a", ClosedLoop, Cell{TPOT, 90, 10})}, ln(2)},
		{"TTFT of a closed loop counts 0.15", []SpeedRow{row("a", ClosedLoop, Cell{TPOT, 10, 10}, Cell{TTFTMean, 15, 10})}, 0.15 * ln(1.5) / 1.15},
		{"TTFT of an open loop counts 0.5", []SpeedRow{row("a", OpenLoop, Cell{TPOT, 10, 10}, Cell{TTFTMean, 15, 10})}, 0.5 * ln(1.5) / 1.5},
		{"four rows count as two groups of one", []SpeedRow{
			row("a", ClosedLoop, Cell{TPOT, 12, 10}), row("a", ClosedLoop, Cell{TPOT, 12, 10}), row("a", ClosedLoop, Cell{TPOT, 12, 10}), row("a", ClosedLoop, Cell{TPOT, 12, 10}),
			row("b", ClosedLoop, Cell{TPOT, 10, 10}),
		}, 2 * ln(1.2) / 3},
	} {
		if got := Misfit(tt.rows); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", tt.name, got, tt.want)
		}
	}
}
