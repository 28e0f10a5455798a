package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// found chooses the hardware: of what there is the kind that the file names.
func (l *looking) found() bool {
	list := l.ask.Request.Hardware
	if named := l.service.Accelerator; named != "" {
		acc, err := accelerator(l.catalog, named)
		switch {
		case err != nil && len(list) != 1:
			l.check("hardware", Broken, l.at("accelerator"), "name it with --on", "%v", err)
			return false
		case err != nil: // what is named on the command line is what it means
		case len(list) == 0:
			return l.asNamed(acc)
		default:
			list = slices.DeleteFunc(slices.Clone(list), func(h planner.Hardware) bool { return h.Node.Accelerator.ID != acc.ID })
			if len(list) == 0 {
				l.check("hardware", Fail, l.at("accelerator"), "", "it asks for %s, which is not among the hardware of the request", acc.Name)
				return false
			}
		}
	}
	if l.service.NoAccelerator {
		l.check("hardware", Broken, l.at("accelerators"), "`plimsoll estimate --on` a processor knows such a one", "it keeps every layer in host memory, and a gate is of accelerators")
		return false
	}
	need := max(l.service.AcceleratorsPerNode, 1)
	enough := slices.DeleteFunc(slices.Clone(list), func(h planner.Hardware) bool { return h.Node.Count < need })
	switch {
	case len(list) == 0:
		l.check("hardware", Broken, l.at("accelerators"), `name it: --on "8x H100 SXM5 80GB", or a [[hardware]] of --request`, "nothing says what it runs on")
	case len(enough) == 0:
		l.check("hardware", Fail, l.at("accelerators", "tp"), "", "it asks for %d accelerators of a node, and %s has %d", need, list[0].Name, list[0].Node.Count)
	case len(kinds(enough)) > 1:
		l.check("hardware", Broken, l.at("accelerators"), "name one kind with --on, or in the file with a node selector", "it may run on %s, and does not say which", strings.Join(kinds(enough), " or "))
	default:
		l.hardware = slices.MinFunc(enough, func(a, b planner.Hardware) int { return a.Node.Count - b.Node.Count })
		return true
	}
	return false
}

// kinds are the accelerators of hardware, each once.
func kinds(list []planner.Hardware) (names []string) {
	for i := range list {
		if name := list[i].Node.Accelerator.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// labels of nodes whose words do not tell which accelerator they are: cloud.google.com,
// "GPU machine types"; docs.coreweave.com, "Node labels"; AMD's k8s-device-plugin, "node
// labeller". Google's a100 without a size is the one of 40 GB.
var labels = map[string]string{
	"nvidia-tesla-a100": "A100 SXM4 40GB", "nvidia-h100-mega-80gb": "H100 SXM5 80GB", "nvidia-h200-141gb": "H200 SXM 141GB",
	"amd_instinct_mi300x_oam": "Instinct MI300X", "amd_instinct_mi325x_oam": "Instinct MI325X",
	"a100_nvlink": "A100 SXM4 40GB", "a100_nvlink_80gb": "A100 SXM4 80GB", "h100_nvlink_80gb": "H100 SXM5 80GB",
}

// accelerator finds what labels of nodes call it: "NVIDIA-H100-80GB-HBM3", "nvidia-l4".
func accelerator(c *catalog.Catalog, label string) (*catalog.Accelerator, error) {
	if strings.EqualFold(label, "a100") { // Karpenter's, of AWS: p4d and p4de
		return nil, fmt.Errorf("%s may be of 40 or 80 GB: accepted are A100 SXM4 40GB and A100 SXM4 80GB", label)
	}
	if name, ok := labels[strings.ToLower(label)]; ok {
		return c.Accelerator(name)
	}
	acc, err := c.Accelerator(label)
	if err == nil {
		return acc, nil
	}
	if acc, again := c.Accelerator(strings.NewReplacer("-", " ", "_", " ").Replace(label)); again == nil {
		return acc, nil
	}
	return nil, err
}

// asNamed is nodes of what the file alone names, at its usual price.
func (l *looking) asNamed(acc *catalog.Accelerator) bool {
	a := &l.service.Ask
	n := max(l.service.AcceleratorsPerNode, (max(a.TP, 1)*max(a.PP, 1)+max(l.service.NodesPerReplica, 1)-1)/max(l.service.NodesPerReplica, 1))
	h, err := planner.UsualHardware(l.catalog, fmt.Sprintf("%dx %s", n, acc.Name))
	if err != nil {
		l.check("hardware", Broken, l.at("accelerator"), "name it with --on", "%v", err)
		return false
	}
	l.hardware = h
	return true
}
