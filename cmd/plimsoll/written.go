package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// writtenFlags say how deployments that are only written down are looked at.
type writtenFlags struct {
	request string
}

func (w *writtenFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&w.request, "request", "", "`FILE` with the load, the hardware and its prices: a plan.toml or a plan.lock")
}

// written is what files hold.
type written struct {
	subjects []*gate.Subject
	rules    []gate.Rule // that their own requests make
	warnings []string
}

// writtenReader reads deployments out of files.
type writtenReader struct {
	app     *app
	catalog *catalog.Catalog
	ask     gate.ServiceAsk
	rules   []gate.Rule // of --request; nil once they are taken
}

func (a *app) reader(c *catalog.Catalog, w *writtenFlags) (*writtenReader, error) {
	r := &writtenReader{app: a, catalog: c, ask: gate.ServiceAsk{Catalog: c}}
	file := &planner.PlanFile{}
	if w.request != "" {
		var data []byte
		var err error
		if file, data, _, err = planFileOrLock(w.request); err != nil {
			return nil, fmt.Errorf("--request: %w", err)
		}
		r.rules = gate.ImpliedRules(w.request, data, file)
	}
	if len(a.global.on) > 0 {
		file.Hardware, file.Offers = nil, nil
		for _, on := range a.global.on {
			t, err := planner.UsualTable(c, on)
			if err != nil {
				return nil, usage(fmt.Errorf("--on: %w", err))
			}
			file.Hardware = append(file.Hardware, t)
		}
	}
	var err error
	if r.ask.Request, err = file.Request(c); err != nil {
		return nil, usage(err)
	}
	if len(file.Hardware) == 0 && file.Offers == nil { // nobody says any: each file says its own
		r.ask.Request.Hardware = nil
	}
	return r, nil
}

// isLock reports whether a file is a plan's lock, or means to be one.
func isLock(data []byte) bool {
	var head struct {
		Schema string `json:"schema"`
	}
	return json.Unmarshal(data, &head) == nil && head.Schema == planner.LockSchema
}

// read reads files, what is in directories, and "-", the standard input.
func (r *writtenReader) read(ctx context.Context, names []string) (w written, err error) {
	for _, name := range names {
		if name == "-" {
			data, err := io.ReadAll(r.app.Stdin)
			if err != nil {
				return w, usage(err)
			}
			err = r.file(ctx, &w, "standard input", data, nil)
			if err != nil {
				return w, err
			}
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return w, usage(err)
		case info.IsDir():
			err = r.directory(ctx, &w, name)
		default:
			err = r.named(ctx, &w, name)
		}
		if err != nil {
			return w, err
		}
	}
	w.rules = append(w.rules, r.rules...)
	apart(w.subjects, "")
	return w, nil
}

// apart gives deployments of one name their file too, as it is called in a directory:
// bases and heads of a diff are in two.
func apart(list []*gate.Subject, dir string) {
	count := map[string]int{}
	for _, s := range list {
		count[s.Name]++
	}
	for _, s := range list {
		if count[s.Name] < 2 {
			continue
		}
		file := s.Positions[""].File
		if within, err := filepath.Rel(dir, file); dir != "" && err == nil {
			file = within
		}
		s.Name = filepath.ToSlash(file) + ": " + s.Name
	}
}

// manifestKinds are the ends of names that files of deployments have.
var manifestKinds = []string{".yaml", ".yml", ".sh", ".lock"}

// directory reads the files that hold deployments; others are not meant.
func (r *writtenReader) directory(ctx context.Context, w *written, dir string) error {
	before := len(w.subjects)
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if err == nil && file != dir && strings.HasPrefix(e.Name(), ".") {
				return fs.SkipDir
			}
			return err
		}
		if !slices.Contains(manifestKinds, strings.ToLower(filepath.Ext(file))) {
			return nil
		}
		if otherLock(file) {
			return nil
		}
		err = r.named(ctx, w, file)
		switch {
		case err == nil || errors.Is(err, manifest.ErrNone):
			return nil
		case ctx.Err() == nil && !meant(file):
			w.warnings = append(w.warnings, fmt.Sprintf("passed over, as it names no engine: %v", err))
			return nil
		}
		return err
	})
	if err != nil {
		return usage(err)
	}
	apart(w.subjects[before:], dir)
	if len(w.subjects) == before {
		return usagef("%s: no file in it holds a deployment of an inference engine: accepted are %s", dir, strings.Join(manifestKinds, ", "))
	}
	return nil
}

