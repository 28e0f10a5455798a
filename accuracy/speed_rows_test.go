package accuracy

import (
	"reflect"
	"testing"

	"github.com/plimsoll-dev/plimsoll/planner"
)

func TestWorstSpeed(t *testing.T) {
	rows := []SpeedRow{
		{Suite: OpenLoop, Source: "a", Case: planner.Case{ID: "t.csv:2"}, Cells: []Cell{{TPOT, 110, 100}, {E2E, 40, 100}}},
		{Suite: ClosedLoop, Source: "b", Case: planner.Case{ID: "t.csv:3"}, Cells: []Cell{{TPOT, 130, 100}}},
	}
	var got []string
	for _, e := range WorstSpeed(rows, 2) {
		got = append(got, e.Row+" "+string(e.Quantity)+" "+e.Source)
	}
	if want := []string{"t.csv:2 e2e a", "t.csv:3 tpot b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("worst = %q, want %q", got, want)
	}
	if n := len(WorstSpeed(rows, 10)); n != 3 {
		t.Errorf("%d of 3 errors", n)
	}
}

func TestRefusedSpeed(t *testing.T) {
	rows := []SpeedRow{{Suite: OpenLoop, Refused: "x"}, {Suite: OpenLoop}, {Suite: ClosedLoop, Refused: "x"}, {Suite: OpenLoop, Refused: "x"}}
	if got, want := RefusedSpeed(rows), []Refusal{{OpenLoop, 2, "x"}, {ClosedLoop, 1, "x"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("refused = %v, want %v", got, want)
	}
}
