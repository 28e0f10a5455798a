package main

import (
	"slices"
	"testing"
)

// A command line is kept with its result, and shown to more people than may use a proxy.
func TestCommandsKeepNoCredentials(t *testing.T) {
	args := []string{"bench", "endpoint", "http://host:8000/v1", "--proxy", "http://me:hunter2@proxy:3128", "--against=https://me:p@ss@host", "--extra", "user=a@b"}
	want := []string{"bench", "endpoint", "http://host:8000/v1", "--proxy", "http://***@proxy:3128", "--against=https://***@host", "--extra", "user=a@b"}
	if got := withoutCredentials(args); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if args[4] != "http://me:hunter2@proxy:3128" {
		t.Error("the command line itself is changed")
	}
}
