package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// jsonLines is the form of output that only a batch has: a result per line.
const jsonLines = "jsonl"

// addBatch lets estimate answer a file of cases in place of one model.
func (a *app) addBatch(cmd *cobra.Command) {
	from := cmd.Flags().String("from", "", "estimate the cases of a JSON Lines `FILE`, - for standard input; with -o jsonl a result per line")
	one, single := cmd.Args, cmd.RunE
	cmd.Use = "estimate MODEL | estimate --from FILE"
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("from") {
			return onlyBatch(cmd, args)
		}
		return one(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("from") {
			percentiles, _ := cmd.Flags().GetBool("percentiles")
			return a.estimateBatch(cmd.Context(), *from, percentiles)
		}
		return single(cmd, args)
	}
}

// onlyBatch refuses what describes one deployment beside a file of them.
func onlyBatch(cmd *cobra.Command, args []string) (err error) {
	const hint = "each case of the file names its model, its accelerators and its sizes: see docs/batch.md"
	if len(args) > 0 {
		return usage(fmt.Errorf("--from and the model %q exclude each other", args[0]), hint)
	}
	allowed := map[string]bool{"from": true, "percentiles": true, "output": true, "catalog": true, "wide": true, "no-color": true}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !allowed[f.Name] && err == nil {
			err = usage(fmt.Errorf("--from and --%s exclude each other", f.Name), hint)
		}
	})
	return err
}

// batchWriter writes results in one form. close is called once, at the end of
// the cases or on an interrupt, and leaves a whole document.
type batchWriter interface {
	encode(r planner.Result) ([]byte, error) // concurrently, before add
	add(r planner.Result, encoded []byte) error
	idle() error // nothing more to write for now
	close(total batchTotal) error
}

// batchTotal counts what a batch came to.
type batchTotal struct {
	answered, unanswered, internal int
	interrupted                    bool
}

func (a *app) estimateBatch(ctx context.Context, from string, percentiles bool) error {
	in, err := a.openBatch(from)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	out := a.batchWriter()
	e := planner.NewEvaluator(c)
	e.Percentiles = percentiles
	total, err := answerLines(ctx, in, e, out)
	total.interrupted = ctx.Err() != nil
	if total.answered+total.unanswered > 0 || err == nil {
		err = errors.Join(out.close(total), err)
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return nil // the reader has what it wanted
	}
	if n := total.unanswered; n > 0 {
		fmt.Fprintf(a.Stderr, "plimsoll: %d of %d cases have no answer\n", n, n+total.answered)
	}
	if total.internal > 0 {
		a.status = exitInternal
	}
	return err
}

// answerLines writes a result for each case, and says what they come to.
func answerLines(ctx context.Context, in io.Reader, e *planner.Evaluator, out batchWriter) (total batchTotal, err error) {
	type answer struct {
		result  planner.Result
		encoded []byte
	}
	lines := newLineReader(in)
	err = inOrder(ctx, lines.next, func(l caseLine) (answer answer) {
		answer.result, answer.encoded = answerLine(e, l, out.encode)
		return answer
	}, func(one answer) error {
		total.count(one.result)
		return out.add(one.result, one.encoded)
	}, out.idle)
	if err == nil && lines.err != nil {
		err = usage(fmt.Errorf("--from: line %d: %w", lines.number+1, lines.err))
	}
	return total, err
}

func (t *batchTotal) count(r planner.Result) {
	switch {
	case r.OK:
		t.answered++
	case r.Error.Code == planner.CodeInternal:
		t.internal++
		fallthrough
	default:
		t.unanswered++
	}
}

// openBatch opens the file of cases. A directory is refused here, before
// anything is written.
func (a *app) openBatch(from string) (io.ReadCloser, error) {
	if from == "-" {
		return io.NopCloser(a.Stdin), nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, usage(fmt.Errorf("--from: %w", err))
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, usage(fmt.Errorf("--from %s is a directory; accepted is a file with one JSON object a line", from))
	}
	return f, nil
}

// answerLine answers one line. Whatever is wrong with it, a fault of ours
// included, is part of the answer: the other lines go on.
func answerLine(e *planner.Evaluator, l caseLine, encode func(planner.Result) ([]byte, error)) (r planner.Result, encoded []byte) {
	fault := func(cause any) {
		r = planner.Internal(r.ID, fmt.Errorf("line %d: internal error: %v", l.number, cause))
		encoded, _ = encode(r) // words alone: it can be encoded
	}
	defer func() {
		if cause := recover(); cause != nil {
			fault(cause)
		}
	}()
	k, err := planner.Case{}, l.err
	if err == nil {
		k, err = planner.ParseCase(l.text)
	}
	if err != nil {
		r = planner.Invalid(k.ID, fmt.Errorf("line %d: %w", l.number, err))
	} else {
		r.ID = k.ID
		r = e.Evaluate(k)
	}
	if encoded, err = encode(r); err != nil {
		fault(err)
	}
	return r, encoded
}

// encodeResult writes a result as JSON that ends in a newline; indent is for a
// result within a document.
func encodeResult(r planner.Result, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent(prefix, indent)
	err := e.Encode(r)
	return b.Bytes(), err
}

func (a *app) batchWriter() batchWriter {
	switch a.global.output {
	case jsonLines:
		return newLinesWriter(a.Stdout)
	case string(report.JSON):
		return newDocumentWriter(a.Stdout)
	case string(report.CSV):
		return newSheetWriter(a.Stdout)
	}
	return &tableWriter{answer: a.answer}
}
