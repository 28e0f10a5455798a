package simulator

import "testing"

// TestAReplicaThatComesBackCaches: it begins with an empty cache, finds prefixes again
// afterwards, and its fullest moment before is not forgotten.
func TestAReplicaThatComesBackCaches(t *testing.T) {
	prefix := []Segment{{ID: 1, Tokens: 160}}
	var list []Request
	for i := range 4 { // two before the failure, two after it
		list = append(list, Request{At: float64(i) * 1e6, Input: 170 - 2*i, Output: 40 - 10*i, Prefix: prefix})
	}
	trial := simulateOn(t, System{
		Engine: linear(4, 512, 100), Replicas: 1,
		Events: []Event{{At: 1.5e6, Replica: 0}, {At: 1.6e6, Replica: 0, Up: true}},
	}, &Listed{Requests: list})
	for i, want := range []int32{0, 160, 0, 160} {
		if got := trial.Outcomes[i].Cached; got != want {
			t.Errorf("request %d found %d tokens, want %d", i, got, want)
		}
	}
	if peak := trial.Each[0].PeakBlocks; peak != 14 { // 170 and 40 tokens in blocks of 16
		t.Errorf("at most %d blocks were in use, want 14", peak)
	}
}
