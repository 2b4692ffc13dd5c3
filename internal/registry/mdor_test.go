package registry

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func mdor(t *testing.T, cases ...Case) ([]map[string]string, MDORReport) {
	t.Helper()
	var out bytes.Buffer
	r, err := WriteMDOR(&out, casesOf(nil, cases...))
	if err != nil {
		t.Fatal(err)
	}
	rows := readCSV(t, out.String())
	if len(rows) != r.Rows {
		t.Errorf("%d rows, and the report says %d", len(rows), r.Rows)
	}
	return rows, r
}

func TestMDORHasDevicesAndProceduresWithout(t *testing.T) {
	full := Case{ProcedureInFull: hip(), Site: "RXX01", Surgeon: "C1234567", Postcode: "AB1 2CD", Traced: true, Location: summer}
	full.Procedure.Code = trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}
	wasted := stem("wasted", trace.Wasted)
	full.Usages = append(full.Usages, wasted, stem("old", trace.Explanted))
	none := Case{ProcedureInFull: hip()}
	none.Usages = []trace.UsageInFull{wasted}
	gone := Case{ProcedureInFull: hip()}
	gone.Procedure.Withdrawn = true
	rows, r := mdor(t, full, none, gone)
	if len(rows) != 3 || r.Procedures != 3 || r.Without != 1 || r.Incomplete != 1 || r.Left["wasted"] != 2 || r.Left[LeftProcedureWithdrawn] != 1 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []map[string]string{
		{"no_device": "N", "site_ods": "RXX01", "nhs_number_status": "01", "procedure_date": "2026-07-01", "procedure_time": "00:30", "side": "left", "lot": "0090M4", "outcome": "implanted", "missing": "", "form": MDORDraft, "expiry_date": "2029-01"},
		{"outcome": "explanted"},
		{"no_device": "Y", "usage_id": "", "device_identifier": "", "nhs_number_status": "02", "missing": "site_ods; postcode; procedure_code_system; procedure_code; operating_surgeon"},
	} {
		for k, v := range want {
			if rows[i][k] != v {
				t.Errorf("row %d: %s is %q, want %q", i, k, rows[i][k], v)
			}
		}
	}
}

func TestMDORNamesWhatARowLacks(t *testing.T) {
	c := Case{ProcedureInFull: hip()}
	c.Identity = trace.Identity{}
	c.Usages[0].Usage.Device, c.Usages[0].Product = udi.Device{Lot: "=1+1"}, trace.Product{}
	c.Usages[0].Usage.Provenance, c.Usages[0].Usage.Damaged = trace.Imported, true
	rows, r := mdor(t, c)
	if r.Incomplete != 1 || rows[0]["lot"] != "'=1+1" || rows[0]["nhs_number_status"] != "03" || !strings.Contains(rows[0]["flags"], "guarded") || !strings.Contains(rows[0]["flags"], "damaged") {
		t.Errorf("%v", rows)
	}
	for _, name := range []string{"nhs_number", "family_name", "device_identifier", "manufacturer", "catalogue_number", "device_name"} {
		if !strings.Contains("; "+rows[0]["missing"]+";", "; "+name+";") {
			t.Errorf("%s is not named: %s", name, rows[0]["missing"])
		}
	}
	var out bytes.Buffer
	if _, err := WriteMDOR(&out, casesOf(errors.New("broken"), c)); err == nil || !strings.HasSuffix(out.String(), cutLine) {
		t.Errorf("a file that breaks off: %v", err)
	}
	out.Reset()
	if _, err := WriteMDOR(&out, casesOf(nil)); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("nothing gives %q, %v", out.String(), err)
	}
}
