package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// The periods of which a schedule's runs are.
const (
	PeriodAll       = "all"        // every procedure
	PeriodLastMonth = "last-month" // the calendar month before the run
)

// Schedule is an export that is made and brought at intervals.
type Schedule struct {
	Name     string
	Registry string
	Section  string
	Mapping  string        // of runs by a mapping: its name in the node's folder
	GLN      string        // only this place
	Every    time.Duration // from the beginning of one run to that of the next
	Period   string        // PeriodAll; "": as the registry is told, by months or all
	Full     bool          // every record, and not only what is new or changed since the runs that the registry accepted
	To       string        // folder, or https address
	Method   string        // of an address: PUT (to the address with the file's name behind it) or POST; "": PUT
	// TokenFile holds what is shown to the address as a bearer token; "": nothing.
	TokenFile string
	// Accepted says that a delivered run counts as accepted by the registry: whoever
	// takes it answers nothing else.
	Accepted bool
}

// everyLeast keeps a slip of the pen from filling the journal.
const everyLeast = 10 * time.Minute

// check says what is wrong with a schedule.
func (s *Schedule) check(runs *registry.Runs) (destination, error) {
	if strings.TrimSpace(s.Name) == "" {
		return nil, errors.New("it wants a name")
	}
	e, ok := registry.ExportNamed(s.Registry)
	if !ok {
		return nil, fmt.Errorf("there are no runs for %q", s.Registry)
	}
	if s.Every < everyLeast {
		return nil, fmt.Errorf("every %s is too often: %s is the least", s.Every, everyLeast)
	}
	switch {
	case s.Period == "" && e.Monthly:
		s.Period = PeriodLastMonth
	case s.Period == "":
		s.Period = PeriodAll
	case s.Period != PeriodAll && s.Period != PeriodLastMonth, e.Monthly && s.Period == PeriodAll:
		return nil, fmt.Errorf("period is %s or %s, and of %s it is %s", PeriodAll, PeriodLastMonth, "a registry that is told by months", PeriodLastMonth)
	}
	if err := runs.Check(s.ask(time.Now(), runs.Recorder.Zone())); err != nil {
		return nil, err
	}
	return newDestination(*s)
}

// ask is the run that is due at a moment.
func (s Schedule) ask(now time.Time, zone *time.Location) registry.StartRun {
	q := registry.StartRun{Registry: s.Registry, Section: s.Section, Mapping: s.Mapping, GLN: s.GLN, Changes: !s.Full, Schedule: s.Name}
	q.By, q.Provenance = trace.Actor{Via: "schedule:" + s.Name}, trace.System
	if s.Period != PeriodLastMonth {
		return q
	}
	local := now.In(zone)
	first := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, zone)
	if e, ok := registry.ExportNamed(s.Registry); ok && e.Monthly {
		q.Month = first.AddDate(0, -1, 0).Format("2006-01")
		return q
	}
	q.From, q.To = first.AddDate(0, -1, 0), first
	return q
}

// Shown is where a schedule brings its files, without what may be a secret.
func (s Schedule) Shown() string {
	to, _, _ := strings.Cut(s.To, "?")
	return to
}

// State is how a schedule does.
type State struct {
	Schedule
	Due     time.Time   // when the next run is made; zero: one is on its way
	Last    trace.RunID // zero: none was made yet
	Trouble string      // why the last try did not deliver; "": nothing is wrong
	Tries   int         // that failed since
	Next    time.Time   // when it is tried again
}

// Deliverer makes the runs of schedules and brings them.
type Deliverer struct {
	runs *registry.Runs
	log  *slog.Logger
	all  []*scheduled
}

type scheduled struct {
	Schedule
	to destination

	mu    sync.Mutex
	state State
}

// New checks the schedules. The error says which makes no sense, and why.
func New(runs *registry.Runs, all []Schedule, log *slog.Logger) (*Deliverer, error) {
	d := &Deliverer{runs: runs, log: log}
	named := map[string]bool{}
	for _, s := range all {
		to, err := s.check(runs)
		if err != nil {
			return nil, fmt.Errorf("the export %q: %w", s.Name, err)
		}
		if named[s.Name] {
			return nil, fmt.Errorf("there are two exports called %q", s.Name)
		}
		named[s.Name] = true
		d.all = append(d.all, &scheduled{Schedule: s, to: to, state: State{Schedule: s}})
	}
	return d, nil
}

// States are those of the schedules, in their order.
func (d *Deliverer) States() []State {
	var all []State
	for _, s := range d.all {
		s.mu.Lock()
		all = append(all, s.state)
		s.mu.Unlock()
	}
	return all
}

// Run makes and brings what is due until ctx is done.
func (d *Deliverer) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range d.all {
		all.Go(func() {
			for ctx.Err() == nil {
				wait := d.Step(ctx, s.Name)
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
			}
		})
	}
	all.Wait()
}

// How long it is until something is tried again.
const (
	retryLeast = 10 * time.Second
	retryMost  = time.Hour
	lookAgain  = 5 * time.Second // while another run is made
	lookMost   = time.Minute     // a clock may be put forward: what is due is not slept through
)

