package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
	"implantrace/scanner"
)

// health: the process answers.
func (s *Server) health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

type readiness struct {
	Status          string            `json:"status"` // ready, or not-ready
	Faults          []string          `json:"faults"`
	Warnings        []string          `json:"warnings"`    // the node works, and somebody should see to these
	Checkpoints     []trace.Departure `json:"checkpoints"` // how signed checkpoints leave the machine
	SecondCopy      *SecondCopy       `json:"second_copy,omitempty"`
	ScheduledBackup *ScheduledBackup  `json:"scheduled_backup,omitempty"`
	Assets          bool              `json:"assets"` // the pages' assets are built in
	Serial          bool              `json:"serial"` // handhelds are supported in this build
	Engine          bool              `json:"engine"` // zxing-cpp is built in; without it gozxing reads pictures alone
}

// ready: the node can record.
func (s *Server) ready(c echo.Context) error {
	_, engine := scanner.EngineVersion()
	r := readiness{Engine: engine, Status: "ready", Faults: []string{}, Warnings: []string{}, Checkpoints: s.departures(c.Request().Context()), Assets: s.pages.whole, Serial: serialSupported}
	if s.Ready != nil {
		r.Faults = append(r.Faults, s.Ready(c.Request().Context())...)
	}
	if s.Warnings != nil {
		r.Warnings = append(r.Warnings, s.Warnings(c.Request().Context())...)
	}
	r.SecondCopy = s.secondCopy()
	if s.ScheduledBackup != nil {
		r.ScheduledBackup = s.ScheduledBackup()
	}
	if _, err := s.store.Coverage(c.Request().Context()); err != nil {
		r.Faults = append(r.Faults, "the store cannot be read")
	}
	if len(r.Faults) > 0 {
		r.Status = "not-ready"
		return c.JSON(http.StatusServiceUnavailable, r)
	}
	return c.JSON(http.StatusOK, r)
}

type nodeAnswer struct {
	Node     trace.NodeID         `json:"node"`
	Name     string               `json:"name"`
	Version  string               `json:"version"`
	Coverage []trace.NodeCoverage `json:"coverage"`
}

func (s *Server) node(c echo.Context) error {
	nodes, err := s.store.Coverage(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, nodeAnswer{s.store.Node(), s.NodeName, s.Version, list(nodes)})
}

func (s *Server) scanners(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"supported": serialSupported, "items": list(s.Scanners())})
}

// list is never null in JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
