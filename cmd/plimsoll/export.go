package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

// exportOptions are the flags of export.
type exportOptions struct {
	deploymentFlags
	form, out, name, weights, draft, image string
	port, perNode                          int
	force                                  bool
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export MODEL | LOCK",
		Short: "Write launch files for a deployment",
		Long: `Write down how to start a deployment: the engine's command line for each replica,
a compose file for each host, Kubernetes or KServe objects, a LeaderWorkerSet, a
Modelfile. MODEL is described by the flags of estimate; LOCK is a file of plan --lock,
whose plan is made again. Without --out the files go to standard output. Nothing is
started.`,
		Example: `  plimsoll export Qwen/Qwen3-8B --on "2x L40S" --dp 2 --form compose
  plimsoll export plan.lock --form kubernetes --out deploy/`,
		Args: exactly(1, "a model or a plan lock"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.export(cmd.Context(), args[0], &o, cmd.Flags())
		},
	}
	f := cmd.Flags()
	o.deploymentFlags.addTo(f)
	f.StringVar(&o.form, "form", string(launch.Commands), "what to write: "+forms())
	f.StringVar(&o.out, "out", "", "`DIR` to write to (default standard output)")
	f.BoolVar(&o.force, "force", false, "let --out replace files")
	f.StringVar(&o.name, "name", "", "`NAME` of the service (default from the model)")
	f.StringVar(&o.weights, "weights", "", "what the engine loads: a Hugging Face `ID` or a path (default the model as it is named)")
	f.StringVar(&o.draft, "draft", "", "`MODEL` that speculates (default the model's own multi-token prediction)")
	f.StringVar(&o.image, "image", "", "container `IMAGE` (default the engine's published one)")
	f.IntVar(&o.port, "port", 8000, "port of the server, of the first one on a host")
	f.IntVar(&o.perNode, "per-node", 0, "accelerators of a node, where --on is several (default all of --on)")
	return cmd
}

func forms() string {
	var list []string
	for _, f := range launch.Forms() {
		list = append(list, string(f))
	}
	return strings.Join(list, ", ")
}

func (a *app) export(ctx context.Context, what string, o *exportOptions, flags *pflag.FlagSet) error {
	switch {
	case !slices.Contains(launch.Forms(), launch.Form(o.form)):
		return usagef("--form %q: accepted are %s", o.form, forms())
	case o.port < 1: // 0 would be the default
		return usagef("--port %d: accepted are 1 to 65535", o.port)
	case o.perNode < 0 || o.perNode == 0 && flags.Changed("per-node"):
		return usagef("--per-node %d: accepted are positive numbers", o.perNode)
	}
	service, err := a.service(ctx, what, o, flags)
	if err != nil {
		return err
	}
	service.Name, service.Draft, service.Image, service.Port = o.name, o.draft, o.image, o.port
	service.Model, service.PerNode = cmp.Or(o.weights, service.Model), cmp.Or(o.perNode, service.PerNode)
	files, notes, err := launch.Render(service, launch.Form(o.form))
	if missing := (*launch.MissingError)(nil); errors.As(err, &missing) {
		return usage(err, "--"+missing.What+" names it")
	} else if err != nil {
		return usage(err)
	}
	if err := a.writeFiles(files, o); err != nil {
		return err
	}
	for _, n := range notes {
		a.tell("note: %s", n)
	}
	return nil
}

// service is what is to run: a plan's choice, or a deployment of flags.
func (a *app) service(ctx context.Context, what string, o *exportOptions, flags *pflag.FlagSet) (launch.Service, error) {
	data, err := os.ReadFile(what)
	if err == nil && strings.Contains(string(data[:min(len(data), 4096)]), planner.LockSchema) {
		return a.lockedService(ctx, what, data, flags)
	}
	if err := o.check(flags.Changed); err != nil {
		return launch.Service{}, err
	}
	on, err := a.deploy(ctx, what, &o.deploymentFlags, flags.Changed)
	if err != nil {
		return launch.Service{}, err
	}
	if !on.ledger.Fits {
		return launch.Service{}, usage(fmt.Errorf("it does not fit: %s", on.ledger.Reason), on.ledger.Change)
	}
	d := on.deployment
	s := launch.Service{Deployment: d, Model: loaded(on.catalog, what)}
	for _, g := range on.hardware.Node.Groups {
		if g.Accelerator.ID == d.Device.Accelerator.ID {
			s.PerNode = g.Count
		}
	}
	return s, nil
}

