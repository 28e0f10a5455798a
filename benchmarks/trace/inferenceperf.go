package trace

import "encoding/json"

// What failed and is part of the load, or would be.
const (
	remarkAsked   = "failed, taken with the lengths that they asked for"
	passedFailed  = "failed, with lengths asked for that the file does not say, passed over"
	passedWarmup  = "of the warm-up, passed over"
	passedUntimed = "without a time, passed over"
)

func inferencePerf() format {
	return format{
		name:     InferencePerf,
		keys:     []string{"start_time", "info"},
		begin:    '[',
		anyOrder: true, // of the ends of requests
		document: func(d *document, _ func(string)) error {
			return d.requests("the document", inferencePerfRequest)
		},
	}
}

// inferencePerfCounts are where versions of inference-perf write lengths.
type inferencePerfCounts struct {
	Input          *int `json:"input_tokens"`
	Output         *int `json:"output_tokens"` // until response_metrics came
	RequestMetrics struct {
		Text struct {
			Input *int `json:"input_tokens"`
		} `json:"text"`
	} `json:"request_metrics"`
	ResponseMetrics struct {
		Output *int `json:"output_tokens"`
	} `json:"response_metrics"`
}

func inferencePerfRequest(raw []byte) (r row, err error) {
	var d struct {
		Start    *float64            `json:"start_time"` // s
		Session  string              `json:"session_id"`
		Request  json.RawMessage     `json:"request"`
		Info     inferencePerfCounts `json:"info"`
		Computed inferencePerfCounts `json:"computed_metrics"`
		Error    json.RawMessage     `json:"error"`
	}
	if err = decode(raw, &d); err != nil {
		return r, err
	}
	if err = r.timed("start_time", d.Start, 1); err != nil {
		return r, err
	}
	r.Session = d.Session
	input := first(d.Info.RequestMetrics.Text.Input, d.Info.Input, d.Computed.Input)
	output := first(d.Info.ResponseMetrics.Output, d.Info.Output, d.Computed.Output)
	if told(d.Error) {
		r.failed(input, askedOutput(d.Request))
		return r, nil
	}
	if r.InputTokens, err = number("info.input_tokens", input); err != nil {
		return r, err
	}
	if r.OutputTokens, err = number("info.response_metrics.output_tokens", output); err != nil {
		return r, err
	}
	r.passEmpty()
	return r, nil
}

// askedOutput is the bound of the answer in a request's body, which is a text
// that holds JSON; nil where it has none.
func askedOutput(request json.RawMessage) *int {
	var body string
	var asked struct {
		MaxTokens *int `json:"max_tokens"`
	}
	if json.Unmarshal(request, &body) != nil || json.Unmarshal([]byte(body), &asked) != nil {
		return nil // the body is another program's, and its shape is no error of the trace
	}
	return asked.MaxTokens
}

// failed takes a request that failed with the lengths that it asked for, or
// passes it over where they are not known.
func (r *row) failed(input, output *int) {
	if input == nil || *input < 1 || output == nil || *output < 1 {
		r.passed = passedFailed
		return
	}
	r.InputTokens, r.OutputTokens, r.remark = *input, *output, remarkAsked
}

// told says whether a key is there, and not null.
func told(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

// first is the first value that is there.
func first[T any](values ...*T) *T {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}
