package estimator

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// engineTimeOf finds what the engine adds in its version on the accelerator's
// architecture with weights of a precision.
func engineTimeOf(c *catalog.Catalog, d *Deployment) (*catalog.EngineTime, error) {
	e := c.EngineTimeFor(d.Engine.ID, d.Release, d.Device.Accelerator, d.Weights)
	if e == nil {
		return nil, fmt.Errorf("no published measurements of %s on %s parts: speed unknown", d.Engine.Name, d.Device.Accelerator.Vendor)
	}
	return e, nil
}

// WithEngineTime is the timetable of the same forward pass where the engine
// adds something else.
func (t *Timetable) WithEngineTime(e *catalog.EngineTime) *Timetable {
	other := *t
	other.engine = e
	return &other
}
