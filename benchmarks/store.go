package benchmarks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
)

// Store is a folder of results, a file each, named by their ids. It may be
// copied, put in git, and read by several programs at once.
type Store struct{ dir string }

// OpenStore uses a folder, which is made when the first result is put there.
func OpenStore(dir string) *Store { return &Store{dir} }

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

func (s *Store) path(id string) string { return filepath.Join(s.dir, id+".json") }

// Put writes a result, or replaces the one of the same id: a run that goes on
// is written again and again, and what is there is always whole.
func (s *Store) Put(r *Result) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("benchmarks: result %s: %w", r.ID, err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("benchmarks: result %s: %w", r.ID, err)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("benchmarks: %w", err)
	}
	if err := atomicfile.Write(s.path(r.ID), append(data, '\n'), true); err != nil {
		return fmt.Errorf("benchmarks: %w", err)
	}
	return nil
}

// Remove takes a result and its samples out of the store; one that is not there is no error.
func (s *Store) Remove(id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("benchmarks: id %q: accepted is a time, the kind and four hexadecimal digits", id)
	}
	for _, path := range []string{s.JournalPath(id), s.path(id)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("benchmarks: %w", err)
		}
	}
	return nil
}

// ErrAmbiguous says that a short id fits several results.
var ErrAmbiguous = errors.New("fits several results")

// Get reads a result by its id, the beginning of it, "latest" or, of those
// before it, "latest~1" and so on; a kind after a colon looks at results of that
// kind alone ("latest~1:cpu"). An id that nothing fits is [fs.ErrNotExist].
func (s *Store) Get(id string) (*Result, error) {
	prefix, kind, _ := strings.Cut(id, ":")
	back, err := backOf(&prefix)
	if err != nil {
		return nil, fmt.Errorf("benchmarks: result %q: %w", id, err)
	}
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var fit []string
	for _, known := range ids {
		if (prefix == latest || strings.HasPrefix(known, prefix)) && (kind == "" || strings.Contains(known, "-"+kind+"-")) {
			fit = append(fit, known)
		}
	}
	switch {
	case len(fit) <= back:
		return nil, fmt.Errorf("benchmarks: no result %q in %s, which holds %d: %w", id, s.dir, len(ids), fs.ErrNotExist)
	case len(fit) > 1 && prefix != latest:
		return nil, fmt.Errorf("benchmarks: result %q %w: %s", id, ErrAmbiguous, strings.Join(fit[:min(len(fit), 5)], ", "))
	}
	return Read(s.path(fit[len(fit)-1-back]))
}

// latest names the newest result.
const latest = "latest"

// backOf takes "~N" off the name of the newest result.
func backOf(name *string) (int, error) {
	before, n, ok := strings.Cut(*name, "~")
	if !ok || before != latest {
		return 0, nil
	}
	back, err := strconv.Atoi(n)
	if err != nil || back < 0 {
		return 0, fmt.Errorf("%s~%s: accepted is a number of results before the latest", latest, n)
	}
	*name = latest
	return back, nil
}

// List reads all results, the oldest first. Files that are no results are
// errors, joined, beside the rest.
func (s *Store) List() (list []*Result, err error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var bad []error
	for _, id := range ids {
		r, err := Read(s.path(id))
		if err != nil {
			bad = append(bad, err)
			continue
		}
		list = append(list, r)
	}
	return list, errors.Join(bad...)
}

// ids are those of the files in the folder, in their order of time.
func (s *Store) ids() (ids []string, err error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("benchmarks: %w", err)
	}
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok && idForm.MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, byTime)
	return ids, nil
}

// Read reads a result from a file.
func Read(path string) (*Result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("benchmarks: %w", err)
	}
	r, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("benchmarks: %s: %w", path, err)
	}
	return r, nil
}
