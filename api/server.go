package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"implantrace/internal/card"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/delivery"
	"implantrace/internal/practice"
	"implantrace/internal/registry"
	"implantrace/internal/sheet"
	"implantrace/internal/staff"
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
	Floor       *theatre.Floor // every workstation
	Maintenance Maintenance
	Prover      trace.Prover
	// Departures say how checkpoints leave the machine; nil: they do not.
	Departures func(context.Context) []trace.Departure
	// SendCheckpoints lets them leave at once, and waits for it.
	SendCheckpoints func(context.Context) error
	Operator        Operator
	// Staff says who people are. Without it NoSignIn has to say that nobody is
	// asked, and whoever reaches the node may do everything.
	Staff    *staff.Office
	NoSignIn bool
	Office   *casework.Office // nil: one of its own over Recorder
	Runs     *registry.Runs   // nil: one of its own over Recorder
	// Schedules say how the exports do that are made at intervals; nil: there are none.
	Schedules    func() []delivery.State
	Drill        bool             // a copy of the record for drills: it is marked, and no care is recorded
	Practice     []practice.Sheet // what people practise with: every page is marked, and nothing leaves; nil: this is no practice
	NodeName     string
	KeepPictures bool             // photographs of labels are kept with their procedures, sealed
	Hospital     card.Institution // stands on what patients are given; empty: it does not
	// AnswersTo reports whether a host that a browser asked for is this node,
	// beside the names that every machine has for itself; nil: none is.
	AnswersTo func(host string) bool
	Version   string
	Log       *slog.Logger
	Workers   *scanner.Workers             // bound the pictures that are decoded at once
	Scanners  func() []scanner.SerialState // nil: none
	// Recordings are of what handhelds sent; nil: none are kept.
	Recordings Recordings
	Limits     Limits // on requests from one address and of one sign-in
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
	Desk     *theatre.Desk // the node's own
	machines *machines
	store    trace.Store
	echo     *echo.Echo
	pages    *pages
	docs     docs
	metrics  *metrics
	limiter  *limiter
	// fhirPages are the next pages of searches of /fhir/R4.
	fhirPages   *kept[fhirWaiting]
	fhirExports *kept[fhirExport] // that were asked for
	stop        context.Context   // done when the node shuts down: event streams end
	end         context.CancelFunc
}

