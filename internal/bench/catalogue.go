package bench

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/bolt"
	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Catalogue is what it costs to bring in a release as large as AccessGUDID, killed
// once and gone on with, and to look a product up afterwards.
type Catalogue struct {
	Bench        string  `json:"bench"`
	Products     int     `json:"products"`
	ReleaseBytes int64   `json:"release_bytes"` // the ZIP file
	KilledAt     int     `json:"killed_at_rows"`
	Unchanged    int     `json:"unchanged"` // rows that the second import found in the record
	Recorded     int     `json:"recorded"`  // by the second import
	Refused      int     `json:"refused"`
	Seconds      float64 `json:"import_s"` // both imports together, with the time to sort
	RowsPerS     float64 `json:"rows_per_s"`
	AnonBytes    int64   `json:"import_rss_anon_bytes"` // the most seen, of either
	StoreBytes   int64   `json:"store_bytes"`
	Found
}

// Found is what a process of its own has measured of looking products up.
type Found struct {
	ProductLookups int     `json:"product_lookups"`        // all over the catalogue, each once
	ProductColdUs  float64 `json:"product_cold_median_us"` // for the first time in the process
	ProductUs      float64 `json:"product_median_us"`      // again
	ProductP95Us   float64 `json:"product_p95_us"`
	ProductAnon    int64   `json:"product_rss_anon_bytes"`
}

// imported is what the process of its own that imports prints at its end.
type imported struct {
	Report    catalogue.Report
	AnonBytes int64
}

// Catalogue makes a release of so many invented devices, imports it in a process of
// its own, kills that after a third, imports again, and looks products up.
func (b Bench) Catalogue(ctx context.Context, n, lookups int) (c Catalogue, err error) {
	t, err := b.bed(1)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	c = Catalogue{Bench: "catalogue", Products: n}
	release := filepath.Join(t.dir, "release.zip")
	if err := t.release(release, n); err != nil {
		return c, err
	}
	info, err := os.Stat(release)
	if err != nil {
		return c, err
	}
	c.ReleaseBytes = info.Size()
	if err := t.shut(); err != nil {
		return c, err
	}
	start := time.Now()
	first, killed, err := t.importing(ctx, release, n, n/3)
	if err != nil {
		return c, err
	}
	c.KilledAt, c.AnonBytes = killed, first.AnonBytes
	second, _, err := t.importing(ctx, release, n, 0)
	if err != nil {
		return c, err
	}
	c.Seconds = time.Since(start).Seconds()
	c.Recorded, c.Unchanged, c.Refused = second.Report.Recorded, second.Report.Unchanged, second.Report.Refused
	c.RowsPerS, c.AnonBytes = float64(n)/c.Seconds, max(c.AnonBytes, second.AnonBytes)
	if c.Recorded+c.Unchanged != n {
		return c, fmt.Errorf("of %d rows %d are in the record", n, c.Recorded+c.Unchanged)
	}
	if info, err = os.Stat(t.file()); err != nil {
		return c, err
	}
	c.StoreBytes = info.Size()
	f, err := t.fresh(ctx, order{Products: n, Lookups: lookups})
	c.Found = f.Found
	return c, errors.Join(err, t.open())
}

