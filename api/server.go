package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// Maintenance is what the store offers beyond the record; for the operator at
// the machine, not for pages.
type Maintenance interface {
	// VerifyAgainst works everything out again from the journal and compares,
	// with what is given from outside too.
	VerifyAgainst(ctx context.Context, tmp string, trust trace.Trust) (trace.Verification, error)
	// Size is the store's size in bytes.
	Size() int64
}

// Options are what a server is made of.
type Options struct {
	Recorder    command.Recorder
	Desk        *theatre.Desk
	Maintenance Maintenance
	Prover      trace.Prover
	// Departures say how checkpoints leave the machine; nil: they do not.
	Departures func(context.Context) []trace.Departure
	// SendCheckpoints lets them leave at once, and waits for it.
	SendCheckpoints func(context.Context) error
	Operator        Operator
	Office          *casework.Office // nil: one of its own over Recorder
	NodeName        string
	Version         string
	Log             *slog.Logger
	Workers         *scanner.Workers             // bound the pictures that are decoded at once
	Scanners        func() []scanner.SerialState // nil: none
	// Ready says what keeps the node from working; nil: nothing.
	Ready func(context.Context) []string
	// Warnings say what somebody should see to although the node works; nil:
	// nothing.
	Warnings func(context.Context) []string
	// SecondCopy says how far the second copy has come; nil, and a nil answer:
	// there is none.
	SecondCopy func() *SecondCopy
	// ScheduledBackup says how the backups do that are made at intervals; nil, and
	// a nil answer: none are.
	ScheduledBackup func() *ScheduledBackup
}

// Server answers HTTP.
type Server struct {
	Options
	store   trace.Store
	echo    *echo.Echo
	pages   *pages
	docs    docs
	metrics *metrics
	stop    context.Context // done when the node shuts down: event streams end
	end     context.CancelFunc
}

// New makes a server. The error is in the templates or openapi.yaml, which are
// part of the program.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Office == nil {
		o.Office = &casework.Office{Recorder: o.Recorder}
	}
	if o.Scanners == nil {
		o.Scanners = func() []scanner.SerialState { return nil }
	}
	s := &Server{Options: o, store: o.Recorder.Store, echo: echo.New()}
	s.stop, s.end = context.WithCancel(context.Background())
	var err error
	if s.pages, err = newPages(o.Recorder.Zone()); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(prometheus.NewRegistry(), s)
	if s.docs, err = newDocs(description, s.routes()); err != nil {
		return nil, err
	}
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.Use(s.measure, contained, secured)
	for _, r := range s.routes() {
		h := r.handler
		if r.operator {
			h = operatorOnly(h)
		}
		e.Add(r.method, r.path, limited(r, h))
	}
	return s, nil
}

// ServeHTTP is http.Handler's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Shutdown ends the event streams, which would otherwise outlast every other
// request.
func (s *Server) Shutdown() { s.end() }

// route is one line of the table of routes.
type route struct {
	method, path string
	handler      echo.HandlerFunc
	body         int64         // bytes a request may have; 0: 1 MiB
	time         time.Duration // a request may take; 0: 30 seconds; negative: no limit
	operator     bool          // only through the node's own socket
	query        string        // the names its query may have; asked of /api/v1 only
	form         bool          // its body is a form, and read before the handler
}

const (
	bodyMost    = 1 << 20
	pictureMost = 32 << 20
	importMost  = 1 << 30
	timeMost    = 30 * time.Second
	noLimit     = -1
)

