package catalog

import (
	"errors"
	"testing"
)

// TestVersionOrder lists versions of one engine from the oldest to the newest.
func TestVersionOrder(t *testing.T) {
	order := []string{"b9", "b4567", "0.0.1", "0.9", "0.11.1.dev3", "0.11.1a1", "v0.11.1rc1", "0.11.1-rc.2", "0.11.1", "0.11.1.post1", "0.11.2", "0.19", "0.19.1", "0.110", "1", "1.2.0rc0", "1.2"}
	var versions []Version
	for _, text := range order {
		v, err := ParseVersion(text)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, v)
	}
	for i := range versions {
		for j := range versions {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := versions[i].Compare(versions[j]); got != want {
				t.Errorf("%s against %s: %d, want %d", order[i], order[j], got, want)
			}
		}
	}
}

func TestVersionsThatAreTheSame(t *testing.T) {
	for _, pair := range [][2]string{{"0.19", "0.19.0"}, {"v1.2.0", "1.2"}, {"0.11.1rc2", "0.11.1-rc.2"}, {"1.0+cu128", "1"}, {" B4567 ", "b4567"}} {
		v, err1 := ParseVersion(pair[0])
		w, err2 := ParseVersion(pair[1])
		if err1 != nil || err2 != nil || v.Compare(w) != 0 {
			t.Errorf("%q and %q differ: %v %v", pair[0], pair[1], err1, err2)
		}
	}
}

func TestVersionsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "v", "b", "bx", "b-1", "latest", "0..1", ".1", "0.1zzz", "0.1rc1x", "0.19,1", "99999999999999999999", "1.2.-3"} {
		_, err := ParseVersion(text)
		var malformed *VersionError
		if !errors.As(err, &malformed) || malformed.Version != text {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEngineAt(t *testing.T) {
	e := Engine{Name: "E", Versions: []EngineVersion{{From: "0.8", Until: "0.15"}, {From: "0.17", Until: "0.21"}}}
	for _, test := range []struct {
		version string
		want    int
		noted   bool
	}{
		{"0.7", 0, true}, {"0.8", 0, false}, {"0.14.9", 0, false}, {"0.15rc1", 0, false}, {"0.15", 0, true}, {"0.16", 0, true},
		{"0.17.0", 1, false}, {"0.20.9", 1, false}, {"0.21", 1, true}, {"3", 1, true},
	} {
		got, note, err := e.At(test.version)
		if err != nil || got != &e.Versions[test.want] || (note != "") != test.noted {
			t.Errorf("%s: %+v %q %v", test.version, got, note, err)
		}
	}
	open := Engine{Versions: []EngineVersion{{From: "b1"}}}
	if got, note, err := open.At("b99999"); err != nil || note != "" || got != &open.Versions[0] {
		t.Errorf("open range: %v %q %v", got, note, err)
	}
	if _, _, err := (&Engine{}).At("1"); err == nil {
		t.Error("an engine without ranges gives constants")
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, seed := range []string{"0.19", "v0.11.1rc2", "b4567", "1.2.0-rc.1+cu128", "..", "b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err == nil && v.Compare(v) != 0 {
			t.Errorf("%q is not equal to itself", text)
		}
	})
}
