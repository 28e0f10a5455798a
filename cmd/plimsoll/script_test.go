package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/cpu"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf/gguftest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"plimsoll": main, "serve": serve, "llama-bench": llamaBench})
}

// serve is the command "serve FILE [MODE [STATUS]]" of scripts: an
// OpenAI-compatible server that misbehaves in a mode of endpointtest, and writes
// its URL to FILE. It ends with its script.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s := &endpointtest.Server{TTFT: 2 * time.Millisecond, ITL: time.Millisecond, Slots: 4}
	if len(os.Args) > 2 {
		s.Mode = os.Args[2]
	}
	if len(os.Args) > 3 {
		s.Status, _ = strconv.Atoi(os.Args[3])
	}
	url := "http://" + listener.Addr().String()
	if err := atomicfile.Write(os.Args[1], []byte(url), true); err != nil { // whole, or not there
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, s))
}

// llamaBench is the engine of scripts: prompts at 1,000 tokens/s, answers at 100.
func llamaBench() {
	value := func(flag string) string { return os.Args[slices.Index(os.Args, flag)+1] }
	if value("-m") == "refused.gguf" {
		fmt.Fprintln(os.Stderr, "error: failed to load model")
		os.Exit(1)
	}
	for _, test := range []struct {
		key, lengths string
		ns           int
	}{{"n_prompt", value("-p"), 1e6}, {"n_gen", value("-n"), 1e7}} {
		for word := range strings.SplitSeq(test.lengths, ",") {
			n, _ := strconv.Atoi(word)
			fmt.Printf(`{"build_commit":"abc","build_number":6000,"backends":"CPU","n_threads":1,"n_ubatch":512,%q:%d,"samples_ns":[%d,%d]}`+"\n", test.key, n, n*test.ns, n*test.ns)
		}
	}
}

// steady is the script command "steady ID": it makes the figures of a result of
// bench cpu those of an idle machine, so that calibration can be tested on any.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: steady ID")
	}
	store := benchmarks.OpenStore(ts.MkAbs("data/bench"))
	r, err := store.Get(args[0])
	ts.Check(err)
	var detail cpu.Report
	ts.Check(json.Unmarshal(r.Detail, &detail))
	detail.LostCPU = 0
	r.Detail, err = json.Marshal(&detail)
	ts.Check(err)
	figure := func(name string, v float64, labels map[string]string) benchmarks.Metric {
		return benchmarks.Metric{Name: name, Unit: "GB/s", Labels: labels, Better: benchmarks.Higher, Value: v, Low: v, High: v, Runs: 5}
	}
	r.Metrics = []benchmarks.Metric{figure("read", 50, nil), figure("gemm", 300, map[string]string{"precision": "fp32"}), figure("gemv", 40, map[string]string{"precision": "int8"})}
	ts.Check(store.Put(r))
}

// waitURL is the script command "url FILE VARIABLE": it waits until a server has
// written its URL, and sets a variable to it.
func waitURL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: url FILE VARIABLE")
	}
	for range 500 {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil {
			ts.Setenv(args[1], string(text))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("no server wrote %s", args[0])
}

// TestScript runs the scripts of testdata/script. Beside the usual commands
// they have "exits STATUS COMMAND...", "isjson stdout|stderr|FILE SCHEMA",
// "serve FILE [MODE]", "url FILE VARIABLE", and "action" and "job" of the examples for
// build servers in $DOCS. Results are kept in data/bench.
// $MACHINES is the directory of saved machines, $LOGS that of engine logs;
// tiny.gguf and truncated.gguf lie in the work directory.
func TestScript(t *testing.T) {
	machines, err := filepath.Abs("testdata/machines")
	if err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Abs("../../benchmarks/enginelog/testdata")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("MACHINES", machines)
			e.Setenv("LOGS", logs)
			e.Setenv("DOCS", docs)
			e.Setenv("PLIMSOLL_DATA", filepath.Join(e.WorkDir, "data"))
			return writeGGUF(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"isjson": isJSON,
			"url":    waitURL,
			"steady": steady,
			"action": runAction,
			"job":    runJob,
		},
	})
}

// brokenRule is the answer of a gate with a rule that could not be checked, which is an
// error too.
var brokenRule = regexp.MustCompile(`^(ERROR: .* could not be checked|id,verdict,rule,.*\n.*,error,|\{\n  "schema": "plimsoll.gate/v1")`)

// exits runs a command and holds its exit status; where that is an error, nothing may
// be on standard output but what a gate could not check.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var status *exec.ExitError
		if !errors.As(err, &status) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = status.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	if out := ts.ReadFile("stdout"); (got == exitUsage || got == exitInternal) && out != "" && !brokenRule.MatchString(out) {
		ts.Fatalf("an error, and yet on stdout: %s", out)
	}
}

// isJSON holds that a text is one JSON document whose first key is its schema.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: isjson FILE SCHEMA")
	}
	text := ts.ReadFile(args[0])
	if !json.Valid([]byte(text)) {
		ts.Fatalf("%s is not one JSON document:\n%s", args[0], text)
	}
	if first := fmt.Sprintf("{\n  \"schema\": %q", args[1]); !strings.HasPrefix(text, first) {
		ts.Fatalf("%s does not begin with schema %s:\n%.200s", args[0], args[1], text)
	}
}

// writeGGUF writes a Llama of two layers in Q4_K_M, whole and cut off.
func writeGGUF(dir string) error {
	f := gguftest.File{
		Meta: []gguftest.KV{
			gguftest.Pair("general.architecture", "llama"), gguftest.Pair("general.name", "Tiny"), gguftest.Pair("general.file_type", uint32(15)),
			gguftest.Pair("general.license", "mit"),
			gguftest.Pair("llama.block_count", uint32(2)), gguftest.Pair("llama.context_length", uint32(4096)), gguftest.Pair("llama.embedding_length", uint32(256)),
			gguftest.Pair("llama.feed_forward_length", uint32(512)), gguftest.Pair("llama.attention.head_count", uint32(4)), gguftest.Pair("llama.attention.head_count_kv", uint32(2)),
		},
		Tensors: []gguftest.Tensor{
			gguftest.Weight("token_embd.weight", "Q4_K", 256, 512), gguftest.Weight("output_norm.weight", "F32", 256), gguftest.Weight("output.weight", "Q6_K", 256, 512),
		},
	}
	for layer := range 2 {
		for _, w := range []gguftest.Tensor{
			gguftest.Weight("attn_norm", "F32", 256), gguftest.Weight("ffn_norm", "F32", 256),
			gguftest.Weight("attn_q", "Q4_K", 256, 256), gguftest.Weight("attn_k", "Q4_K", 256, 128), gguftest.Weight("attn_v", "Q6_K", 256, 128), gguftest.Weight("attn_output", "Q4_K", 256, 256),
			gguftest.Weight("ffn_gate", "Q4_K", 256, 512), gguftest.Weight("ffn_up", "Q4_K", 256, 512), gguftest.Weight("ffn_down", "Q6_K", 512, 256),
		} {
			w.Name = fmt.Sprintf("blk.%d.%s.weight", layer, w.Name)
			f.Tensors = append(f.Tensors, w)
		}
	}
	whole := filepath.Join(dir, "tiny.gguf")
	if err := f.Write(whole); err != nil {
		return err
	}
	header, _, err := f.Header()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "truncated.gguf"), header[:len(header)/2], 0o644)
}
