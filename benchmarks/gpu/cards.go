package gpu

import (
	"fmt"
	"os"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu/kernels"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// others counts processes on a device but this one.
func others(a *probe.Accelerator) (n int) {
	for _, p := range a.Processes {
		if int(p.PID) != os.Getpid() {
			n++
		}
	}
	return n
}

// openCards opens every GPU of the driver.
func openCards(o *Options) (cards []card, err error) {
	driver, err := cuda.Open(o.Driver)
	if err != nil {
		return nil, err
	}
	n, err := driver.Count()
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("the driver finds no GPU")
	}
	for i := range n {
		c, err := openCard(driver, i, o)
		if err != nil {
			for _, c := range cards {
				c.close()
			}
			return nil, fmt.Errorf("device %d: %w", i, err)
		}
		cards = append(cards, c)
	}
	return cards, nil
}

// nvidia is a GPU through NVIDIA's driver.
type nvidia struct {
	driverName string
	device     *cuda.Device
	stream     cuda.Stream
	memory     *cuda.Module
	tensor     map[string]*cuda.Module // by precision; nil: not for this part
	tensorErr  map[string]error
	products   *cuda.Products // nil: the machine has none, our own stand in
	opts       *Options
}

func openCard(driver *cuda.Driver, ordinal int, o *Options) (*nvidia, error) {
	d, err := driver.Device(ordinal)
	if err != nil {
		return nil, err
	}
	c := &nvidia{driverName: fmt.Sprintf("CUDA %d.%d", driver.Version/1000, driver.Version%1000/10), device: d, tensor: map[string]*cuda.Module{}, tensorErr: map[string]error{}, opts: o}
	if err := d.Use(); err != nil {
		d.Close()
		return nil, err
	}
	if c.stream, err = d.Stream(); err != nil {
		d.Close()
		return nil, err
	}
	if c.memory, err = d.Load(kernels.Memory); err != nil {
		c.close()
		return nil, fmt.Errorf("the kernels need a part from compute capability 8.0 on, and this is %.1f: %w", d.Capability, err)
	}
	c.loadTensor()
	c.products, _ = d.Products(cuda.ProductFiles(o.Libraries)) // figures say through what they went
	return c, nil
}

// loadTensor compiles the kernels on tensor cores that the part has.
func (c *nvidia) loadTensor() {
	common, err := c.device.Load(kernels.Tensor)
	for _, p := range precisions {
		c.tensor[p], c.tensorErr[p] = common, err
	}
	c.tensor["fp8"], c.tensorErr["fp8"] = nil, fmt.Errorf("a part of compute capability %.1f has no FP8", c.device.Capability)
	if c.device.Capability >= 8.9 {
		c.tensor["fp8"], c.tensorErr["fp8"] = c.device.Load(kernels.TensorFP8)
	}
}

func (c *nvidia) info() Device {
	d := c.device
	return Device{Index: d.Ordinal, Name: strings.TrimSpace(d.Name), Capability: d.Capability, Units: d.Units, MemoryBytes: d.Bytes, Ceiling: d.MemoryGBps, pci: d.PCI}
}

func (c *nvidia) driver() string { return c.driverName }

func (c *nvidia) close() {
	_ = c.device.Use() // a device that is lost closes all the same
	if c.products != nil {
		c.products.Close()
	}
	for _, m := range []*cuda.Module{c.memory, c.tensor["bf16"], c.tensor["fp8"]} {
		if m != nil {
			m.Close()
		}
	}
	c.device.CloseStream(c.stream)
	c.device.Close()
}
