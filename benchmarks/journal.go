package benchmarks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Journal takes the samples of a run one by one, a JSON document a line, as
// they come: what was taken survives the end of the program. It is not safe for
// concurrent use.
type Journal struct {
	file *os.File
	err  error // the first
}

// Journal begins the samples of a run, in a file beside its result.
func (s *Store) Journal(id string) (*Journal, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("benchmarks: %w", err)
	}
	f, err := os.OpenFile(s.JournalPath(id), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("benchmarks: %w", err)
	}
	return &Journal{file: f}, nil
}

// JournalPath is where the samples of a run lie, if it has any.
func (s *Store) JournalPath(id string) string { return filepath.Join(s.dir, id+".samples.jsonl") }

// Append adds a sample. After the first that could not be written it does
// nothing: a line that was cut off must stay the last one.
func (j *Journal) Append(sample any) {
	if j.err != nil {
		return
	}
	line, err := json.Marshal(sample)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	j.err = err
}

// Close ends the journal and returns the first error that it met.
func (j *Journal) Close() error {
	if err := j.file.Close(); j.err == nil {
		j.err = err
	}
	if j.err != nil {
		return fmt.Errorf("benchmarks: samples: %w", j.err)
	}
	return nil
}
