package calibration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
)

// Folder holds the calibrations of machines, a file each.
type Folder struct{ dir string }

// OpenFolder uses a folder, which is made when the first calibration is put there.
func OpenFolder(dir string) Folder { return Folder{dir} }

func (d Folder) path(fingerprint string) string { return filepath.Join(d.dir, fingerprint+".json") }

// sincePath is the file that says when a calibration was reset.
func (d Folder) sincePath(fingerprint string) string {
	return filepath.Join(d.dir, fingerprint+".since")
}

// Load reads the calibration of a machine; nil where it has none.
func (d Folder) Load(fingerprint string) (*Calibration, error) {
	path := d.path(fingerprint)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	var c Calibration
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("calibration: %s: %w", path, err)
	}
	if c.Schema != Schema || c.Fingerprint != fingerprint {
		return nil, fmt.Errorf("calibration: %s: schema %q of machine %q: accepted are %q and %q", path, c.Schema, c.Fingerprint, Schema, fingerprint)
	}
	return &c, nil
}

// Save writes a calibration in place of the one before.
func (d Folder) Save(c *Calibration) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	return d.write(d.path(c.Fingerprint), append(data, '\n'))
}

// Reset removes the calibration of a machine. Results from before now count for
// none that follows.
func (d Folder) Reset(fingerprint string, now time.Time) error {
	if err := d.write(d.sincePath(fingerprint), []byte(now.UTC().Format(time.RFC3339)+"\n")); err != nil {
		return err
	}
	if err := os.Remove(d.path(fingerprint)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("calibration: %w", err)
	}
	return nil
}

// Since is when the calibration of a machine was reset; zero: never.
func (d Folder) Since(fingerprint string) (time.Time, error) {
	path := d.sincePath(fingerprint)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("calibration: %w", err)
	}
	since, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if err != nil {
		return since, fmt.Errorf("calibration: %s: %q: accepted is a time as in 2026-11-26T08:00:00Z", path, strings.TrimSpace(string(text)))
	}
	return since, nil
}

func (d Folder) write(path string, data []byte) error {
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	if err := atomicfile.Write(path, data, true); err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	return nil
}