// routes is every route, in the order of openapi.yaml.
func (s *Server) routes() []route {
	return []route{
		{method: "GET", path: "/healthz", handler: s.health},
		{method: "GET", path: "/readyz", handler: s.ready},
		{method: "GET", path: "/metrics", handler: s.metrics.handler},
		{method: "GET", path: "/api/openapi.yaml", handler: s.openapi},

		{method: "GET", path: "/api/v1/node", handler: s.node},
		{method: "POST", path: "/api/v1/parse", handler: s.parse},
		{method: "POST", path: "/api/v1/decode", handler: s.decode, body: pictureMost, time: time.Minute},

		{method: "POST", path: "/api/v1/readings", handler: s.takeReading},
		{method: "POST", path: "/api/v1/readings/picture", handler: s.takePicture, body: pictureMost + bodyMost, time: time.Minute},
		{method: "GET", path: "/api/v1/readings", handler: s.listReadings, query: "limit cursor"},

		{method: "GET", path: "/api/v1/theatre", handler: s.theatre},
		{method: "GET", path: "/api/v1/theatre/events", handler: s.events, time: noLimit},
		{method: "POST", path: "/api/v1/theatre/open", handler: s.openAtDesk},
		{method: "POST", path: "/api/v1/theatre/close", handler: s.closeAtDesk},
		{method: "POST", path: "/api/v1/theatre/forget", handler: s.forgetAtDesk},
		{method: "POST", path: "/api/v1/theatre/side", handler: s.setSideAtDesk},

		{method: "POST", path: "/api/v1/patients", handler: s.registerPatient},
		{method: "POST", path: "/api/v1/patients/search", handler: s.searchPatients},
		{method: "GET", path: "/api/v1/patients/:id", handler: s.patient},

		{method: "POST", path: "/api/v1/procedures", handler: s.openProcedure},
		{method: "GET", path: "/api/v1/procedures", handler: s.listProcedures, query: "limit cursor patient from to open"},
		{method: "GET", path: "/api/v1/procedures/:id", handler: s.procedure},
		{method: "GET", path: "/api/v1/procedures/:id/plan", handler: s.plan},
		{method: "POST", path: "/api/v1/procedures/:id/plan", handler: s.setPlan},
		{method: "POST", path: "/api/v1/procedures/:id/close", handler: s.closeProcedure},

		{method: "POST", path: "/api/v1/usages", handler: s.recordUsage},
		{method: "GET", path: "/api/v1/usages", handler: s.listUsages, query: "limit cursor di lot serial lot_from lot_to serial_from serial_to expiry_from expiry_to manufactured_from manufactured_to procedure patient gln place badge person status from to"},
		{method: "GET", path: "/api/v1/usages/:id", handler: s.usage},
		{method: "POST", path: "/api/v1/usages/:id/outcome", handler: s.setOutcome},
		{method: "POST", path: "/api/v1/usages/:id/join", handler: s.joinUsages},

		{method: "POST", path: "/api/v1/products", handler: s.recordProduct},
		{method: "GET", path: "/api/v1/products", handler: s.listProducts, query: "limit cursor"},
		{method: "GET", path: "/api/v1/products/:di", handler: s.product},

		{method: "GET", path: "/api/v1/checks", handler: s.checks},
		{method: "POST", path: "/api/v1/checks", handler: s.setCheck},
		{method: "GET", path: "/api/v1/checks/counts", handler: s.checkCounts, query: "from to"},
		{method: "GET", path: "/api/v1/quarantines", handler: s.quarantines},
		{method: "POST", path: "/api/v1/quarantines", handler: s.quarantine},
		{method: "POST", path: "/api/v1/quarantines/list", handler: s.quarantineList, query: "id"},
		{method: "POST", path: "/api/v1/quarantines/:id/release", handler: s.release},

		{method: "POST", path: "/api/v1/corrections", handler: s.correct},
		{method: "POST", path: "/api/v1/recalls/search", handler: s.searchRecall, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/recalls/matches", handler: s.matchNotice, body: noticeMost, time: noLimit},
		{method: "GET", path: "/api/v1/recalls/notice.schema.json", handler: s.noticeSchema},
		{method: "POST", path: "/api/v1/recalls/numbers", handler: s.readNumbers, body: sheet.BytesMost, time: time.Minute, query: "of"},
		{method: "POST", path: "/api/v1/recalls/propose", handler: s.propose, body: 2 * bodyMost},

		{method: "POST", path: "/api/v1/notices", handler: s.saveNotice, body: noticeMost, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/notices", handler: s.listNotices},
		{method: "GET", path: "/api/v1/notices/:id", handler: s.notice},
		{method: "POST", path: "/api/v1/notices/:id/amend", handler: s.amendNotice, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/state", handler: s.setNoticeState, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/answers", handler: s.answerAction},
		{method: "POST", path: "/api/v1/notices/:id/attachments", handler: s.attach, body: casework.AttachmentMost + bodyMost, form: true},
		{method: "GET", path: "/api/v1/notices/:id/attachments/:attachment", handler: s.attachment},
		{method: "GET", path: "/api/v1/notices/:id/board", handler: s.noticeBoard, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/cases", handler: s.openCases, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/notices/:id/cases/:case", handler: s.noticeCase},
		{method: "POST", path: "/api/v1/notices/:id/cases/change", handler: s.changeCases},
		{method: "POST", path: "/api/v1/notices/:id/cases/undo", handler: s.undoCases},

		{method: "GET", path: "/api/v1/exports/iso16054.csv", handler: s.exportISO16054, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/fhir.json", handler: s.exportFHIR, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/catalogue.csv", handler: s.exportCatalogue, time: noLimit},
		{method: "POST", path: "/api/v1/catalogue/imports", handler: s.importCatalogue, body: importMost, time: noLimit, query: "source implantable"},
		{method: "POST", path: "/api/v1/imports", handler: s.importHistory, body: importMost, time: noLimit, query: "source"},

		{method: "GET", path: "/api/v1/approval", handler: s.approval},
		{method: "POST", path: "/api/v1/approval", handler: s.approve},
		{method: "GET", path: "/api/v1/scanners", handler: s.scanners},
		{method: "GET", path: "/api/v1/journal", handler: s.journal},
		{method: "GET", path: "/api/v1/journal/checkpoint", handler: s.checkpoint, query: "log"},
		{method: "GET", path: "/api/v1/journal/proofs/inclusion", handler: s.proveInclusion, query: "log seq entry part size"},
		{method: "GET", path: "/api/v1/journal/proofs/consistency", handler: s.proveConsistency, query: "log from to"},

		{method: "GET", path: "/api/v1/operator/backup", handler: s.backup, time: noLimit, operator: true},
		{method: "GET", path: "/api/v1/operator/recovery", handler: s.recovery, operator: true},
		{method: "POST", path: "/api/v1/operator/recovery", handler: s.addRecovery, operator: true},
		{method: "POST", path: "/api/v1/operator/recovery/remove", handler: s.removeRecovery, operator: true},
		{method: "POST", path: "/api/v1/operator/checkpoints", handler: s.sendCheckpoints, time: time.Minute, operator: true},
		{method: "POST", path: "/api/v1/operator/keys/rotate", handler: s.rotateKeys, time: noLimit, operator: true},
		{method: "POST", path: "/api/v1/operator/keys/rotate-lookup", handler: s.rotateLookup, operator: true},
		{method: "POST", path: "/api/v1/operator/erase", handler: s.erase, time: noLimit, operator: true},
		{method: "POST", path: "/api/v1/operator/verify", handler: s.verify, body: importMost, time: noLimit, operator: true},

		{method: "GET", path: "/", handler: s.pageHome},
		{method: "GET", path: "/theatre", handler: s.pageTheatre},
		{method: "GET", path: "/theatre/board", handler: s.pageBoard},
		{method: "POST", path: "/theatre/open", handler: s.formOpen, form: true},
		{method: "POST", path: "/theatre/close", handler: s.formClose, form: true},
		{method: "POST", path: "/theatre/forget", handler: s.formForget},
		{method: "POST", path: "/theatre/side", handler: s.formSide, form: true},
		{method: "POST", path: "/theatre/usages/:id/outcome", handler: s.formOutcome, form: true},
		{method: "POST", path: "/theatre/usages/:id/withdraw", handler: s.formWithdraw, form: true},
		{method: "POST", path: "/theatre/usages/:id/join", handler: s.formJoin, form: true},
		{method: "GET", path: "/recall", handler: s.pageRecall},
		{method: "POST", path: "/recall", handler: s.formRecall, form: true},
		{method: "GET", path: "/notices", handler: s.pageNotices, time: 2 * time.Minute},
		{method: "GET", path: "/notices/new", handler: s.pageNewNotice},
		{method: "POST", path: "/notices/new", handler: s.formNewNotice, form: true, body: noticeMost, time: 2 * time.Minute},
		{method: "GET", path: "/notices/:id", handler: s.pageNotice, time: 2 * time.Minute},
		{method: "POST", path: "/notices/:id", handler: s.formNoticeStep, form: true, body: casework.AttachmentMost + bodyMost, time: 2 * time.Minute},
		{method: "GET", path: "/notices/:id/amend", handler: s.pageAmendNotice},
		{method: "POST", path: "/notices/:id/amend", handler: s.formAmendNotice, form: true, body: noticeMost, time: 2 * time.Minute},
		{method: "GET", path: "/notices/:id/cases/:case", handler: s.pageCase},
		{method: "POST", path: "/notices/:id/cases/:case", handler: s.formCase, form: true},
		{method: "GET", path: "/patients", handler: s.pagePatients},
		{method: "POST", path: "/patients", handler: s.formPatients, form: true},
		{method: "GET", path: "/patients/:id", handler: s.pagePatient},
		{method: "GET", path: "/procedures/:id", handler: s.pageProcedure},
		{method: "GET", path: "/import", handler: s.pageImport},
		{method: "POST", path: "/import", handler: s.formImport, body: importMost, time: noLimit},
		{method: "GET", path: "/checks", handler: s.pageChecks},
		{method: "POST", path: "/checks", handler: s.formCheck, form: true},
		{method: "GET", path: "/quarantine", handler: s.pageQuarantine},
		{method: "POST", path: "/quarantine", handler: s.formQuarantine, form: true},
		{method: "POST", path: "/quarantine/:id/release", handler: s.formRelease, form: true},
		{method: "GET", path: "/safety", handler: s.pageSafety},
		{method: "POST", path: "/safety", handler: s.formSafety, form: true},
		{method: "GET", path: "/api/docs", handler: s.pageDocs},
		{method: "GET", path: "/assets/*", handler: s.assets},
	}
}