// otherLock reports a lock that is no plan's: those of package managers have the ending too.
func otherLock(file string) bool {
	if !strings.EqualFold(filepath.Ext(file), ".lock") {
		return false
	}
	data, err := os.ReadFile(file)
	return err == nil && !bytes.Contains(data, []byte(planner.LockSchema))
}

// meant reports whether a file that cannot be read may hold a deployment all the same.
func meant(file string) bool {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) { // a link to nowhere
		return false
	}
	return err != nil || manifest.Mentions(data) || bytes.Contains(data, []byte(planner.LockSchema))
}

func (r *writtenReader) named(ctx context.Context, w *written, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return usage(err)
	}
	return r.file(ctx, w, file, data, beside(file))
}

// Bounds of the files that one may refer to.
const (
	mostBeside     = 200
	mostBesideSize = 1 << 20
)

// beside reads what a file may refer to: small files of its directory.
func beside(file string) (list []manifest.File) {
	dir := filepath.Dir(file)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > mostBesideSize || e.Name() == filepath.Base(file) || len(list) == mostBeside {
			continue
		}
		if data, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil {
			list = append(list, manifest.File{Name: filepath.Join(dir, e.Name()), Data: data})
		}
	}
	return list
}

// file reads one file by what it holds.
func (r *writtenReader) file(ctx context.Context, w *written, name string, data []byte, beside []manifest.File) error {
	switch {
	case isLock(data):
		return r.lock(w, name, data)
	case strings.EqualFold(filepath.Ext(name), ".toml"):
		return r.request(ctx, w, name, data)
	case strings.EqualFold(filepath.Ext(name), ".lock"):
		_, err := planner.ParseLock(name, data)
		return usage(err)
	}
	services, notes, err := manifest.Read(name, data, beside...)
	if err != nil {
		return usage(err)
	}
	w.warnings = append(w.warnings, notes...)
	for i := range services {
		s, err := gate.SubjectOfService(ctx, &services[i], &r.ask)
		if err != nil {
			return err
		}
		w.subjects = append(w.subjects, s)
	}
	return nil
}

func (r *writtenReader) lock(w *written, name string, data []byte) error {
	l, err := planner.ParseLock(name, data)
	if err != nil {
		return usage(err)
	}
	digest, err := r.app.catalogDigest()
	if err != nil {
		return err
	}
	if l.Catalog != digest {
		w.warnings = append(w.warnings, fmt.Sprintf("%s was locked with another catalog, on %s by %s: plan --check says what would be different now", name, l.Created, l.Tool))
	}
	f, err := planner.ParsePlanFile(name+": request", []byte(l.Request))
	if err != nil {
		return usage(err)
	}
	w.rules = append(w.rules, gate.ImpliedRules(name, nil, f)...)
	w.subjects = append(w.subjects, gate.SubjectOf(name, l))
	return nil
}

// request plans what a file asks for.
func (r *writtenReader) request(ctx context.Context, w *written, name string, data []byte) error {
	f, err := planner.ParsePlanFile(name, data)
	if err != nil {
		return usage(err)
	}
	request, err := f.Request(r.catalog)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", name, err))
	}
	p, err := r.app.makePlan(ctx, r.catalog, request)
	if err != nil {
		return err
	}
	if p.Chosen == nil {
		w.subjects = append(w.subjects, gate.Infeasible(name, p))
		return nil
	}
	l, err := r.app.lockOf(p, f)
	if err != nil {
		return err
	}
	w.rules = append(w.rules, gate.ImpliedRules(name, data, f)...)
	w.subjects = append(w.subjects, gate.SubjectOf(name, l))
	w.warnings = append(w.warnings, r.app.stalePrice(request.Hardware, p.Chosen.Hardware)...)
	return nil
}
