package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"implantrace/api"
	"implantrace/internal/backup"
	"implantrace/internal/bolt"
	"implantrace/internal/card"
	"implantrace/internal/casework"
	"implantrace/internal/checkpoint"
	"implantrace/internal/command"
	"implantrace/internal/delivery"
	"implantrace/internal/outward"
	"implantrace/internal/practice"
	"implantrace/internal/registry"
	"implantrace/internal/seal"
	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/internal/transport"
	"implantrace/scanner"
)

// Node is one node, wired and open.
type Node struct {
	drill    bool             // a copy of the record for drills
	sheets   []practice.Sheet // what people practise with; nil: this is no practice
	Config   Config
	Store    *bolt.Store
	Recorder command.Recorder
	Office   *casework.Office // where recall notices are worked on, and which every scan asks
	Floor    *theatre.Floor
	Desk     *theatre.Desk // the node's own
	API      *api.Server
	Pictures *scanner.Workers // where all pictures that the node gets are read
	Staff    *staff.Office    // who people are; nil: nobody is asked

	log         *slog.Logger
	clock       trace.Clock
	version     string
	certificate *transport.Certificate // nil: no TLS
	exposed     string                 // who beside its owner can read the key file
	handhelds   *handhelds
	recordings  *recordings // of what handhelds sent
	retry       retry
	publisher   *checkpoint.Publisher
	runs        *registry.Runs
	deliverer   *delivery.Deliverer
	compaction  compaction
	schedule    *schedule       // makes backups at intervals; nil: none are asked for
	shipper     *backup.Shipper // keeps the second copy; nil: there is none
}

// Version is the program's, for the journal and the pages.
type Version string

// Open opens the node's store, making it and its keys when there are none, and
// wires everything on it. Nothing listens yet.
func Open(ctx context.Context, c Config, v Version, log *slog.Logger, clock trace.Clock) (*Node, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	zone, err := c.location()
	if err != nil {
		return nil, err
	}
	if err := c.listening(); err != nil {
		return nil, err // before a store is made for a node that will not serve
	}
	rules, err := c.rules()
	if err != nil {
		return nil, err
	}
	if clock == nil {
		clock = time.Now
	}
	_, drill, err := Drill(c.Data)
	if err != nil {
		return nil, fmt.Errorf("the mark of a copy for drills in %s cannot be read: %w", c.Data, err)
	}
	if drill { // nothing of it reaches a patient, or the places where the record's copies are
		c.FindScanners = FindNone
		c.Scanners, c.CopyTo, c.BackupTo, c.CheckpointTo, c.Exports = nil, "", "", nil, nil
	}
	n := &Node{Config: c, log: log, clock: clock, version: string(v), drill: drill}
	n.compaction.node = n
	if err := n.secure(); err != nil {
		return nil, err
	}
	store, err := openStore(ctx, c, v, log, clock)
	if err != nil {
		return nil, err
	}
	if err := c.apart(ctx, store); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	n.Store, n.Recorder = store, command.Recorder{Store: store, Clock: clock, Location: zone, Rules: rules, Practice: c.Practice}
	if c.Keys != "" {
		if _, n.exposed = seal.Exposed(c.Keys); n.exposed != "" {
			log.Warn("the keys are not kept secret", "detail", n.exposed)
		}
	}
	if err := n.wire(ctx, v); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return n, nil
}

// reserve is how much room is kept on the store's disk for what has to be
// recorded even when the disk is full, in bytes.
const reserve = 16 << 20