// release writes a release in AccessGUDID's format, its rows in no order.
func (t *bed) release(path string, n int) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := zip.NewWriter(file)
	order := rand.New(rand.NewPCG(seed, 1)).Perm(n)
	for _, f := range []struct {
		name, head string
		row        func(w io.Writer, i int) error
	}{
		{"device.txt", "PrimaryDI|publicDeviceRecordKey|publicVersionStatus|brandName|versionModelNumber|catalogNumber|companyName|deviceCount|deviceDescription|singleUse|lotBatch|serialNumber|labeledContainsNRL|labeledNoNRL|MRISafetyStatus|deviceSterile|sterilizationPriorToUse",
			func(w io.Writer, i int) error {
				_, err := fmt.Fprintf(w, "%s|key-%08d|New|Brand %d|V-%d|C-%08d|Invented Maker %d Incorporated|1|Invented device %d of many, with a description about as long as those of the register are|true|true|%t|false|true|MR Conditional|true|false\n", di(i), i, i%5000, i%100, i, i%3000, i, i%3 == 0)
				return err
			}},
		{"identifiers.txt", "PrimaryDI|deviceId|deviceIdType|deviceIdIssuingAgency|containsDINumber|pkgQuantity|pkgDiscontinueDate|pkgStatus|pkgType", func(w io.Writer, i int) error {
			if _, err := fmt.Fprintf(w, "%s|%s|Primary|GS1||||\n", di(i), di(i)); err != nil || i%3 != 0 {
				return err
			}
			box, err := boxOf(di(i))
			if err == nil {
				_, err = fmt.Fprintf(w, "%s|%s|Package|GS1|%s|%d||In Commercial Distribution|BOX\n", di(i), box, di(i), 2+i%20)
			}
			return err
		}},
		{"deviceSizes.txt", "PrimaryDI|sizeType|size_unit|size_value|sizeText", func(w io.Writer, i int) error {
			_, err := fmt.Fprintf(w, "%s|Length|Millimeter|%d|\n", di(i), 10+i%200)
			return err
		}},
		{"gmdnTerms.txt", "PrimaryDI|gmdnPTName|gmdnPTDefinition|gmdnCode|gmdnCodeStatus|implantable", func(w io.Writer, i int) error {
			_, err := fmt.Fprintf(w, "%s|Invented term %d|A sterile implantable device that is invented, as all of them here|%d|Active|%t\n", di(i), i%900, 10000+i%900, i%2 == 0)
			return err
		}},
	} {
		entry, err := out.Create(f.name)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(entry)
		if _, err := fmt.Fprintln(w, f.head); err != nil {
			return err
		}
		for done, i := range order {
			if done%10_000 == 0 {
				t.progress("writing "+f.name, done, n)
			}
			if err := f.row(w, i); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return out.Close()
}

// boxOf is the DI of a box: the GTIN's indicator digit is another.
func boxOf(of string) (string, error) {
	body := "1" + of[1:13]
	check, err := gs1.CheckDigit(body)
	return body + string(check), err
}

// importing imports the release in a process of its own; with killAt, it is killed
// without notice when it has recorded so many rows.
func (t *bed) importing(ctx context.Context, release string, n, killAt int) (done imported, killed int, err error) {
	cmd, failed, err := t.process(ctx, order{Release: release})
	if err != nil {
		return done, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return done, 0, err
	}
	if err := cmd.Start(); err != nil {
		return done, 0, err
	}
	lines := json.NewDecoder(out)
	for {
		var one imported
		if err := lines.Decode(&one); err != nil {
			break // the end, or it was killed
		}
		t.progress("importing", one.Report.Rows, n)
		if one.Report.Rows == 0 {
			continue
		}
		done = one
		if killAt > 0 && one.Report.Recorded >= killAt && killed == 0 {
			killed = one.Report.Rows
			if err := cmd.Process.Kill(); err != nil {
				return done, killed, err
			}
		}
	}
	err = cmd.Wait()
	switch {
	case killed > 0:
		return done, killed, nil
	case killAt > 0 && err == nil:
		return done, 0, fmt.Errorf("the import came to its end before it could be killed: take more products")
	case err != nil:
		err = fmt.Errorf("importing in a process of its own: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	return done, 0, err
}

// importRelease is that process: it prints how far it is, and at last what became
// of it.
func importRelease(ctx context.Context, s *bolt.Store, path string, out *json.Encoder) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	var most int64
	say := func(r catalogue.Report) error {
		most = max(most, rss("RssAnon:"))
		return out.Encode(imported{r, most})
	}
	r := command.Recorder{Store: s, Clock: time.Now}
	report, err := catalogue.Import(ctx, r, catalogue.ReadGUDID(z, catalogue.GUDIDOptions{Dir: filepath.Dir(path)}), catalogue.Options{Source: "AccessGUDID",
		Progress: func(r catalogue.Report) { _ = say(r) }}) // who does not listen will miss the end too
	if err != nil {
		return err
	}
	return say(report)
}

// find looks products up all over the catalogue.
func (f *Found) find(ctx context.Context, s *bolt.Store, n, lookups int) error {
	var took []time.Duration
	for i := range 2 * lookups {
		if i == lookups {
			f.ProductColdUs, took = 1000*median(took), nil
		}
		of := di(int(uint64(i%lookups) * 2654435761 % uint64(n)))
		one, err := timed(func() error { _, err := trace.ProductOf(ctx, s, of); return err })
		if err != nil {
			return fmt.Errorf("product %s: %w", of, err)
		}
		took = append(took, one)
	}
	f.ProductLookups, f.ProductUs, f.ProductP95Us, f.ProductAnon = lookups, 1000*median(took), 1000*quantile(took, 95), rss("RssAnon:")
	return nil
}
