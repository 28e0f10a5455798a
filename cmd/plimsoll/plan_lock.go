package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// catalogDigest names the catalog and those laid over it.
func (a *app) catalogDigest() (string, error) {
	h := sha256.New()
	h.Write(plimsoll.CatalogTOML())
	for _, file := range a.global.catalogs {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", usage(fmt.Errorf("--catalog: %w", err))
		}
		h.Write([]byte{0})
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// lockOf pins a plan.
func (a *app) lockOf(p *planner.Plan, f *planner.PlanFile) (*planner.Lock, error) {
	text, err := f.Text()
	if err != nil {
		return nil, usage(err)
	}
	l := planner.LockOf(p, text)
	l.Tool, l.Created = toolName(), a.Now().UTC().Format(time.DateOnly)
	l.Catalog, err = a.catalogDigest()
	return l, err
}

// planFileOrLock reads a request or that of a lock, its text, and the whole lock; nil: it
// is none.
func planFileOrLock(name string) (f *planner.PlanFile, request, lock []byte, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, nil, usage(err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		l, err := planner.ParseLock(name, data)
		if err != nil {
			return nil, nil, nil, usage(err)
		}
		lock, data, name = data, []byte(l.Request), name+": request"
	}
	f, err = planner.ParsePlanFile(name, data)
	return f, data, lock, usage(err)
}

// writeLock writes a lock, over another lock at most.
func (a *app) writeLock(file string, p *planner.Plan, f *planner.PlanFile) error {
	if p.Chosen == nil {
		return nil // the answer says so
	}
	l, err := a.lockOf(p, f)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(file); err == nil {
		if _, err := planner.ParseLock(file, old); err != nil {
			return usage(fmt.Errorf("--lock %s exists and is no plan lock: %w", file, err))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return usage(fmt.Errorf("--lock: %w", err))
	}
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(file, append(data, '\n'), true); err != nil {
		return usage(fmt.Errorf("--lock: %w", err))
	}
	fmt.Fprintf(a.Stderr, "plimsoll: locked in %s\n", file)
	return nil
}

// planCheckDocument is what has changed since a plan was locked.
type planCheckDocument struct {
	Schema     string           `json:"schema"`
	Tool       string           `json:"tool"`
	Lock       string           `json:"lock"`         // file
	LockedTool string           `json:"locked_tool"`  // that made it
	Created    string           `json:"created"`      // day of the lock
	SameTool   bool             `json:"same_tool"`    // the program is the same
	SameData   bool             `json:"same_catalog"` // the catalog is the same
	Feasible   bool             `json:"feasible"`     // there still is a plan
	Changes    []planner.Change `json:"changes"`      // empty: the plan is the same
}

// checkLock plans again what a lock asked, and says what is different.
func (a *app) checkLock(ctx context.Context, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return usage(fmt.Errorf("--check: %w", err))
	}
	was, err := planner.ParseLock(file, data)
	if err != nil {
		return usage(err)
	}
	f, err := planner.ParsePlanFile(file+": request", []byte(was.Request))
	if err != nil {
		return usage(err)
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	request, err := f.Request(c)
	if err != nil {
		return usage(err)
	}
	p, err := a.makePlan(ctx, c, request)
	if err != nil {
		return err
	}
	digest, err := a.catalogDigest()
	if err != nil {
		return err
	}
	d := planCheckDocument{
		Schema: "plimsoll.plan_check/v1", Tool: toolName(), Lock: file, LockedTool: was.Tool, Created: was.Created,
		SameTool: was.Tool == toolName(), SameData: was.Catalog == digest, Feasible: p.Chosen != nil, Changes: []planner.Change{},
	}
	if p.Chosen != nil {
		now, err := a.lockOf(p, f)
		if err != nil {
			return err
		}
		d.Changes = was.Changes(now)
	}
	if !d.Feasible || len(d.Changes) > 0 {
		a.status = exitFactChanged
	}
	return a.answer(planCheckReport(&d, p))
}

func planCheckReport(d *planCheckDocument, p *planner.Plan) *report.Report {
	r := &report.Report{Document: d}
	same := map[bool]string{true: "the same", false: "another"}
	r.Lead = []string{fmt.Sprintf("%s, locked on %s by %s: the program is %s, the catalog is %s.", d.Lock, d.Created, d.LockedTool, same[d.SameTool], same[d.SameData])}
	t := report.Table{Title: "What has changed", Columns: []report.Column{{Name: "what"}, {Name: "was"}, {Name: "is"}, {Name: "change", Key: "share", Align: report.Right}}}
	for _, c := range d.Changes {
		share := report.Unknown()
		if c.Share != 0 {
			share = report.Cell{Text: fmt.Sprintf("%+.3g %%", 100*c.Share), Value: c.Share}
		}
		t.Add(report.Text(c.Name), report.Text(c.Was), report.Text(c.Is), share)
	}
	switch {
	case !d.Feasible:
		r.Lead = append(r.Lead, planLead(p)...)
	case len(d.Changes) == 0:
		r.Lead = append(r.Lead, "The plan is the same.")
	}
	r.Data = &t
	if len(t.Rows) > 0 {
		r.Tables = []report.Table{t}
	}
	return r
}
