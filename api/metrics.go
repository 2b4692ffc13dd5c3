package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are for Prometheus. None carries anything of a patient.
type metrics struct {
	requests *prometheus.HistogramVec
	handler  echo.HandlerFunc
}

func newMetrics(reg *prometheus.Registry, s *Server) *metrics {
	m := &metrics{requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "implantrace_http_request_seconds", Help: "Time to answer a request, by route and status.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	}, []string{"method", "route", "status"})}
	reg.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), state{s})
	m.handler = echo.WrapHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return m
}

// measure counts every request and writes its line in the log: method, route
// (not address), status and time; nothing of what was sent or answered.
func (s *Server) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		route := c.Path()
		if route == "" {
			route = "none"
		}
		status, method := c.Response().Status, methodOf(c.Request())
		s.metrics.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
		if route != "/healthz" && route != "/api/v1/me" && route != "/assets/*" {
			s.Log.Info("request", "method", method, "route", route, "status", status, "ms", float64(took.Microseconds())/1000, "bytes", c.Response().Size)
		}
		return nil
	}
}

// methodOf is a request's method, or "other": anybody may invent one, and each
// would be a series of its own.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// state tells Prometheus what the node holds at the moment of asking.
type state struct{ server *Server }

var (
	entriesDesc    = prometheus.NewDesc("implantrace_journal_entries", "Entries in a node's log.", []string{"node"}, nil)
	sizeDesc       = prometheus.NewDesc("implantrace_store_bytes", "Size of the store.", nil, nil)
	waitingDesc    = prometheus.NewDesc("implantrace_readings_waiting", "Readings that are not recorded yet.", nil, nil)
	readingsDesc   = prometheus.NewDesc("implantrace_scanner_readings_total", "Readings from a handheld.", []string{"scanner"}, nil)
	cutDesc        = prometheus.NewDesc("implantrace_scanner_cut_off_total", "Readings that an unplugged handheld cut off.", []string{"scanner"}, nil)
	noiseDesc      = prometheus.NewDesc("implantrace_scanner_overlong_total", "Texts without an end that were dropped.", []string{"scanner"}, nil)
	leftDesc       = prometheus.NewDesc("implantrace_checkpoint_age_seconds", "Since a checkpoint last reached a place outside the machine.", []string{"to"}, nil)
	behindDesc     = prometheus.NewDesc("implantrace_checkpoint_behind_entries", "Entries that no checkpoint at that place stands for.", []string{"to"}, nil)
	backupDesc     = prometheus.NewDesc("implantrace_scheduled_backup_timestamp_seconds", "When the newest scheduled backup was made.", nil, nil)
	backupOKDesc   = prometheus.NewDesc("implantrace_scheduled_backup_succeeded", "1 when the last attempt was made and proved.", nil, nil)
	copiedDesc     = prometheus.NewDesc("implantrace_second_copy_entries", "Entries in the second copy.", nil, nil)
	copyBehindDesc = prometheus.NewDesc("implantrace_second_copy_behind_entries", "Entries that are not in the second copy yet.", nil, nil)
	lateDesc       = prometheus.NewDesc("implantrace_second_copy_behind_seconds", "Since when the second copy has been behind; 0 when it is up to date.", nil, nil)
	copyUpDesc     = prometheus.NewDesc("implantrace_second_copy_reached", "1 when the second copy can be written.", nil, nil)
	unmarkedDesc   = prometheus.NewDesc("implantrace_scanner_unmarked_total", "Readings without the prefix or suffix set for a handheld.", []string{"scanner"}, nil)
	replugDesc     = prometheus.NewDesc("implantrace_scanner_reconnects_total", "Times a handheld was connected again.", []string{"scanner"}, nil)
	signalDesc     = prometheus.NewDesc("implantrace_scanner_signals_total", "Verdicts sent back to a handheld.", []string{"scanner"}, nil)
	upDesc         = prometheus.NewDesc("implantrace_scanner_connected", "1 when a handheld is connected.", []string{"scanner"}, nil)
)

// Describe is prometheus.Collector's.
func (m state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{entriesDesc, sizeDesc, waitingDesc, readingsDesc, cutDesc, noiseDesc, unmarkedDesc, replugDesc, signalDesc, upDesc, leftDesc, behindDesc, copiedDesc, copyBehindDesc, lateDesc, copyUpDesc, backupDesc, backupOKDesc} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (m state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	s := m.server
	if nodes, err := s.store.Coverage(context.Background()); err == nil {
		for _, n := range nodes {
			gauge(entriesDesc, float64(n.Entries), n.Node.String())
		}
	}
	if s.Maintenance != nil {
		gauge(sizeDesc, float64(s.Maintenance.Size()))
	}
	if s.ScheduledBackup != nil {
		if b := s.ScheduledBackup(); b != nil {
			if !b.Last.IsZero() {
				gauge(backupDesc, float64(b.Last.Unix()))
			}
			succeeded := 1.0
			if b.Fault != "" {
				succeeded = 0
			}
			gauge(backupOKDesc, succeeded)
		}
	}
	if c := s.secondCopy(); c != nil {
		gauge(copiedDesc, float64(c.Entries))
		gauge(copyBehindDesc, float64(c.Behind))
		gauge(lateDesc, c.BehindSeconds)
		reached := 1.0
		if c.Fault != "" {
			reached = 0
		}
		gauge(copyUpDesc, reached)
	}
	gauge(waitingDesc, float64(s.Floor.Waiting()))
	for _, d := range s.departures(context.Background()) {
		if d.Age != nil {
			gauge(leftDesc, *d.Age, d.To)
		}
		gauge(behindDesc, float64(d.Behind), d.To)
	}
	for _, sc := range s.Scanners() {
		count(readingsDesc, sc.Readings, sc.Name)
		count(cutDesc, sc.CutOff, sc.Name)
		count(noiseDesc, sc.Overlong, sc.Name)
		count(unmarkedDesc, sc.Unmarked, sc.Name)
		count(replugDesc, sc.Reconnects, sc.Name)
		count(signalDesc, sc.Signals, sc.Name)
		up := 0.0
		if sc.Connected {
			up = 1
		}
		gauge(upDesc, up, sc.Name)
	}
}

var _ http.Handler = (*Server)(nil)
