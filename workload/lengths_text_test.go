package workload

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestParseLengths(t *testing.T) {
	for text, want := range map[string]Lengths{
		"512":                       Tokens(512),
		"128-1024":                  {Dist: UniformLength, Min: 128, Max: 1024},
		"normal:512,64":             {Dist: NormalLength, Mean: 512, Std: 64},
		"lognormal:512,256,16-4096": {Dist: LogNormalLength, Mean: 512, Std: 256, Min: 16, Max: 4096},
	} {
		got, err := ParseLengths(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%s shows as %s", text, got)
		}
	}
	for text, want := range map[string]string{
		"": "accepted are", "0": "1 to 10000000", "-5": "accepted are", "9-3": "min <= max", "gamma:1,2": "accepted are", "normal:5": "accepted are",
		"normal:x,1": "accepted are", "lognormal:10,5,20-30": "min <= mean <= max", "normal:5,1,2": "accepted are", "normal:5,1,0-9": "accepted are", "99999999": "1 to 10000000",
	} {
		if l, err := ParseLengths(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want %q", text, l, err, want)
		}
	}
}

func TestReadLengths(t *testing.T) {
	l, err := ReadLengths(strings.NewReader("# tokens\n10\r\n\n 30 \n"))
	if err != nil || !reflect.DeepEqual(l.Values, []int{10, 30}) || l.String() != "2 lengths of 20 in the mean" {
		t.Errorf("%+v, %v", l, err)
	}
	for text, want := range map[string]string{"": "without values", "5\nx\n": "line 2", "0": "line 1"} {
		if _, err := ReadLengths(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// FuzzParseLengths holds that what is accepted can be drawn from, and reads
// back from its own text.
func FuzzParseLengths(f *testing.F) {
	for _, s := range []string{"512", "128-1024", "normal:512,64", "lognormal:512,256,16-4096", "normal:1e3,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLengths(text)
		if err != nil {
			return
		}
		if n := l.Draw(rand.New(rand.NewPCG(1, 2))); n < 1 || n > MaxLength {
			t.Errorf("%q draws %d", text, n)
		}
		again, err := ParseLengths(l.String())
		if err != nil || !reflect.DeepEqual(l, again) {
			t.Errorf("%q: %+v, shown as %s: %+v, %v", text, l, l, again, err)
		}
	})
}
