package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// index finds entries by name and by device id. It is built once per catalog
// and never written afterwards.
type index struct {
	models, accelerators, precisions, engines, useCases *nameTable
	devices                                             map[pciID][]deviceRef
	deviceNames                                         map[string][]int // driver name to accelerators
	cpus                                                map[string]int   // words of a CPU's brand string to accelerator, counted from 1
	curves                                              curveIndex
	engineTimes                                         []Version // from which each holds
}

// Words of accelerator and model names that do not tell entries apart.
var (
	brands     = []string{"nvidia", "geforce", "tesla", "quadro", "amd", "radeon", "instinct", "intel", "arc", "apple", "rtx", "rx", "google", "aws", "huawei", "gpu"}
	modelWords = []string{"instruct", "it", "chat", "hf"}
)

// newIndex builds the index of a merged catalog. The faults are names that two
// entries claim, blamed on the file over.
func newIndex(c, over *Catalog) (*index, []fault) {
	x := &index{
		models:       newNameTable("model", len(c.Models), modelWords...),
		accelerators: newNameTable("accelerator", len(c.Accelerators), brands...),
		precisions:   newNameTable("precision", len(c.Precisions)),
		engines:      newNameTable("engine", len(c.Engines)),
		useCases:     newNameTable("use case", len(c.UseCases)),
	}
	var n naming
	for i := range c.Models {
		m := &c.Models[i]
		n.add(x.models, "model", i, m.ID, "", m.Aliases)
	}
	for i := range c.Accelerators {
		a := &c.Accelerators[i]
		n.add(x.accelerators, "accelerator", i, a.ID, a.Name, a.Aliases)
	}
	for i := range c.Precisions {
		p := &c.Precisions[i]
		n.add(x.precisions, "precision", i, p.ID, p.Name, p.Aliases)
	}
	for i := range c.Engines {
		e := &c.Engines[i]
		n.add(x.engines, "engine", i, e.ID, e.Name, e.Aliases)
	}
	for i := range c.UseCases {
		n.add(x.useCases, "use_case", i, c.UseCases[i].ID, "", nil)
	}
	x.models.models = newModelNames(c.Models)
	for i := range c.Models {
		x.addTails(i, &c.Models[i])
	}
	x.addDevices(c)
	x.curves.build(c)
	x.engineTimes = make([]Version, len(c.EngineTimes))
	for i := range c.EngineTimes {
		x.engineTimes[i], _ = ParseVersion(c.EngineTimes[i].From) // checked on reading; empty is the zero version
	}
	return x, n.blame(over)
}

// addTails lets a model be found by its id without the organisation.
func (x *index) addTails(i int, m *Model) {
	for _, name := range append([]string{m.ID}, m.Aliases...) {
		if _, tail, ok := strings.Cut(name, "/"); ok {
			x.models.addOther(i, tail)
		}
	}
}

// naming collects names that two entries claim.
type naming struct {
	clashes []clash
}

type clash struct {
	section, key, name string
	id, owner          string
}

// add gives entry i its own names. Ids come first, so that a clash is the
// fault of the alias.
func (n *naming) add(t *nameTable, section string, i int, id, name string, aliases []string) {
	t.labels[i] = id
	if name != "" && section == "accelerator" {
		t.labels[i] = name
	}
	try := func(key, name string) {
		if owner := t.addOwn(i, name); owner >= 0 {
			n.clashes = append(n.clashes, clash{section: section, key: key, name: name, id: id, owner: t.names[owner][0]})
		}
	}
	try("id", id)
	if name != "" {
		try("name", name)
	}
	for j, alias := range aliases {
		try(fmt.Sprintf("aliases[%d]", j), alias)
	}
}

// blame turns clashes into faults of the file that was laid over: of the
// second entry, or of the first when only that one is in the file.
func (n *naming) blame(over *Catalog) []fault {
	var faults []fault
	for _, c := range n.clashes {
		message := fmt.Sprintf("%q already names %q; accepted: a name of its own", c.name, c.owner)
		i, key := over.position(c.section, c.id), c.key
		if i < 0 {
			i, key = over.position(c.section, c.owner), "id"
			message = fmt.Sprintf("a name of %q already names %q; accepted: names of its own", c.owner, c.id)
			c.id = c.owner
		}
		faults = append(faults, fault{
			at:  fmt.Sprintf("%s[%d].%s", c.section, i, key),
			key: fmt.Sprintf("%s[%s].%s", c.section, c.id, key), message: message,
		})
	}
	return faults
}

// position finds an entry of a section by id.
func (c *Catalog) position(section, id string) int {
	switch section {
	case "model":
		return slices.IndexFunc(c.Models, func(m Model) bool { return m.ID == id })
	case "accelerator":
		return slices.IndexFunc(c.Accelerators, func(a Accelerator) bool { return a.ID == id })
	case "precision":
		return slices.IndexFunc(c.Precisions, func(p Precision) bool { return p.ID == id })
	case "engine":
		return slices.IndexFunc(c.Engines, func(e Engine) bool { return e.ID == id })
	default:
		return slices.IndexFunc(c.UseCases, func(u UseCase) bool { return u.ID == id })
	}
}

// names returns the index, built anew for a catalog that was put together in
// code and not by Parse.
func (c *Catalog) names() *index {
	if c.index != nil {
		return c.index
	}
	x, _ := newIndex(c, c)
	return x
}

// Model finds a model by Hugging Face id, alias, id without the organisation
// or any unique part of a name; case, spaces, "-" and "_" do not matter. A name
// with an organisation is an id, of which no part counts: an unknown one finds
// the model of the same name of another organisation, or none. The error is a
// [NotFoundError] or an [AmbiguousError]; so it is for the functions below.
func (c *Catalog) Model(name string) (*Model, error) {
	i, err := c.names().models.find(name)
	if err != nil {
		return nil, err
	}
	return &c.Models[i], nil
}

// Accelerator finds an accelerator or a CPU socket by id, catalog name, alias,
// driver name or any unique part of a name. A short name that fits several
// parts ("H100") is an alias of the commonest one; the catalog says of which.
func (c *Catalog) Accelerator(name string) (*Accelerator, error) {
	i, err := c.names().accelerators.find(name)
	if err != nil {
		return nil, err
	}
	return &c.Accelerators[i], nil
}

// Precision finds a precision by id, name or alias.
func (c *Catalog) Precision(name string) (*Precision, error) {
	i, err := c.names().precisions.find(name)
	if err != nil {
		return nil, err
	}
	return &c.Precisions[i], nil
}

// UseCase finds a use case by id.
func (c *Catalog) UseCase(name string) (*UseCase, error) {
	i, err := c.names().useCases.find(name)
	if err != nil {
		return nil, err
	}
	return &c.UseCases[i], nil
}

// Engine finds an engine and the constants of a version: "vllm@0.19", or
// "vllm" for the version that the catalog assumes. The third result is the
// version meant. A version outside every known range gets the nearest range;
// [Engine.At] says so. A malformed version is a [VersionError].
func (c *Catalog) Engine(spec string) (*Engine, *EngineVersion, string, error) {
	name, version, given := strings.Cut(spec, "@")
	i, err := c.names().engines.find(name)
	if err != nil {
		return nil, nil, "", err
	}
	e := &c.Engines[i]
	if version = strings.TrimSpace(version); !given {
		version = e.Default
	}
	constants, _, err := e.At(version)
	if err != nil {
		return nil, nil, "", fmt.Errorf("catalog: engine %s: %w", e.ID, err)
	}
	return e, constants, version, nil
}
