package endpoint

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// moments are the mean and the standard deviation.
func moments(values []float64) (mean, std float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		std += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(std)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want)+1e-9 {
		t.Errorf("%s = %g, want %g within %g %%", what, got, want, 100*tolerance)
	}
}

func TestArrivals(t *testing.T) {
	for name, c := range map[string]struct {
		load Load
		cv   float64 // deviation of the gaps over their mean
	}{
		"poisson":  {Load{Kind: Poisson, Rate: 50}, 1},
		"constant": {Load{Kind: Constant, Rate: 50}, 0},
		"bursty":   {Load{Kind: Burst, Rate: 50, Burstiness: 0.25}, 2},
		"steady":   {Load{Kind: Burst, Rate: 50, Burstiness: 4}, 0.5},
		"as it is": {Load{Kind: Burst, Rate: 50, Burstiness: 1}, 1},
	} {
		if err := c.load.check(); err != nil {
			t.Error(err)
		}
		a, b := newSchedule(c.load, stream(7, arrivalStream)), newSchedule(c.load, stream(7, arrivalStream))
		var gaps []float64
		last := time.Duration(0)
		for i := range 100000 {
			at, ok := a.next()
			again, _ := b.next()
			if !ok || at < last || at != again {
				t.Fatalf("%s: arrival %d at %v after %v, %v with the same seed", name, i, at, last, again)
			}
			if i > 0 {
				gaps = append(gaps, (at - last).Seconds())
			}
			last = at
		}
		mean, std := moments(gaps)
		near(t, name+": mean gap", mean, 1.0/50, 0.03)
		near(t, name+": variation", std/mean+1, c.cv+1, 0.02)
	}
}

func TestReplaySchedule(t *testing.T) {
	l := Load{Kind: Replay, Speed: 2, Timed: []Timed{{At: 0, InputTokens: 1, OutputTokens: 1}, {At: time.Second, Prompt: "x", OutputTokens: 1}}}
	if err := l.check(); err != nil {
		t.Fatal(err)
	}
	s := newSchedule(l, nil)
	first, _ := s.next()
	second, _ := s.next()
	if _, more := s.next(); first != 0 || second != 500*time.Millisecond || more {
		t.Errorf("%v, %v, more %v", first, second, more)
	}
}