// New makes a server. The error is in the templates or openapi.yaml, which are
// part of the program.
func New(o Options) (*Server, error) {
	if (o.Staff == nil) != o.NoSignIn {
		return nil, errors.New("api: either somebody says who people are, or it is said that nobody is asked")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Office == nil {
		o.Office = &casework.Office{Recorder: o.Recorder}
	}
	if o.Runs == nil {
		o.Runs = registry.NewRuns(o.Recorder)
	}
	if o.Scanners == nil {
		o.Scanners = func() []scanner.SerialState { return nil }
	}
	machines := new(machines)
	if o.Staff != nil {
		o.Floor.Operated(machines.operator(o.Staff))
	}
	s := &Server{Options: o, Desk: o.Floor.Main(), machines: machines, store: o.Recorder.Store, echo: echo.New(), limiter: newLimiter(o.Limits), fhirPages: newKept[fhirWaiting](fhirPagesMost), fhirExports: newKept[fhirExport](fhirExportMost)}
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
	e.Use(s.measure, contained, s.secured, s.sharedOut)
	for _, r := range s.routes() {
		if !staff.Known(r.may) {
			return nil, fmt.Errorf("api: %s %s stands under no line of the table of permissions (internal/staff): give its row a may", r.method, r.path)
		}
		r.handler = s.onlyPractised(r, s.onlyDrilled(r, r.handler))
		e.Add(r.method, r.path, s.limited(r))
	}
	return s, nil
}

// ServeHTTP is http.Handler's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Shutdown ends the event streams, which would otherwise outlast every other
// request, and the run of an export that is being made.
func (s *Server) Shutdown() {
	s.end()
	s.Runs.Close()
}

// route is one line of the table of routes.
type route struct {
	method, path string
	may          staff.Permission // who it is for: a line of the table of permissions
	audit        string           // what the audit says of whoever gets an answer, where its line of the table does not say so already (audited)
	handler      echo.HandlerFunc
	body         int64         // bytes a request may have; 0: 1 MiB
	time         time.Duration // a request may take; 0: 30 seconds; negative: no limit
	query        string        // the names its query may have; asked of /api/v1 only
	form         bool          // its body is a form, and read before the handler
	streamed     bool          // its body is a form that the handler reads as it comes, and asks for its token (proved)
}

// audited is what the audit says of whoever gets a route's answer; "" where the
// answer shows no patient.
func (r route) audited() string {
	switch {
	case r.audit != "":
		return r.audit
	case r.may == staff.ReadRecord:
		return staff.AuditSeen
	case r.may == staff.ExportRecord:
		return staff.AuditExported
	case (r.may == staff.FindPatients || r.may == staff.FindDevices) && r.method != http.MethodGet:
		return staff.AuditFound
	}
	return ""
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
		{method: "GET", path: "/healthz", may: staff.Anyone, handler: s.health},
		{method: "GET", path: "/readyz", may: staff.Anyone, handler: s.ready},
		{method: "GET", path: "/metrics", may: staff.ReadJournal, handler: s.metrics.handler},
		{method: "GET", path: "/api/openapi.yaml", may: staff.Anyone, handler: s.openapi},

		{method: "GET", path: "/api/v1/node", may: staff.SignedIn, handler: s.node},
		{method: "POST", path: "/api/v1/parse", may: staff.Scan, handler: s.parse},
		{method: "POST", path: "/api/v1/decode", may: staff.Scan, handler: s.decode, body: pictureMost, time: time.Minute},

		{method: "POST", path: "/api/v1/readings", may: staff.Scan, handler: s.takeReading},
		{method: "POST", path: "/api/v1/readings/picture", may: staff.Scan, handler: s.takePicture, body: pictureMost + bodyMost, time: time.Minute},
		{method: "POST", path: "/api/v1/theatre/typed", may: staff.Scan, handler: s.takeTyped},
		{method: "POST", path: "/api/v1/theatre/typed/check", may: staff.Scan, handler: s.checkTyped},
		{method: "GET", path: "/api/v1/readings", may: staff.ReadRecord, handler: s.listReadings, query: "limit cursor"},

		{method: "GET", path: "/api/v1/theatre", may: staff.Scan, handler: s.theatre},
		{method: "GET", path: "/api/v1/theatre/events", may: staff.Scan, handler: s.events, time: noLimit},
		{method: "POST", path: "/api/v1/theatre/open", may: staff.UseDesk, handler: s.openAtDesk},
		{method: "POST", path: "/api/v1/theatre/close", may: staff.UseDesk, handler: s.closeAtDesk},
		{method: "POST", path: "/api/v1/theatre/unknown", may: staff.UseDesk, handler: s.unknownAtDesk},
		{method: "POST", path: "/api/v1/theatre/forget", may: staff.UseDesk, handler: s.forgetAtDesk},
		{method: "POST", path: "/api/v1/theatre/side", may: staff.UseDesk, handler: s.setSideAtDesk},
		{method: "POST", path: "/api/v1/theatre/reply", may: staff.UseDesk, handler: s.replyAtDesk},
		{method: "POST", path: "/api/v1/theatre/undo", may: staff.UseDesk, handler: s.undoAtDesk},
		{method: "POST", path: "/api/v1/theatre/pieces", may: staff.UseDesk, handler: s.piecesAtDesk},
		{method: "POST", path: "/api/v1/theatre/put-back", may: staff.UseDesk, handler: s.putBackAtDesk},
		{method: "POST", path: "/api/v1/theatre/set", may: staff.UseDesk, handler: s.setAtDesk},
		{method: "POST", path: "/api/v1/theatre/set/show", may: staff.UseDesk, handler: s.showSetAtDesk},
		{method: "POST", path: "/api/v1/theatre/take-up", may: staff.UseDesk, handler: s.takeUp},
		{method: "POST", path: "/api/v1/theatre/leave", may: staff.UseDesk, handler: s.leave},
		{method: "GET", path: "/api/v1/theatre/workstations", may: staff.Scan, handler: s.workstations},
		{method: "POST", path: "/api/v1/theatre/workstations", may: staff.UseDesk, handler: s.makeWorkstation},
		{method: "POST", path: "/api/v1/theatre/workstations/close", may: staff.UseDesk, handler: s.closeWorkstation},

		{method: "POST", path: "/api/v1/patients", may: staff.WriteRecord, handler: s.registerPatient},
		{method: "POST", path: "/api/v1/patients/search", may: staff.FindPatients, handler: s.searchPatients},
		{method: "GET", path: "/api/v1/patients/:id", may: staff.ReadRecord, handler: s.patient},

		{method: "POST", path: "/api/v1/procedures", may: staff.WriteRecord, handler: s.openProcedure},
		{method: "GET", path: "/api/v1/links", may: staff.ReadRecord, handler: s.listLinks, query: "patient"},
		{method: "POST", path: "/api/v1/links", may: staff.WriteRecord, handler: s.linkPatients},
		{method: "POST", path: "/api/v1/links/compare", may: staff.FindPatients, handler: s.comparePatients},
		{method: "POST", path: "/api/v1/links/:id/withdraw", may: staff.WriteRecord, handler: s.unlinkPatients},
		{method: "GET", path: "/api/v1/procedures", may: staff.ReadRecord, handler: s.listProcedures, query: "limit cursor patient from to open"},
		{method: "GET", path: "/api/v1/procedures/:id", may: staff.ReadRecord, handler: s.procedure},
		{method: "GET", path: "/api/v1/procedures/:id/photographs", may: staff.ReadRecord, handler: s.listPhotographs},
		{method: "GET", path: "/api/v1/procedures/:id/photographs/:photograph", may: staff.ReadRecord, handler: s.photograph},
		{method: "GET", path: "/api/v1/procedures/:id/plan", may: staff.ReadRecord, handler: s.plan},
		{method: "POST", path: "/api/v1/procedures/:id/plan", may: staff.WriteRecord, handler: s.setPlan},
		{method: "GET", path: "/api/v1/procedures/:id/njr", may: staff.ReadRecord, handler: s.jointQuestions},
		{method: "POST", path: "/api/v1/procedures/:id/njr", may: staff.WriteRecord, handler: s.answerJoint},
		{method: "POST", path: "/api/v1/procedures/:id/plan/confirm", may: staff.WriteRecord, handler: s.confirmPlan},
		{method: "POST", path: "/api/v1/procedures/:id/plan/table", may: staff.WriteRecord, handler: s.planTable, body: sheet.BytesMost, query: "id to_confirm who"},
		{method: "GET", path: "/api/v1/procedures/:id/card.pdf", may: staff.ReadRecord, handler: s.cardPDF, query: "size"},
		{method: "GET", path: "/api/v1/procedures/:id/record.pdf", may: staff.ReadRecord, handler: s.notesPDF},
		{method: "POST", path: "/api/v1/procedures/:id/explants", may: staff.WriteRecord, handler: s.explant},
		{method: "POST", path: "/api/v1/procedures/:id/close", may: staff.WriteRecord, handler: s.closeProcedure},

		{method: "POST", path: "/api/v1/usages", may: staff.WriteRecord, handler: s.recordUsage},
		{method: "GET", path: "/api/v1/usages", may: staff.ReadRecord, handler: s.listUsages, query: "limit cursor di lot serial lot_from lot_to serial_from serial_to expiry_from expiry_to manufactured_from manufactured_to procedure patient gln place badge person status from to"},
		{method: "GET", path: "/api/v1/usages/:id", may: staff.ReadRecord, handler: s.usage},
		{method: "POST", path: "/api/v1/usages/:id/outcome", may: staff.WriteRecord, handler: s.setOutcome},
		{method: "POST", path: "/api/v1/usages/:id/join", may: staff.WriteRecord, handler: s.joinUsages},

		{method: "POST", path: "/api/v1/usages/:id/confirm", may: staff.WriteRecord, handler: s.confirmUsage},
		{method: "POST", path: "/api/v1/usages/:id/supply", may: staff.WriteRecord, handler: s.markSupply},
		{method: "POST", path: "/api/v1/usages/:id/describe", may: staff.WriteRecord, handler: s.describe},

		{method: "POST", path: "/api/v1/products", may: staff.WriteCatalogue, handler: s.recordProduct, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/products", may: staff.SignedIn, handler: s.listProducts, query: "limit cursor"},
		{method: "GET", path: "/api/v1/products/:di", may: staff.SignedIn, handler: s.product},

		{method: "GET", path: "/api/v1/catalogue/search", may: staff.SignedIn, handler: s.searchCatalogue, query: "q after limit"},
		{method: "GET", path: "/api/v1/catalogue/queue", may: staff.SignedIn, handler: s.catalogueQueue, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/catalogue/readiness", may: staff.SignedIn, handler: s.readiness, time: 2 * time.Minute, query: "from"},

		{method: "GET", path: "/api/v1/checks", may: staff.SignedIn, handler: s.checks},
		{method: "POST", path: "/api/v1/checks", may: staff.SetChecks, handler: s.setCheck},
		{method: "GET", path: "/api/v1/checks/counts", may: staff.SignedIn, handler: s.checkCounts, query: "from to"},
		{method: "GET", path: "/api/v1/quarantines", may: staff.SignedIn, handler: s.quarantines},
		{method: "POST", path: "/api/v1/quarantines", may: staff.KeepQuarantine, handler: s.quarantine},
		{method: "POST", path: "/api/v1/quarantines/list", may: staff.KeepQuarantine, handler: s.quarantineList, query: "id"},
		{method: "POST", path: "/api/v1/quarantines/:id/release", may: staff.KeepQuarantine, handler: s.release},

		{method: "GET", path: "/api/v1/directory/staff", may: staff.SignedIn, handler: s.listStaff},
		{method: "POST", path: "/api/v1/directory/staff", may: staff.KeepDirectory, handler: s.setStaff},
		{method: "GET", path: "/api/v1/directory/places", may: staff.SignedIn, handler: s.listPlaces},
		{method: "POST", path: "/api/v1/directory/places", may: staff.KeepDirectory, handler: s.setPlace},
		{method: "GET", path: "/api/v1/directory/codes", may: staff.SignedIn, handler: s.listCodes},
		{method: "POST", path: "/api/v1/directory/codes", may: staff.KeepDirectory, handler: s.setCode},
		{method: "GET", path: "/api/v1/directory/unlisted", may: staff.SignedIn, handler: s.unlisted, query: "from", time: time.Minute},
		{method: "POST", path: "/api/v1/directory/imports", may: staff.KeepDirectory, handler: s.importDirectory, body: sheet.BytesMost, time: 2 * time.Minute, query: "id list"},

		{method: "POST", path: "/api/v1/corrections", may: staff.WriteRecord, handler: s.correct, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/recalls/search", may: staff.FindDevices, handler: s.searchRecall, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/recalls/matches", may: staff.FindDevices, handler: s.matchNotice, body: noticeMost, time: noLimit},
		{method: "GET", path: "/api/v1/recalls/notice.schema.json", may: staff.SignedIn, handler: s.noticeSchema},
		{method: "POST", path: "/api/v1/recalls/numbers", may: staff.FindDevices, handler: s.readNumbers, body: sheet.BytesMost, time: time.Minute, query: "of"},
		{method: "POST", path: "/api/v1/recalls/propose", may: staff.FindDevices, handler: s.propose, body: 2 * bodyMost},

		{method: "POST", path: "/api/v1/notices", may: staff.WorkRecalls, handler: s.saveNotice, body: noticeMost, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/notices", may: staff.WorkRecalls, handler: s.listNotices},
		{method: "GET", path: "/api/v1/notices/:id", may: staff.WorkRecalls, handler: s.notice},
		{method: "POST", path: "/api/v1/notices/carried", may: staff.WorkRecalls, handler: s.takeCarried, body: 2 * noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/amend", may: staff.WorkRecalls, handler: s.amendNotice, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/state", may: staff.WorkRecalls, handler: s.setNoticeState, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/answers", may: staff.WorkRecalls, handler: s.answerAction},
		{method: "POST", path: "/api/v1/notices/:id/attachments", may: staff.WorkRecalls, handler: s.attach, body: casework.AttachmentMost + bodyMost, form: true},
		{method: "GET", path: "/api/v1/notices/:id/attachments/:attachment", may: staff.WorkRecalls, handler: s.attachment},
		{method: "GET", path: "/api/v1/notices/:id/board", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.noticeBoard, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/notices/:id/times", may: staff.WorkRecalls, handler: s.noticeTimes, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/evidence", may: staff.WorkRecalls, audit: staff.AuditExported, handler: s.makeEvidence, time: noLimit},
		{method: "GET", path: "/api/v1/notices/:id/signed", may: staff.WorkRecalls, handler: s.signedNotice},
		{method: "GET", path: "/api/v1/notices/:id/letters", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.checkLetters, time: 2 * time.Minute},
		{method: "POST", path: "/api/v1/notices/:id/letters", may: staff.WorkRecalls, audit: staff.AuditExported, handler: s.makeLetters, time: noLimit},
		{method: "POST", path: "/api/v1/tracings", may: staff.WorkRecalls, handler: s.takeTracing, body: sheet.BytesMost, time: noLimit, query: "id day source"},
		{method: "GET", path: "/api/v1/stock", may: staff.KeepStock, handler: s.stock, query: "limit cursor di"},
		{method: "POST", path: "/api/v1/stock/moves", may: staff.KeepStock, handler: s.moveStock},
		{method: "POST", path: "/api/v1/stock/lists", may: staff.KeepStock, handler: s.listStock, body: sheet.BytesMost, time: noLimit, query: "id move"},
		{method: "GET", path: "/api/v1/sets", may: staff.SignedIn, handler: s.listSets},
		{method: "POST", path: "/api/v1/sets", may: staff.KeepStock, handler: s.recordSet},
		{method: "POST", path: "/api/v1/sets/imports", may: staff.KeepStock, handler: s.importSets, body: sheet.BytesMost, time: 2 * time.Minute, query: "id preview"},
		{method: "GET", path: "/api/v1/sets/:id", may: staff.SignedIn, handler: s.oneSet},
		{method: "POST", path: "/api/v1/notices/:id/cases", may: staff.WorkRecalls, handler: s.openCases, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/notices/:id/cases/:case", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.noticeCase},
		{method: "POST", path: "/api/v1/notices/:id/cases/change", may: staff.WorkRecalls, handler: s.changeCases},
		{method: "POST", path: "/api/v1/notices/:id/cases/undo", may: staff.WorkRecalls, handler: s.undoCases},

		{method: "GET", path: "/api/v1/exports/iso16054.csv", may: staff.ExportRecord, handler: s.exportISO16054, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/fhir.json", may: staff.ExportRecord, handler: s.exportFHIR, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/njr.csv", may: staff.ExportRecord, handler: s.exportJoints, time: noLimit, query: "section procedure from to"},
		{method: "GET", path: "/api/v1/exports/mdor.csv", may: staff.ExportRecord, handler: s.exportMDOR, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/deplcm.csv", may: staff.ExportRecord, handler: s.exportDePLCM, time: noLimit, query: "month"},
		{method: "POST", path: "/api/v1/exports/mapped", may: staff.ExportRecord, handler: s.exportMapped, body: registry.MappingMost, time: noLimit, query: "procedure from to held of"},
		{method: "POST", path: "/api/v1/exports/mapped/preview", may: staff.ExportRecord, handler: s.previewMapped, body: registry.MappingMost, time: noLimit, query: "procedure from to rows"},
		{method: "GET", path: "/api/v1/exports/njr/report", may: staff.ExportRecord, handler: s.reportJoints, time: noLimit, query: "procedure from to"},
		{method: "GET", path: "/api/v1/exports/completeness.csv", may: staff.ExportRecord, handler: s.exportCompleteness, time: noLimit, query: "registry section procedure from to month gln mapping"},
		{method: "POST", path: "/api/v1/exports/runs", may: staff.ExportRecord, handler: s.startRun},
		{method: "GET", path: "/api/v1/exports/runs", may: staff.ExportRecord, handler: s.listRuns, query: "limit"},
		{method: "GET", path: "/api/v1/exports/schedules", may: staff.ExportRecord, handler: s.listSchedules},
		{method: "GET", path: "/api/v1/exports/runs/:run", may: staff.ExportRecord, handler: s.exportRun},
		{method: "GET", path: "/api/v1/exports/runs/:run/file", may: staff.ExportRecord, handler: s.exportRunFile, time: noLimit},
		{method: "GET", path: "/api/v1/exports/runs/:run/report", may: staff.ExportRecord, handler: s.reportRun, time: 2 * time.Minute},
		{method: "GET", path: "/api/v1/exports/runs/:run/report.csv", may: staff.ExportRecord, handler: s.reportRunTable, time: noLimit},
		{method: "POST", path: "/api/v1/exports/runs/:run/cancel", may: staff.ExportRecord, handler: s.cancelRun},
		{method: "POST", path: "/api/v1/exports/runs/:run/answer", may: staff.ExportRecord, handler: s.answerRun},
		{method: "GET", path: "/api/v1/exports/directory.csv", may: staff.SignedIn, handler: s.exportDirectory, time: noLimit, query: "list"},
		{method: "GET", path: "/api/v1/exports/readiness.csv", may: staff.SignedIn, handler: s.exportReadiness, time: 2 * time.Minute, query: "from"},
		{method: "GET", path: "/api/v1/exports/supplied.csv", may: staff.KeepStock, handler: s.exportSupplied, time: 2 * time.Minute, query: "from to"},
		{method: "GET", path: "/api/v1/exports/sets.csv", may: staff.SignedIn, handler: s.exportSets},
		{method: "GET", path: "/api/v1/exports/catalogue.csv", may: staff.SignedIn, handler: s.exportCatalogue, time: noLimit},
		{method: "POST", path: "/api/v1/exports/lfpse", may: staff.ReadRecord, audit: staff.AuditExported, handler: s.draftIncident},
		{method: "POST", path: "/api/v1/catalogue/imports", may: staff.WriteCatalogue, handler: s.importCatalogue, body: importMost, time: noLimit, query: "source implantable authority"},
		{method: "POST", path: "/api/v1/imports/table", may: staff.ImportHistory, handler: s.importTable, form: true, body: sheet.BytesMost + bodyMost, time: noLimit},
		{method: "POST", path: "/api/v1/imports", may: staff.ImportHistory, handler: s.importHistory, body: importMost, time: noLimit, query: "source"},

		{method: "GET", path: "/api/v1/approval", may: staff.SignedIn, handler: s.approval},
		{method: "POST", path: "/api/v1/approval", may: staff.Approve, handler: s.approve},
		{method: "GET", path: "/api/v1/scanners", may: staff.SignedIn, handler: s.scanners},
		{method: "GET", path: "/api/v1/scanners/recordings", may: staff.RecordScanners, handler: s.listRecordings},
		{method: "POST", path: "/api/v1/scanners/recordings", may: staff.RecordScanners, handler: s.startRecording},
		{method: "POST", path: "/api/v1/scanners/recordings/:id/stop", may: staff.RecordScanners, handler: s.stopRecording},
		{method: "GET", path: "/api/v1/scanners/recordings/:id", may: staff.RecordScanners, handler: s.takeRecording, time: noLimit},
		{method: "DELETE", path: "/api/v1/scanners/recordings/:id", may: staff.RecordScanners, handler: s.deleteRecording},
		{method: "GET", path: "/api/v1/journal", may: staff.ReadJournal, handler: s.journal},
		{method: "GET", path: "/api/v1/journal/checkpoint", may: staff.ReadJournal, handler: s.checkpoint, query: "log"},
		{method: "GET", path: "/api/v1/journal/proofs/inclusion", may: staff.ReadJournal, handler: s.proveInclusion, query: "log seq entry part size"},
		{method: "GET", path: "/api/v1/journal/proofs/consistency", may: staff.ReadJournal, handler: s.proveConsistency, query: "log from to"},

		{method: "GET", path: "/api/v1/me", may: staff.Anyone, handler: s.whoAmI},
		{method: "GET", path: "/api/v1/audit", may: staff.ReadAudit, handler: s.listAudit, query: "limit cursor"},
		{method: "GET", path: "/api/v1/exports/audit.csv", may: staff.ReadAudit, handler: s.exportAudit, time: noLimit, query: "from to patient"},

		{method: "GET", path: "/api/v1/operator/backup", may: staff.Operator, handler: s.backup, time: noLimit},
		{method: "GET", path: "/api/v1/operator/recovery", may: staff.Operator, handler: s.recovery},
		{method: "POST", path: "/api/v1/operator/recovery", may: staff.Operator, handler: s.addRecovery},
		{method: "POST", path: "/api/v1/operator/recovery/remove", may: staff.Operator, handler: s.removeRecovery},
		{method: "POST", path: "/api/v1/operator/checkpoints", may: staff.Operator, handler: s.sendCheckpoints, time: time.Minute},
		{method: "POST", path: "/api/v1/operator/keys/rotate", may: staff.Operator, handler: s.rotateKeys, time: noLimit},
		{method: "POST", path: "/api/v1/operator/keys/rotate-lookup", may: staff.Operator, handler: s.rotateLookup},
		{method: "GET", path: "/api/v1/operator/staff", may: staff.Operator, handler: s.operatorStaff},
		{method: "POST", path: "/api/v1/operator/staff", may: staff.Operator, handler: s.operatorHire},
		{method: "POST", path: "/api/v1/operator/staff/code", may: staff.Operator, handler: s.operatorCode},
		{method: "POST", path: "/api/v1/operator/erase", may: staff.Operator, handler: s.erase, time: noLimit},
		{method: "POST", path: "/api/v1/operator/compact", may: staff.Operator, handler: s.compact, time: noLimit},
		{method: "GET", path: "/api/v1/operator/compact", may: staff.Operator, handler: s.compacting},
		{method: "POST", path: "/api/v1/operator/verify", may: staff.Operator, handler: s.verify, body: importMost, time: noLimit},

		{method: "GET", path: "/", may: staff.SignedIn, handler: s.pageHome},
		{method: "GET", path: "/theatre", may: staff.Scan, handler: s.pageTheatre},
		{method: "GET", path: "/theatre/board", may: staff.Scan, handler: s.pageBoard},
		{method: "GET", path: "/downtime", may: staff.Scan, handler: s.pageDowntime},
		{method: "GET", path: "/downtime/enter", may: staff.UseDesk, handler: s.pagePaper},
		{method: "POST", path: "/downtime/enter", may: staff.UseDesk, handler: s.formPaper, form: true},
		{method: "POST", path: "/theatre/open", may: staff.UseDesk, handler: s.formOpen, form: true},
		{method: "POST", path: "/theatre/close", may: staff.UseDesk, handler: s.formClose, form: true},
		{method: "POST", path: "/theatre/unknown", may: staff.UseDesk, handler: s.formUnknown, form: true},
		{method: "POST", path: "/theatre/forget", may: staff.UseDesk, handler: s.formForget},
		{method: "POST", path: "/theatre/side", may: staff.UseDesk, handler: s.formSide, form: true},
		{method: "POST", path: "/theatre/reply", may: staff.UseDesk, handler: s.formReply, form: true},
		{method: "POST", path: "/theatre/explant", may: staff.UseDesk, handler: s.formExplant, form: true},
		{method: "POST", path: "/theatre/undo", may: staff.UseDesk, handler: s.formUndo, form: true},
		{method: "POST", path: "/theatre/usages/:id/pieces", may: staff.UseDesk, handler: s.formPieces, form: true},
		{method: "POST", path: "/theatre/usages/:id/put-back", may: staff.UseDesk, handler: s.formPutBack, form: true},
		{method: "POST", path: "/theatre/take-up", may: staff.UseDesk, handler: s.formTakeUp, form: true},
		{method: "POST", path: "/theatre/leave", may: staff.UseDesk, handler: s.formLeave, form: true},
		{method: "POST", path: "/theatre/set", may: staff.UseDesk, handler: s.formSet, form: true},
		{method: "POST", path: "/theatre/set/show", may: staff.UseDesk, handler: s.formShowSet, form: true},
		{method: "GET", path: "/theatre/actions", may: staff.Scan, handler: s.pageActions},
		{method: "GET", path: "/practice", may: staff.Scan, handler: s.pagePractice},
		{method: "GET", path: "/theatre/workstations", may: staff.Scan, handler: s.pageWorkstations},
		{method: "POST", path: "/theatre/workstations", may: staff.UseDesk, handler: s.formWorkstation, form: true},
		{method: "POST", path: "/theatre/workstations/close", may: staff.UseDesk, handler: s.formCloseWorkstation, form: true},
		{method: "POST", path: "/theatre/usages/:id/outcome", may: staff.UseDesk, handler: s.formOutcome, form: true},
		{method: "POST", path: "/theatre/usages/:id/describe", may: staff.UseDesk, handler: s.formDescribe, form: true},
		{method: "POST", path: "/theatre/usages/:id/supply", may: staff.UseDesk, handler: s.formSupply, form: true},
		{method: "POST", path: "/theatre/usages/:id/confirm", may: staff.UseDesk, handler: s.formConfirm, form: true},
		{method: "POST", path: "/procedures/:id/confirm", may: staff.WriteRecord, handler: s.formConfirmLater, form: true},
		{method: "POST", path: "/theatre/usages/:id/clear", may: staff.UseDesk, handler: s.formClearStop, form: true},
		{method: "POST", path: "/theatre/usages/:id/withdraw", may: staff.UseDesk, handler: s.formWithdraw, form: true},
		{method: "POST", path: "/theatre/usages/:id/join", may: staff.UseDesk, handler: s.formJoin, form: true},
		{method: "GET", path: "/recall", may: staff.FindDevices, handler: s.pageRecall},
		{method: "POST", path: "/recall", may: staff.FindDevices, handler: s.formRecall, form: true},
		{method: "GET", path: "/notices", may: staff.WorkRecalls, handler: s.pageNotices, time: 2 * time.Minute},
		{method: "GET", path: "/notices/new", may: staff.WorkRecalls, handler: s.pageNewNotice},
		{method: "POST", path: "/notices/new", may: staff.WorkRecalls, handler: s.formNewNotice, form: true, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/notices/carried", may: staff.WorkRecalls, handler: s.formCarried, form: true, body: 2 * noticeMost, time: 2 * time.Minute},
		{method: "GET", path: "/notices/:id", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.pageNotice, time: 2 * time.Minute},
		{method: "POST", path: "/notices/:id", may: staff.WorkRecalls, handler: s.formNoticeStep, form: true, body: casework.AttachmentMost + bodyMost, time: 2 * time.Minute},
		{method: "GET", path: "/notices/:id/amend", may: staff.WorkRecalls, handler: s.pageAmendNotice},
		{method: "POST", path: "/notices/:id/amend", may: staff.WorkRecalls, handler: s.formAmendNotice, form: true, body: noticeMost, time: 2 * time.Minute},
		{method: "POST", path: "/notices/:id/evidence", may: staff.WorkRecalls, audit: staff.AuditExported, handler: s.formEvidence, form: true, time: noLimit},
		{method: "GET", path: "/notices/:id/letters", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.pageLetters, time: 2 * time.Minute},
		{method: "POST", path: "/notices/:id/letters", may: staff.WorkRecalls, audit: staff.AuditExported, handler: s.formLetters, form: true, body: sheet.BytesMost + bodyMost, time: noLimit},
		{method: "GET", path: "/notices/:id/cases/:case", may: staff.WorkRecalls, audit: staff.AuditSeen, handler: s.pageCase},
		{method: "POST", path: "/notices/:id/cases/:case", may: staff.WorkRecalls, handler: s.formCase, form: true},
		{method: "GET", path: "/patients", may: staff.FindPatients, handler: s.pagePatients},
		{method: "POST", path: "/patients", may: staff.FindPatients, handler: s.formPatients, form: true},
		{method: "GET", path: "/links", may: staff.ReadRecord, handler: s.pageLinks, query: "a"},
		{method: "POST", path: "/links/compare", may: staff.FindPatients, handler: s.formCompare, form: true},
		{method: "POST", path: "/links", may: staff.WriteRecord, handler: s.formLink, form: true},
		{method: "POST", path: "/links/:id/withdraw", may: staff.WriteRecord, handler: s.formUnlink, form: true},
		{method: "GET", path: "/patients/:id", may: staff.ReadRecord, handler: s.pagePatient},
		{method: "GET", path: "/patients/:id/wristband", may: staff.ReadRecord, handler: s.pageWristband},
		{method: "GET", path: "/procedures/:id", may: staff.ReadRecord, handler: s.pageProcedure},
		{method: "GET", path: "/procedures/:id/correct", may: staff.WriteRecord, handler: s.pageCorrect},
		{method: "POST", path: "/procedures/:id/correct", may: staff.WriteRecord, handler: s.formCorrect, form: true},
		{method: "GET", path: "/procedures/:id/card", may: staff.ReadRecord, handler: s.pageCard},
		{method: "GET", path: "/procedures/:id/njr", may: staff.ReadRecord, handler: s.pageJoint},
		{method: "POST", path: "/procedures/:id/njr", may: staff.WriteRecord, handler: s.formJoint, form: true},
		{method: "GET", path: "/exports/mapped", may: staff.ExportRecord, handler: s.pageMapped},
		{method: "POST", path: "/exports/mapped", may: staff.ExportRecord, handler: s.formMapped, form: true, body: 4 * registry.MappingMost, time: noLimit},
		{method: "GET", path: "/exports", may: staff.ExportRecord, handler: s.pageExports, time: noLimit},
		{method: "POST", path: "/exports/runs", may: staff.ExportRecord, handler: s.formRuns, form: true, time: noLimit},
		{method: "GET", path: "/exports/runs/:run", may: staff.ExportRecord, handler: s.pageRun, time: 2 * time.Minute},
		{method: "POST", path: "/exports/runs/:run", may: staff.ExportRecord, handler: s.formRun, form: true},
		{method: "GET", path: "/procedures/:id/plan", may: staff.ReadRecord, handler: s.pagePlan},
		{method: "POST", path: "/procedures/:id/plan", may: staff.WriteRecord, handler: s.formPlan, form: true, body: sheet.BytesMost + bodyMost},
		{method: "GET", path: "/incident", may: staff.ReadRecord, handler: s.pageIncident},
		{method: "POST", path: "/incident", may: staff.ReadRecord, audit: staff.AuditExported, handler: s.formIncident, form: true},
		{method: "GET", path: "/import", may: staff.ImportHistory, handler: s.pageImport},
		{method: "POST", path: "/import/table", may: staff.ImportHistory, handler: s.formImportTable, form: true, body: sheet.BytesMost + bodyMost, time: noLimit},
		{method: "POST", path: "/import", may: staff.ImportHistory, handler: s.formImport, streamed: true, body: importMost, time: noLimit},
		{method: "GET", path: "/checks", may: staff.SignedIn, handler: s.pageChecks},
		{method: "POST", path: "/checks", may: staff.SetChecks, handler: s.formCheck, form: true},
		{method: "GET", path: "/stock", may: staff.KeepStock, handler: s.pageStock, time: 2 * time.Minute},
		{method: "POST", path: "/stock", may: staff.KeepStock, handler: s.formStock, form: true, body: sheet.BytesMost + bodyMost, time: noLimit},
		{method: "GET", path: "/supplied", may: staff.KeepStock, handler: s.pageSupplied, time: 2 * time.Minute},
		{method: "GET", path: "/sets", may: staff.SignedIn, handler: s.pageSets},
		{method: "POST", path: "/sets", may: staff.KeepStock, handler: s.formSets, form: true, body: sheet.BytesMost + bodyMost, time: 2 * time.Minute},
		{method: "GET", path: "/sets/:id", may: staff.SignedIn, handler: s.pageSet},
		{method: "POST", path: "/sets/:id", may: staff.KeepStock, handler: s.formOneSet, form: true},
		{method: "GET", path: "/sets/:id/sheet", may: staff.SignedIn, handler: s.pageSetSheet},
		{method: "GET", path: "/quarantine", may: staff.SignedIn, handler: s.pageQuarantine},
		{method: "POST", path: "/quarantine", may: staff.KeepQuarantine, handler: s.formQuarantine, form: true},
		{method: "POST", path: "/quarantine/:id/release", may: staff.KeepQuarantine, handler: s.formRelease, form: true},
		{method: "GET", path: "/catalogue", may: staff.SignedIn, handler: s.pageCatalogue, time: time.Minute},
		{method: "GET", path: "/catalogue/queue", may: staff.SignedIn, handler: s.pageCatalogueQueue, time: 2 * time.Minute},
		{method: "GET", path: "/catalogue/readiness", may: staff.SignedIn, handler: s.pageReadiness, time: 2 * time.Minute},
		{method: "GET", path: "/catalogue/:di", may: staff.SignedIn, handler: s.pageProduct},
		{method: "POST", path: "/catalogue/:di", may: staff.WriteCatalogue, handler: s.formProduct, form: true, time: 2 * time.Minute},
		{method: "GET", path: "/directory", may: staff.SignedIn, handler: s.pageDirectory, time: time.Minute},
		{method: "POST", path: "/directory", may: staff.KeepDirectory, handler: s.formDirectory, form: true},
		{method: "POST", path: "/directory/table", may: staff.KeepDirectory, handler: s.formDirectoryTable, form: true, body: sheet.BytesMost + bodyMost, time: 2 * time.Minute},
		{method: "GET", path: "/directory/print", may: staff.SignedIn, handler: s.pageDirectoryPrint},
		{method: "GET", path: "/scanners", may: staff.SignedIn, handler: s.pageScanners},
		{method: "GET", path: "/scanners/notes", may: staff.SignedIn, handler: s.pageScannerNotes},
		{method: "POST", path: "/scanners/recordings", may: staff.RecordScanners, handler: s.formRecord, form: true},
		{method: "POST", path: "/scanners/recordings/:id/stop", may: staff.RecordScanners, handler: s.formStopRecording, form: true},
		{method: "POST", path: "/scanners/recordings/:id/delete", may: staff.RecordScanners, handler: s.formDeleteRecording, form: true},
		{method: "GET", path: "/safety", may: staff.SignedIn, handler: s.pageSafety},
		{method: "POST", path: "/safety", may: staff.Approve, handler: s.formSafety, form: true},
		{method: "GET", path: "/fhir/R4/metadata", may: staff.SignedIn, handler: s.fhirMetadata},
		{method: "GET", path: "/fhir/R4", may: staff.ReadRecord, handler: s.fhirNext},
		{method: "GET", path: "/fhir/R4/$export", may: staff.ExportRecord, handler: s.fhirExportStart},
		{method: "GET", path: "/fhir/R4/Patient/$export", may: staff.ExportRecord, handler: s.fhirExportStart},
		{method: "GET", path: "/fhir/R4/$export-status/:export", may: staff.ExportRecord, handler: s.fhirExportStatus},
		{method: "DELETE", path: "/fhir/R4/$export-status/:export", may: staff.ExportRecord, handler: s.fhirExportEnd},
		{method: "GET", path: "/fhir/R4/$export-file/:export/:type", may: staff.ExportRecord, handler: s.fhirExportFile, time: noLimit},
		{method: "GET", path: "/fhir/R4/AuditEvent", may: staff.ReadAudit, handler: s.fhirAuditNext},
		{method: "POST", path: "/fhir/R4/AuditEvent/_search", may: staff.ReadAudit, handler: s.fhirAuditSearch, form: true},
		{method: "GET", path: "/fhir/R4/AuditEvent/:id", may: staff.ReadAudit, handler: s.fhirAuditRead},
		{method: "GET", path: "/fhir/R4/:type", may: staff.SignedIn, handler: s.fhirByPost},
		{method: "GET", path: "/fhir/R4/Procedure/:id/$document", may: staff.ReadRecord, handler: s.fhirDocument},
		{method: "GET", path: "/fhir/R4/Patient/:id/$document", may: staff.ReadRecord, handler: s.fhirPatientDocument},
		{method: "GET", path: "/fhir/R4/:type/:id", may: staff.ReadRecord, handler: s.fhirRead},
		{method: "POST", path: "/fhir/R4/:type/_search", may: staff.ReadRecord, handler: s.fhirSearch, form: true},
		{method: "GET", path: "/sign-in", may: staff.Anyone, handler: s.pageSignIn},
		{method: "POST", path: "/sign-in", may: staff.Anyone, handler: s.formSignIn, form: true},
		{method: "GET", path: "/sign-in/directory", may: staff.Anyone, handler: s.signOnDepart},
		{method: "GET", path: "/sign-in/directory/back", may: staff.Anyone, handler: s.signOnArrive},
		{method: "GET", path: "/sign-in/first", may: staff.Anyone, handler: s.pageFirst},
		{method: "POST", path: "/sign-in/first", may: staff.Anyone, handler: s.formFirst, form: true},
		{method: "POST", path: "/sign-in/first/code", may: staff.Anyone, handler: s.formFirstCode, form: true},
		{method: "POST", path: "/sign-out", may: staff.SignedIn, handler: s.formSignOut, form: true},
		{method: "POST", path: "/lock", may: staff.SignedIn, handler: s.formLock, form: true},
		{method: "GET", path: "/account", may: staff.SignedIn, handler: s.pageAccount},
		{method: "POST", path: "/account/password", may: staff.SignedIn, handler: s.formPassword, form: true},
		{method: "POST", path: "/account/pin", may: staff.SignedIn, handler: s.formPIN, form: true},
		{method: "POST", path: "/account/sessions/:id/end", may: staff.SignedIn, handler: s.formEndSession, form: true},
		{method: "GET", path: "/break-glass", may: staff.BreakGlass, handler: s.pageGlass},
		{method: "POST", path: "/break-glass", may: staff.BreakGlass, handler: s.formGlass, form: true},
		{method: "GET", path: "/staff", may: staff.KeepAccounts, handler: s.pageStaff},
		{method: "POST", path: "/staff", may: staff.KeepAccounts, handler: s.formHire, form: true},
		{method: "POST", path: "/staff/machines", may: staff.KeepAccounts, handler: s.formMachine, form: true},
		{method: "POST", path: "/staff/sessions/:id/end", may: staff.KeepAccounts, handler: s.formEndAnySession, form: true},
		{method: "POST", path: "/staff/:id", may: staff.KeepAccounts, handler: s.formAccount, form: true},
		{method: "POST", path: "/staff/:id/code", may: staff.KeepAccounts, handler: s.formNewCode, form: true},
		{method: "POST", path: "/staff/:id/dismiss", may: staff.KeepAccounts, handler: s.formDismiss, form: true},
		{method: "GET", path: "/tokens", may: staff.KeepTokens, handler: s.pageTokens},
		{method: "POST", path: "/tokens", may: staff.KeepTokens, handler: s.formToken, form: true},
		{method: "POST", path: "/tokens/:id/revoke", may: staff.KeepTokens, handler: s.formRevokeToken, form: true},
		{method: "GET", path: "/audit", may: staff.ReadAudit, handler: s.pageAudit},
		{method: "POST", path: "/audit/patient", may: staff.ReadAudit, audit: staff.AuditFound, handler: s.formAccess, form: true},
		{method: "GET", path: "/patients/:id/access", may: staff.ReadAudit, handler: s.pageAccess},
		{method: "GET", path: "/api/docs", may: staff.SignedIn, handler: s.pageDocs},
		{method: "GET", path: "/assets/*", may: staff.Anyone, handler: s.assets},
	}
}
