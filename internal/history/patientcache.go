package history

import (
	"sync"

	"implantrace/internal/trace"
)

// patientsMost bounds what is remembered; what is forgotten is looked up again.
const patientsMost = 1 << 16

// patientCache remembers which patient a row was recorded as, where finding
// out costs a read of the journal.
type patientCache struct {
	mu sync.Mutex
	of map[trace.EventID]trace.PatientID
}

func (c *patientCache) get(row trace.EventID) (trace.PatientID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.of[row]
	return p, ok
}

func (c *patientCache) put(row trace.EventID, p trace.PatientID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil || len(c.of) >= patientsMost {
		c.of = make(map[trace.EventID]trace.PatientID)
	}
	c.of[row] = p
}