func openStore(ctx context.Context, c Config, v Version, log *slog.Logger, clock trace.Clock) (*bolt.Store, error) {
	path := filepath.Join(c.Data, bolt.FileName)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	keys, err := c.loadKeys(ctx)
	first := errors.Is(err, seal.ErrNoKeys)
	switch {
	case c.NewStore && bolt.Exists(path):
		return nil, configf("there is a store in %s already: leave --new-store out", c.Data)
	case first:
		keys, err = firstKeys(c, path)
	case err == nil && !bolt.Exists(path) && !c.NewStore && c.elsewhere() != "":
		return nil, fmt.Errorf("%s gives keys, but there is no store in %s. Put the store back as %s, or name its folder with --data. "+
			"To start a new store with these keys, add --new-store this once", c.elsewhere(), c.Data, path)
	case err == nil && !bolt.Exists(path) && !c.NewStore:
		return nil, fmt.Errorf("the keys in %s are there, but the store in %s is not. Put the store back as %s, or name its folder with --data. "+
			"To start a new store, move the key file away and keep it: without it nobody can read the old one", c.Keys, c.Data, path)
	}
	if err != nil {
		return nil, err
	}
	o := bolt.Options{Name: c.Name, Version: string(v), Keys: keys, Clock: clock, Reserve: reserve, Practice: c.Practice,
		Trouble: func(err error) { logTrouble(log, err) }}
	s, err := bolt.Open(path, o)
	if errors.Is(err, bolt.ErrWrongKeys) {
		s, err = finishRotation(c, path, o, err)
	} else if err == nil && c.elsewhere() == "" {
		err = dropNext(c) // of keys that were to be changed, and were not
	}
	switch {
	case errors.Is(err, bolt.ErrInUse):
		return nil, fmt.Errorf("another implantrace has the store in %s open. Use that one, or stop it first: %w", c.Data, err)
	case (first || c.elsewhere() != "") && errors.Is(err, bolt.ErrWrongKeys):
		return nil, noKeys(c)
	case errors.Is(err, bolt.ErrWrongKeys):
		return nil, fmt.Errorf("%s holds the keys of another store than the one in %s: %w", c.Keys, c.Data, err)
	case err == nil && first:
		if err := settleKeys(c); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, err
}

func (n *Node) wire(ctx context.Context, v Version) error {
	if err := n.plugIn(); err != nil {
		return err
	}
	n.Office = &casework.Office{Recorder: n.Recorder}
	n.Recorder.Namers = append(n.Recorder.Namers, n.Office)
	const mostAtOnce = 4 // which keeps their memory below 300 MB
	n.Pictures = scanner.NewWorkers(min(max(1, runtime.NumCPU()/2), mostAtOnce))
	var err error
	if !n.Config.NoSignIn {
		if n.Staff, err = staff.NewOffice(ctx, n.Recorder, staff.Usual); err != nil {
			return err
		}
		if on := n.Config.SignOn; on.Issuer != "" {
			on.Client = outward.Client()
			n.Staff.UseSignOn(on)
		}
	}
	if n.Config.FromFile {
		if err := n.Recorder.FileChecks(ctx, n.Config.Checks); trace.KindOf(err) == trace.Invalid || trace.KindOf(err) == trace.NotFound {
			return configf("the checks of the settings file: %w", err)
		} else if err != nil {
			return err
		}
	}
	if n.Floor, err = theatre.NewFloor(ctx, n.Recorder, n.Scanners); err != nil {
		return err
	}
	n.Floor.OnAnswer(n.verdict)
	n.Desk = n.Floor.Main()
	if n.Config.BackupTo != "" {
		to, err := filepath.Abs(n.Config.BackupTo)
		if err != nil {
			return err
		}
		n.schedule = &schedule{node: n, to: to}
	}
	if n.shipper, err = n.newShipper(ctx); err != nil {
		return err
	}
	if err := n.checkpoints(); err != nil {
		return err
	}
	n.runs = registry.NewRuns(n.Recorder)
	n.runs.Mappings.Dir = cmp.Or(n.Config.Mappings, filepath.Join(n.Config.Data, "mappings"))
	if n.deliverer, err = delivery.New(n.runs, n.Config.Exports, n.log); err != nil {
		return configf("%w", err)
	}
	if n.Config.Practice {
		if n.sheets, err = practice.Sheets(); err != nil {
			return err
		}
		if err := practice.Fill(ctx, n.Office); err != nil {
			return err
		}
	}
	limits := api.Limits{FromAddress: n.Config.RequestsFromAddress, OfSession: n.Config.RequestsOfSession}
	n.API, err = api.New(api.Options{Limits: limits, Recorder: n.Recorder, Runs: n.runs, Schedules: n.deliverer.States, Office: n.Office, Floor: n.Floor, Maintenance: n.Store, Prover: n.Store, Operator: n, Staff: n.Staff, NoSignIn: n.Config.NoSignIn, NodeName: n.Config.Name, Hospital: card.Institution{Name: n.Config.Hospital, Address: n.Config.HospitalAddress}, Drill: n.drill, Practice: n.sheets, KeepPictures: n.Config.KeepPictures, Version: string(v),
		Log: n.log, Workers: n.Pictures, Scanners: n.Scanners, Recordings: n.recordings, Ready: n.faults, Warnings: n.Warnings, AnswersTo: n.answersTo, Departures: n.Departures, SendCheckpoints: n.publisher.Now, SecondCopy: n.secondCopy, ScheduledBackup: n.scheduledBackup})
	return err
}

// faults says what keeps the node from recording.
func (n *Node) faults(ctx context.Context) []string {
	if _, err := n.Desk.State(ctx); err != nil {
		return []string{"the record cannot be read"}
	}
	if trouble := n.Floor.Trouble(); trouble != "" {
		return []string{fmt.Sprintf("%d readings cannot be recorded: %s", n.Floor.Waiting(), trouble)}
	}
	if err := n.writeTrouble(ctx); err != nil {
		return []string{faultOf(err)}
	}
	return nil
}

// retry is when a write was last tried for no other reason than to know.
type retry struct {
	mu   sync.Mutex
	last time.Time
}

// retryEvery is as often as readiness tries a write while there is trouble.
const retryEvery = time.Second

// writeTrouble is what keeps the store from writing. While there is trouble it
// tries by itself: a node that is not asked to record until it is ready would
// otherwise never be ready again.
func (n *Node) writeTrouble(ctx context.Context) error {
	err := n.Store.WriteTrouble()
	if err == nil || !n.retry.mu.TryLock() {
		return err
	}
	defer n.retry.mu.Unlock()
	if time.Since(n.retry.last) < retryEvery {
		return err
	}
	// What the write comes to, the store knows.
	_ = n.Store.TryWrite(ctx)
	n.retry.last = time.Now()
	return n.Store.WriteTrouble()
}

// logTrouble logs what keeps the store from writing, with its cause.
func logTrouble(log *slog.Logger, err error) {
	if err == nil {
		log.Info("the store can write again")
		return
	}
	cause := ""
	if e := errors.Unwrap(err); e != nil {
		cause = e.Error()
	}
	log.Error("the store cannot write", "error", err.Error(), "cause", cause)
}

// faultOf says a store's trouble without the causes that are for the log.
func faultOf(err error) string {
	switch trace.KindOf(err) {
	case trace.Full:
		return "the disk is full"
	case trace.ReadOnly:
		return "the disk cannot be written"
	}
	return "the last write was not committed"
}

// KeysFrom says where the node's keys come from.
func (n *Node) KeysFrom() string {
	if where := n.Config.elsewhere(); where != "" {
		return where
	}
	return n.Config.Keys
}

// finishWithin is how long requests may go on after a stop.
const finishWithin = 15 * time.Second

// Serve listens on the configured address and on the node's socket until ctx is
// done. Then it takes nothing new, finishes what was accepted, and closes the
// store. ready is called once with the address.
func (n *Node) Serve(ctx context.Context, ready func(address string)) error {
	tcp, err := net.Listen("tcp", n.Config.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("cannot listen: %w. Where another program has this address, use another: --listen 127.0.0.1:PORT (make run LISTEN=127.0.0.1:PORT)", err), n.Close())
	}
	socket, err := listenSocket(n.Config.Data)
	if err != nil {
		return errors.Join(err, tcp.Close(), n.Close())
	}
	servers := []*http.Server{n.server(false), n.server(true)}
	failed := make(chan error, len(servers))
	go func() { failed <- n.serveOn(servers[0], tcp) }()
	go func() { failed <- servers[1].Serve(socket) }()

	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var scanning, recording sync.WaitGroup
	reading, unplug := context.WithCancel(ctx)
	defer unplug()
	scanning.Go(func() { n.handhelds.run(reading) })
	recording.Go(func() { n.Floor.Run(working) })
	recording.Go(func() { n.publisher.Run(working) })
	recording.Go(func() { n.deliverer.Run(working) })
	shipping, stopShipping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopShipping()
	var shipped sync.WaitGroup
	shipped.Go(func() { n.compaction.run(shipping) })
	if n.schedule != nil {
		shipped.Go(func() { n.schedule.run(shipping) })
	}
	if n.shipper != nil {
		shipped.Go(func() { n.shipper.Run(shipping) })
	}
	if ready != nil {
		ready(tcp.Addr().String())
	}

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	unplug()
	scanning.Wait()
	n.recordings.close()
	n.API.Shutdown()
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	for _, s := range servers {
		if serr := s.Shutdown(finish); serr != nil {
			err = errors.Join(err, serr, s.Close())
		}
	}
	stop() // what still waits is recorded
	recording.Wait()
	// What was recorded last is in the copy too, where it can be reached.
	n.finishCopy(finish)
	stopShipping()
	shipped.Wait()
	if w := n.Floor.Waiting(); w > 0 {
		err = errors.Join(err, fmt.Errorf("%d readings could not be recorded", w))
	}
	return errors.Join(err, n.Close())
}

func (n *Node) server(fromSocket bool) *http.Server {
	s := &http.Server{
		Handler: n.API, ReadHeaderTimeout: headersWithin, ReadTimeout: answerWithin, WriteTimeout: answerWithin, IdleTimeout: idleFor, MaxHeaderBytes: headersMost,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	if fromSocket {
		s.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return api.FromSocket(ctx) }
	}
	return s
}

// Close closes the store of a node that does not serve, and lets go of what
// reads pictures.
func (n *Node) Close() error {
	n.runs.Close()
	return errors.Join(n.Pictures.Close(), n.Store.Close())
}