// loaded is what the engine loads, where the model was named by a checkpoint of its own
// or by a path; empty: what the catalog calls it. Names are told apart as ask does.
func loaded(c *catalog.Catalog, what string) string {
	_, named, err := planner.NamedCheckpoint(c, what)
	if err == nil && named == (planner.Checkpoint{}) && !isPath(what) {
		return ""
	}
	info, statErr := os.Stat(what)
	switch {
	case statErr == nil && info.IsDir() && !isPath(what):
		return "./" + what
	case statErr == nil && info.IsDir(), strings.EqualFold(filepath.Ext(what), ".gguf"):
		return what
	case statErr != nil && !isPath(what) && strings.Count(what, "/") == 1: // as Hugging Face names it
		return what
	}
	return ""
}

// lockedService is the choice of a plan that was locked, made again.
func (a *app) lockedService(ctx context.Context, file string, data []byte, flags *pflag.FlagSet) (launch.Service, error) {
	none := launch.Service{}
	if err := onlyFlags(flags, "a lock and --%s exclude each other: the lock holds the deployment", "form", "out", "force", "name", "weights", "draft", "image", "port"); err != nil {
		return none, err
	}
	l, err := planner.ParseLock(file, data)
	if err != nil {
		return none, usage(err)
	}
	f, err := planner.ParsePlanFile(file+": request", []byte(l.Request))
	if err != nil {
		return none, usage(err)
	}
	c, err := a.loadCatalog()
	if err != nil {
		return none, err
	}
	request, err := f.Request(c)
	if err != nil {
		return none, usage(err)
	}
	p, err := a.makePlan(ctx, c, request)
	if err != nil {
		return none, err
	}
	if p.Chosen == nil {
		return none, usagef("%s: its plan is no longer feasible: `plimsoll plan --check %s` says why", file, file)
	}
	now := planner.LockOf(p, nil)
	for _, c := range l.Changes(now) {
		if c.Share == 0 {
			return none, usage(fmt.Errorf("%s: the plan is another now: %s was %s, is %s", file, c.Name, c.Was, c.Is), "`plimsoll plan --check "+file+"` says what has changed")
		}
	}
	return chosenService(p.Chosen), nil
}

// chosenService is what a plan chose, spares included.
func chosenService(o *planner.Option) launch.Service {
	s := launch.Service{Deployment: *o.Deployment(), PerNode: o.PerNode()}
	s.Deployment.DP = o.Replicas + o.Spare
	if prefill := o.PrefillDeployment(); prefill != nil {
		d := *prefill
		d.DP = o.Prefill.Replicas + o.Spare
		s.Prefill = &d
	}
	return s
}

// writeFiles writes to a directory, or one after the other to standard output.
func (a *app) writeFiles(files []launch.File, o *exportOptions) error {
	if o.out == "" {
		for i, f := range files {
			if len(files) > 1 {
				if i > 0 {
					fmt.Fprintln(a.Stdout)
				}
				fmt.Fprintf(a.Stdout, "# %s\n", f.Name)
			}
			if _, err := fmt.Fprint(a.Stdout, f.Text); err != nil {
				return err
			}
		}
		return nil
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return usage(fmt.Errorf("--out: %w", err))
	}
	for _, f := range files { // all or none
		path := filepath.Join(o.out, f.Name)
		if _, err := os.Stat(path); err == nil && !o.force {
			return usage(fmt.Errorf("--out: %s exists", path), "--force replaces it")
		}
	}
	for _, f := range files {
		path := filepath.Join(o.out, f.Name)
		if err := atomicfile.Write(path, []byte(f.Text), o.force); errors.Is(err, fs.ErrExist) {
			return usage(fmt.Errorf("--out: %s exists", path), "--force replaces it")
		} else if err != nil {
			return usage(fmt.Errorf("--out: %w", err))
		}
		if filepath.Ext(path) == ".sh" {
			if err := os.Chmod(path, 0o755); err != nil {
				return usage(fmt.Errorf("--out: %w", err))
			}
		}
		a.tell("wrote %s", path)
	}
	return nil
}
