package cost

import "fmt"

// Energy is what the owned part of a fleet draws.
type Energy struct {
	IdleKW      float64 `json:"idle_kw"`      // IT: accelerators, hosts and network
	PeakKW      float64 `json:"peak_kw"`      // IT, all accelerators at peak load
	ITKWh       float64 `json:"it_kwh"`       // per year
	FacilityKWh float64 `json:"facility_kwh"` // per year, IT times PUE
}

// Power gives kW of IT when idle and at peak: accelerators as measured, hosts,
// and the network as a share of both.
func (t Terms) Power(owned []Owned) (idle, peak float64, err error) {
	for i, o := range owned {
		if o.WattsLoad == nil || o.WattsIdle == nil {
			return 0, 0, fmt.Errorf("owned[%d]: watts_idle and watts_load are not both known", i)
		}
		hosts := float64(o.Nodes) * t.HostWatts
		idle += hosts + float64(o.Accelerators)**o.WattsIdle
		peak += hosts + float64(o.Accelerators)**o.WattsLoad
	}
	share := (1 + t.NetworkWattsShare) / 1000
	return idle * share, peak * share, nil
}

// Energy of a year: 8760 (P_idle + u (P_load - P_idle)), times PUE for the
// facility. The error says what is unknown.
func (t Terms) Energy(owned []Owned) (*Energy, error) {
	idle, peak, err := t.Power(owned)
	if err != nil {
		return nil, err
	}
	if t.Utilisation == nil {
		return nil, fmt.Errorf("utilisation is not known")
	}
	it := HoursPerYear * (idle + *t.Utilisation*(peak-idle))
	return &Energy{IdleKW: idle, PeakKW: peak, ITKWh: it, FacilityKWh: it * t.PUE}, nil
}

// Carbon is kg CO2 equivalent a year of a fleet. What is nil is unknown, and Unknown says
// why. Rented accelerators count only as a reason why the total is unknown: a
// provider's power and grid are its own.
type Carbon struct {
	Operational *float64 `json:"operational_kg,omitempty"` // facility energy times intensity of the grid
	Embodied    *float64 `json:"embodied_kg,omitempty"`    // making the accelerators and spares, over the horizon
	Total       *float64 `json:"total_kg,omitempty"`
	Unknown     []string `json:"unknown,omitempty"`
}

// carbon of a fleet whose owned part draws energy; nil energy is unknown, for the
// reason why.
func (t Terms) carbon(f Fleet, energy *Energy, why error) Carbon {
	var c Carbon
	switch {
	case energy == nil:
		c.Unknown = append(c.Unknown, "operational: "+why.Error())
	case t.GridGramsPerKWh == nil && energy.FacilityKWh > 0:
		c.Unknown = append(c.Unknown, "operational: grid_g_per_kwh is not known")
	case energy.FacilityKWh == 0:
		c.Operational = new(0.0)
	default:
		c.Operational = new(energy.FacilityKWh * *t.GridGramsPerKWh / 1000)
	}
	owned := float64(Fleet{Owned: f.Owned}.Accelerators())
	switch {
	case owned == 0:
		c.Embodied = new(0.0)
	case t.EmbodiedKgPerAccelerator == nil:
		c.Unknown = append(c.Unknown, "embodied: embodied_kg_per_accelerator is not known")
	default:
		c.Embodied = new(owned * (1 + t.SpareShare()) * *t.EmbodiedKgPerAccelerator / t.Years)
	}
	if len(f.Rented) > 0 {
		c.Unknown = append(c.Unknown, "rented: the provider's power and grid are not known")
	}
	if len(c.Unknown) == 0 {
		c.Total = new(*c.Operational + *c.Embodied)
	}
	return c
}