// Step does what is next of one schedule, and gives how long until there may be
// more to do.
func (d *Deliverer) Step(ctx context.Context, name string) time.Duration {
	for _, s := range d.all {
		if s.Name == name {
			return d.step(ctx, s)
		}
	}
	return lookMost
}

func (d *Deliverer) step(ctx context.Context, s *scheduled) time.Duration {
	now := d.runs.Recorder.Clock()
	last, ok, err := d.last(ctx, s.Name)
	if err != nil {
		return d.failed(s, err, now)
	}
	if ok && last.State == trace.RunBegun {
		if _, making := d.runs.Progress(last.ID); making {
			if err := d.runs.Wait(ctx, last.ID); err != nil {
				return 0
			}
			if last, err = d.runs.Recorder.Store.Run(ctx, last.ID); err != nil {
				return d.failed(s, err, now)
			}
		}
	}
	s.mu.Lock()
	s.state.Last = last.ID
	s.mu.Unlock()
	switch due := d.due(s, last, now); {
	case ok && (last.State == trace.RunMade || last.State == trace.RunUnsent):
		return d.deliver(ctx, s, last)
	case ok && now.Before(due):
		s.mu.Lock()
		s.state.Due = due
		s.mu.Unlock()
		return min(due.Sub(now), lookMost)
	}
	return d.begin(ctx, s, now)
}

// due is when the run after the last one is made. One that broke off or failed does
// not wait for the next turn.
func (d *Deliverer) due(s *scheduled, last trace.Run, now time.Time) time.Time {
	if len(last.History) == 0 {
		return now
	}
	begun := last.History[0].Stamp.Recorded
	switch last.State {
	case trace.RunBegun:
		return now // it broke off
	case trace.RunFailed:
		return begun.Add(min(s.Every, retryMost))
	}
	return begun.Add(s.Every)
}

// last is the run that a schedule made last at this node.
func (d *Deliverer) last(ctx context.Context, name string) (last trace.Run, ok bool, err error) {
	own := d.runs.Recorder.Store.Node()
	for r, err := range d.runs.Recorder.Store.Runs(ctx) {
		if err != nil {
			return last, false, err
		}
		if r.Scope.Schedule == name && r.History[0].Stamp.Position.Node == own && (!ok || r.Compare(last) > 0) {
			last, ok = r, true
		}
	}
	return last, ok, nil
}

// begin makes the run that is due; it is delivered in the next step.
func (d *Deliverer) begin(ctx context.Context, s *scheduled, now time.Time) time.Duration {
	q := s.ask(now, d.runs.Recorder.Zone())
	q.ID = trace.NewEventID()
	id, err := d.runs.Start(ctx, q)
	if trace.KindOf(err) == trace.Conflict {
		return lookAgain // another run is being made
	}
	if err != nil {
		return d.failed(s, err, now)
	}
	s.mu.Lock()
	s.state.Last, s.state.Due = id, time.Time{}
	s.mu.Unlock()
	// Wait's error is the end of ctx: the next step, or the next start, goes on.
	_ = d.runs.Wait(ctx, id)
	return 0
}

// deliver brings the file of a run where it belongs, and says so in the record. A
// node that is killed between the two brings the same file again, which changes
// nothing there.
func (d *Deliverer) deliver(ctx context.Context, s *scheduled, run trace.Run) time.Duration {
	err := s.to.put(ctx, d.runs.Recorder.Store, run)
	if err != nil && ctx.Err() != nil {
		return 0
	}
	ctx = context.WithoutCancel(ctx) // what was done is recorded by a node that stops, too
	now := d.runs.Recorder.Clock()
	if err != nil {
		if run.State == trace.RunMade {
			if serr := d.runs.Delivered(ctx, run, trace.RunUnsent, err.Error()); serr != nil {
				err = errors.Join(err, serr)
			}
		}
		return d.failed(s, err, now)
	}
	if err := d.runs.Delivered(ctx, run, trace.RunSent, ""); err != nil {
		return d.failed(s, err, now)
	}
	if s.Accepted {
		if err := d.runs.Delivered(ctx, run, trace.RunAccepted, ""); err != nil {
			return d.failed(s, err, now)
		}
	}
	s.mu.Lock()
	s.state.Trouble, s.state.Tries, s.state.Next, s.state.Due = "", 0, time.Time{}, run.History[0].Stamp.Recorded.Add(s.Every)
	s.mu.Unlock()
	d.log.Info("export delivered", "schedule", s.Name, "run", run.ID.String(), "to", s.to.name())
	return 0
}

// failed notes what went wrong, and gives when it is tried again: later each time.
// What the other side refused is tried once an hour.
func (d *Deliverer) failed(s *scheduled, err error, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := min(retryMost, retryLeast<<min(s.state.Tries, 10))
	if errors.Is(err, errRefused) {
		wait = retryMost
	}
	s.state.Tries++
	s.state.Trouble, s.state.Next = err.Error(), now.Add(wait)
	d.log.Error("export not delivered", "schedule", s.Name, "to", s.to.name(), "tries", s.state.Tries, "error", err.Error())
	return wait
}
