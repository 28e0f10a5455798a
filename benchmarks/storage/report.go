package storage

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Ways of reading.
const (
	Direct   = "direct"   // from the device, past the page cache
	Uncached = "uncached" // through the page cache, which was dropped before
	Cached   = "cached"   // from the page cache
	Mapped   = "mapped"   // a mapping whose pages were dropped before, page by page
)

// Report is what a run measured.
type Report struct {
	Bytes      int64  `json:"bytes"`                 // of the file that were read
	Made       bool   `json:"made"`                  // the file was made for the run
	FileSystem string `json:"file_system,omitempty"` // ext4, xfs, nfs, ...
	NoDirect   string `json:"no_direct,omitempty"`   // why reads go through the page cache

	Write *Rate  `json:"write,omitempty"` // of the file that was made, until it was on the device
	Reads []Read `json:"reads"`

	Warnings []string `json:"warnings,omitempty"`
}

// Read is one way of reading with so many parts of the file at once.
type Read struct {
	Mode    string `json:"mode"` // direct, uncached, cached or mapped
	Streams int    `json:"streams"`
	Rate
}

// Rate is decimal GB/s over parts of the file.
type Rate struct {
	Median  float64   `json:"median_gbps,omitempty"`
	Q1      float64   `json:"q1_gbps,omitempty"`
	Q3      float64   `json:"q3_gbps,omitempty"`
	Samples []float64 `json:"samples_gbps,omitempty"` // in their order
	Unknown string    `json:"unknown,omitempty"`      // why there is none
}

// Known reports whether there is a figure.
func (r Rate) Known() bool { return r.Median > 0 }

func rateOf(samples []float64) Rate {
	if len(samples) == 0 {
		return Rate{Unknown: "interrupted"}
	}
	q1, median, q3 := benchmarks.Quartiles(samples)
	return Rate{Median: median, Q1: q1, Q3: q3, Samples: samples}
}

// Metrics are read and write in GB/s, read with the labels mode and streams.
func (r *Report) Metrics() (list []benchmarks.Metric) {
	add := func(name string, labels map[string]string, x Rate) {
		if x.Known() {
			list = append(list, benchmarks.Metric{
				Name: name, Unit: "GB/s", Labels: labels, Better: benchmarks.Higher, Value: x.Median, Low: x.Q1, High: x.Q3, Runs: len(x.Samples), Samples: x.Samples,
			})
		}
	}
	for _, x := range r.Reads {
		add("read", x.labels(), x.Rate)
	}
	if r.Write != nil {
		add("write", nil, *r.Write)
	}
	return list
}

func (x *Read) labels() map[string]string {
	return map[string]string{"mode": x.Mode, "streams": strconv.Itoa(x.Streams)}
}

// Skipped are ways of reading that were not measured.
func (r *Report) Skipped() (list []benchmarks.Skipped) {
	for i := range r.Reads {
		if x := &r.Reads[i]; !x.Known() {
			m := benchmarks.Metric{Name: "read", Labels: x.labels()}
			list = append(list, benchmarks.Skipped{Name: m.Key(), Reason: x.Unknown})
		}
	}
	return list
}

// Load is how long so many bytes take to read, by the median and the quartiles.
type Load struct {
	Mode    string        `json:"mode"`
	Streams int           `json:"streams"`
	Time    time.Duration `json:"-"`
	Low     time.Duration `json:"-"`
	High    time.Duration `json:"-"`
}

// Loads are the times to read a model of so many bytes. Starting the engine,
// copying to an accelerator and computing come on top.
func (r *Report) Loads(bytes int64) (list []Load) {
	took := func(gbps float64) time.Duration {
		return time.Duration(float64(bytes) / gbps) // bytes over 10^9 bytes/s is nanoseconds
	}
	for _, x := range r.Reads {
		if x.Known() {
			list = append(list, Load{x.Mode, x.Streams, took(x.Median), took(x.Q3), took(x.Q1)})
		}
	}
	return list
}
