package probe

import (
	"path"
	"strings"
)

// hwmon are the sensors of a device (kernel documentation,
// hwmon/sysfs-interface): temperatures in millidegrees, power in microwatts.
type hwmon struct {
	h   *host
	dir string // "" where the device has none
}

// hwmon finds the sensors of a device by its sysfs directory.
func (h *host) hwmon(device string) hwmon {
	for _, name := range h.list(device + "/hwmon") {
		return hwmon{h, device + "/hwmon/" + name}
	}
	return hwmon{h: h}
}

// hasLabel reports whether a voltage sensor carries the label.
func (s hwmon) hasLabel(label string) bool {
	if s.dir == "" {
		return false
	}
	for _, file := range s.h.glob(s.dir + "/in*_label") {
		if s.h.read(file) == label {
			return true
		}
	}
	return false
}

// fill sets power and temperature of the device.
func (s hwmon) fill(a *Accelerator) {
	if s.dir == "" {
		return
	}
	// amdgpu says cap, xe and i915 say max for the limit in force.
	a.PowerLimitW = s.watts("power1_cap", "power1_max")
	a.PowerDefaultW = s.watts("power1_cap_default", "power1_rated_max")
	a.PowerDrawW = s.watts("power1_average", "power1_input")
	a.TemperatureC = s.temperature()
}

// watts returns the first of the named readings that the device has.
func (s hwmon) watts(names ...string) float64 {
	for _, name := range names {
		if microwatts, ok := s.h.readInt(s.dir + "/" + name); ok && microwatts > 0 {
			return float64(microwatts) / 1e6
		}
	}
	return 0
}

// temperature prefers the sensor of the chip over that of its memory, and of
// the chip the hottest spot's neighbour that every generation has.
func (s hwmon) temperature() *int {
	byLabel := make(map[string]int)
	for _, file := range s.h.glob(s.dir + "/temp*_input") {
		milli, ok := s.h.readInt(file)
		if !ok {
			continue
		}
		sensor := strings.TrimSuffix(path.Base(file), "_input")
		byLabel[s.h.read(s.dir+"/"+sensor+"_label")] = int(milli / 1000)
	}
	for _, label := range []string{"edge", "pkg", "junction", ""} {
		if celsius, ok := byLabel[label]; ok {
			return &celsius
		}
	}
	return nil
}
