package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// graceful is how long a program may take to end after it was told to.
const graceful = 5 * time.Second

// command is a program that ends with ctx, and all that it started with it.
func command(ctx context.Context, program string, args ...string) (*exec.Cmd, *tail) {
	cmd := exec.CommandContext(ctx, program, args...)
	ownGroup(cmd)
	cmd.WaitDelay = graceful
	errs := &tail{}
	cmd.Stderr = errs
	return cmd, errs
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes are kept.
const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// lastLines are the last few lines, on one.
func (t *tail) lastLines() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(bytes.ToValidUTF8(t.text, []byte("?")))) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	const most = 4
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}

// failed says how a program ended, with its last words.
func failed(err error, errs *tail) error {
	if said := errs.lastLines(); said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// discard reads a pipe to its end.
func discard(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
