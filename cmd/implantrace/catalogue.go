package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"implantrace/internal/app"
	"implantrace/internal/catalogue"
)

func catalogueCommand() subcommand {
	return subcommand{
		name: "catalogue", args: "import --source NAME FILE | export [--out FILE]", summary: "bring products in, or give them out",
		help: `
import brings in what makers and registers say of products: a CSV whose columns are those of the export (di, maker, brand,
catalogue_no, description, kind, side, head_diameter...), or FDA's AccessGUDID delimited release, as its ZIP file or as a
folder of its files. A row that the record has as it is changes nothing, so an import that broke off is started again.
Every refused row is printed with its line and its reason. GUDID says neither the side nor the role of a component:
a second CSV, under another source, or a person on the catalogue page says those. Which authority's database lists a device
(--authority; of an AccessGUDID release it is the FDA's) is told in FHIR as the jurisdiction of its UDI.

export writes every product as people and catalogues have it together.

Exit code 1 when a row was refused; all others are recorded.

Examples:
  implantrace catalogue import --source AccessGUDID --implantable AccessGUDID_Delimited_Full_Release_20260301.zip
  implantrace catalogue import --source "orthopaedic store" joints.csv
  implantrace catalogue import --source EUDAMED --authority eu-ec extract.csv
  implantrace catalogue export --out catalogue.csv`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			source := fs.String("source", "", "`NAME` of the catalogue, the same each time")
			authority := fs.String("authority", "", "of a CSV out of a database of UDIs, `WHOSE` it is: fda (GUDID) or eu-ec (EUDAMED)")
			only := fs.Bool("implantable", false, "of a release, only what its GMDN term calls implantable")
			out := fs.String("out", "", "`FILE` to write (default: standard output)")
			return func(ctx context.Context, s streams, args []string) error {
				switch {
				case len(args) == 2 && args[0] == "import":
					if *source == "" {
						return usagef("name the catalogue with --source")
					}
					return importCatalogue(ctx, c, s, args[1], url.Values{"source": {*source}, "implantable": {fmt.Sprint(*only)}, "authority": {*authority}})
				case len(args) == 1 && args[0] == "export":
					use, _ := into(*out, s.out)
					return ask(ctx, c, "GET", "/api/v1/exports/catalogue.csv", "", nil, use)
				}
				return usagef("say import and a file, or export")
			}
		},
	}
}

// importCatalogue sends a file, or a release's folder as a ZIP file, and prints
// what comes back.
func importCatalogue(ctx context.Context, c *app.Config, s streams, path string, q url.Values) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	var body io.ReadCloser
	kind := "application/zip"
	switch {
	case info.IsDir():
		if !catalogue.IsGUDID(os.DirFS(path)) {
			return fmt.Errorf("there is no device.txt in %s: it is no AccessGUDID release", path)
		}
		body = zipped(path)
	default:
		if !strings.EqualFold(filepath.Ext(path), ".zip") {
			kind = "text/csv"
		}
		if body, err = os.Open(path); err != nil {
			return err
		}
	}
	defer body.Close()
	refused := 0
	err = ask(ctx, c, "POST", "/api/v1/catalogue/imports?"+q.Encode(), kind, body, func(r io.Reader) error {
		for d := json.NewDecoder(r); ; {
			var l struct {
				Progress *catalogue.Report
				Report   *catalogue.Report
				Refusals []catalogue.Refusal
				Problem  *app.Problem
			}
			err := d.Decode(&l)
			switch {
			case errors.Is(err, io.EOF):
				return errors.New("the node broke off before the end. What was recorded stays: start the import again")
			case err != nil:
				return fmt.Errorf("the node broke off before the end (%w). What was recorded stays: start the import again", err)
			case l.Problem != nil:
				return l.Problem
			case l.Progress != nil:
				fmt.Fprintf(s.err, "%d rows, %.0f a second\n", l.Progress.Rows, float64(l.Progress.Rows)/max(l.Progress.Seconds, 0.001))
				continue
			}
			for _, r := range l.Refusals {
				fmt.Fprintf(s.err, "refused, line %d: %s: %s\n", r.Line, r.DI, r.Reason)
			}
			if more := l.Report.Refused - len(l.Refusals); more > 0 {
				fmt.Fprintf(s.err, "and %d more refused rows\n", more)
			}
			fmt.Fprintf(s.out, "%d rows: %d recorded, %d there already, %d refused; %.1f seconds.\n", l.Report.Rows, l.Report.Recorded, l.Report.Unchanged, l.Report.Refused, l.Report.Seconds)
			if l.Report.Judged > 0 {
				fmt.Fprintf(s.out, "%d devices of the record were checked again; the verdict of %d is worse than it was.\n", l.Report.Judged, l.Report.Worse)
			}
			refused = l.Report.Refused
			return nil
		}
	})
	if err == nil && refused > 0 {
		err = errNegative
	}
	return err
}

// zipped gives the text files of a folder as a ZIP file, as it is read.
func zipped(folder string) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		z := zip.NewWriter(w)
		err := z.AddFS(os.DirFS(folder))
		w.CloseWithError(errors.Join(err, z.Close()))
	}()
	return r
}