func TestWhatIsNotAccepted(t *testing.T) {
	ok := Config{Load: Load{Kind: ClosedLoop, Concurrency: 1}, Input: workload.Tokens(1), Output: workload.Tokens(1), Requests: 1}
	if err := ok.check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		`kind ""`:                 func(c *Config) { c.Load = Load{} },
		"concurrency 0":           func(c *Config) { c.Load.Concurrency = 0 },
		"rate 0":                  func(c *Config) { c.Load = Load{Kind: Poisson} },
		"rate NaN":                func(c *Config) { c.Load = Load{Kind: Poisson, Rate: math.NaN()} },
		"burstiness 0":            func(c *Config) { c.Load = Load{Kind: Burst, Rate: 1} },
		"empty list":              func(c *Config) { c.Load = Load{Kind: Replay} },
		"must not fall":           func(c *Config) { c.Load = Load{Kind: Replay, Timed: []Timed{{2, 1, 1, ""}, {1, 1, 1, ""}}} },
		"no prompt":               func(c *Config) { c.Load = Load{Kind: Replay, Timed: []Timed{{OutputTokens: 1}}} },
		"0 output tokens":         func(c *Config) { c.Load = Load{Kind: Replay, Timed: []Timed{{Prompt: "x"}}} },
		"constant 0":              func(c *Config) { c.Input = workload.Tokens(0) },
		`distribution "weird"`:    func(c *Config) { c.Output = workload.Lengths{Dist: "weird"} },
		"uniform from 5 to 4":     func(c *Config) { c.Output = workload.Lengths{Dist: workload.UniformLength, Min: 5, Max: 4} },
		"min <= mean <= max":      func(c *Config) { c.Output = workload.Lengths{Dist: workload.NormalLength, Mean: 5, Max: 4} },
		"empirical without":       func(c *Config) { c.Output = workload.Lengths{Dist: workload.EmpiricalLength} },
		"value 2":                 func(c *Config) { c.Output = workload.Lengths{Dist: workload.EmpiricalLength, Values: []int{1, 0}} },
		"neither":                 func(c *Config) { c.Requests = 0 },
		"shared prefix 1.5":       func(c *Config) { c.SharedPrefix = 1.5 },
		"negative":                func(c *Config) { c.Warmup = -1 },
		"tokenizer":               func(c *Config) { c.Tokenizer = &Tokenizer{} },
		"objectives -1, 0 and 0":  func(c *Config) { c.Objectives.TTFTMs = -1 },
		"-1 requests, 0 of warm-": func(c *Config) { c.Requests = -1 },
	} {
		c := ok
		change(&c)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		url  string
		api  API
		root string
		want API
	}{
		{"http://h:8000", "", "http://h:8000/v1", Chat},
		{"http://h:8000/", Completions, "http://h:8000/v1", Completions},
		{"https://h/v1/", "", "https://h/v1", Chat},
		{"https://h/proxy/v1/completions", "", "https://h/proxy/v1", Completions},
		{"https://h/v1/chat/completions", Chat, "https://h/v1", Chat},
		{"http://[::1]:1/x", "", "http://[::1]:1/x/v1", Chat},
	} {
		got, root, err := Target{URL: c.url, API: c.api}.resolve()
		if err != nil || root != c.root || got.API != c.want {
			t.Errorf("%s: %s %s, %v; want %s %s", c.url, got.API, root, err, c.want, c.root)
		}
	}
	for want, target := range map[string]Target{
		`scheme ""`:              {URL: "localhost"},
		`scheme "localhost"`:     {URL: "localhost:8000"},
		"without a host":         {URL: "http:///v1"},
		"does not parse":         {URL: "http://h:port"},
		"give the key apart":     {URL: "http://user:secret@h"},
		"a query":                {URL: "http://h/?api-key=secret"},
		`API "rpc"`:              {URL: "http://h", API: "rpc"},
		"URL of the chat API":    {URL: "http://h/v1/chat/completions", API: Completions},
		`extra field "model"`:    {URL: "http://h", Extra: map[string]any{"model": "x"}},
		`extra field "top"`:      {URL: "http://h", MaxTokensField: "top", Extra: map[string]any{"top": 1}},
		"extra fields: json":     {URL: "http://h", Extra: map[string]any{"f": func() {}}},
		`in the field "stream"`:  {URL: "http://h", MaxTokensField: "stream"},
		"accepted is more than ": {URL: "http://h", Timeout: -1},
	} {
		if _, _, err := target.resolve(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q in it and no secret", err, want)
		}
	}
}

func TestPrompts(t *testing.T) {
	if n := len(words()); n&(n-1) != 0 || n < 128 {
		t.Fatalf("%d words", n)
	}
	target, _, err := Target{URL: "http://h", Model: `a"b`, Extra: map[string]any{"temperature": 0}}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := newTemplate(target, *exactTokenizer, 5, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	prompt := func(index uint64) []string {
		body, tokens := tpl.synthetic(stream(5, index), 1007, 32)
		if tokens != 1007 {
			t.Errorf("%d tokens, want 1007", tokens)
		}
		return strings.Fields(decode(t, body).Prompt)
	}
	a, b, again := prompt(0), prompt(1), prompt(0)
	if len(a) != 800 || !slices.Equal(a, again) { // (1007 - 7) / 1.25
		t.Errorf("%d words, want 800, the same each time", len(a))
	}
	if !slices.Equal(a[:400], b[:400]) || slices.Equal(a[400:410], b[400:410]) {
		t.Error("half of the prompt is to be shared, and no more")
	}
	q := decode(t, tpl.body("quo\"te\n", 3))
	if q.Prompt != "quo\"te\n" || q.Fields["max_tokens"] != 3.0 || q.Fields["model"] != `a"b` || q.Fields["temperature"] != 0.0 {
		t.Errorf("%+v", q)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	cfg := Config{Target: Target{Key: "sk-123", Header: map[string]Secret{"api-key": "sk-123"}}}
	for _, text := range []string{sprint("%v", cfg), sprint("%+v", cfg), sprint("%#v", cfg), sprint("%s", cfg.Target.Key), jsonOf(t, cfg.Target.Key)} {
		if strings.Contains(text, "sk-123") {
			t.Errorf("the key shows in %s", text)
		}
	}
	if got := cfg.Target.shorten("bad key sk-123\nreally " + strings.Repeat("é", 400)); strings.Contains(got, "sk-") || len(got) > maxDetail+3 || strings.ContainsAny(got, "\n\ufffd") {
		t.Errorf("%q", got)
	}
}
