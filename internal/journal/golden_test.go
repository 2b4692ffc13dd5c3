package journal_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var update = flag.Bool("update", false, "write golden files that are not there yet")

func id(b byte) (id [16]byte) {
	for i := range id {
		id[i] = b + byte(i)
	}
	return id
}

// entry is an entry of version 1 with every field filled.
func entry(f trace.Fact) trace.Entry {
	return trace.Entry{
		Position: trace.Position{Node: trace.NodeID{1, 2, 3, 4, 5, 6, 7, 8}, Seq: 300}, Lamport: 70000, ID: id(0x10), Command: id(0x20), Part: 2,
		Digest: []byte{1, 0xd1, 0xd2}, Recorded: time.Date(2026, 3, 2, 9, 0, 0, 123e6, time.UTC), Occurred: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC),
		By: trace.Actor{Code: "505089800000000126", Name: "A. Smith", Via: "scanner:Theatre 4"}, Provenance: trace.Scanned, Fact: f, Commitment: []byte{0xc0, 0xc1},
	}
}

// golden are entries whose bytes stand in testdata for ever.
func golden() map[string]trace.Entry {
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	amend := trace.Amend{Corrects: id(0x30), Clear: []string{"a", "b"}, Withdraw: true, Restore: true}
	verdict := trace.Verdict{Level: trace.Stop, Title: "Stop.", Checks: []trace.Check{{Rule: "expiry", Level: trace.Stop, Message: "Expired."}}}
	mm := func(n int64) trace.Measure { return trace.Measure{Thousandths: 1000 * n, Unit: trace.Millimetre} }
	attributes := trace.Attributes{Kind: trace.KindHead, Side: trace.SideNone, Head: mm(32), Inner: mm(36), Outer: mm(52), Length: mm(150), Taper: "12/14", Size: "4", Model: "SN60",
		Power: trace.Measure{Thousandths: 21_500, Unit: trace.Dioptre}, Material: "CoCr", Bearing: trace.BearingMetal, SingleUse: trace.Yes, Sterile: trace.Yes, Latex: trace.No,
		Implantable: trace.Yes, MRI: trace.MRIConditional, Packs: []trace.PackLevel{{DI: "17611994064581", Quantity: 5, Contains: "07611994064584"}}, UnitOfUse: "07611994064584"}
	date := func(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionDay} }
	return map[string]trace.Entry{
		"node": entry(trace.NodeFact{Node: trace.NodeID{1, 2, 3, 4, 5, 6, 7, 8}, Name: "Theatre 4", Version: "v1"}),
		"reading": entry(trace.ReadingFact{Reading: id(0x40), Source: "serial", Scanner: "S", Format: "DataMatrix", Symbology: "]d2", Text: "01\x1d\xff", Means: udi.KindDevice,
			Issues:  []udi.Issue{{Code: "charset", Severity: "hard", AI: "10", Offset: 3, Length: 1, Message: "M", Detail: "D"}},
			Patient: id(0x50), Procedure: id(0x60), Usage: id(0x70), Verdict: verdict}),
		"patient": entry(trace.PatientFact{Patient: id(0x50), Lookups: []trace.LookupHash{{1, 1, 9}, {1, 2, 8}}, Amend: amend}),
		"procedure": entry(trace.ProcedureFact{Procedure: id(0x60), Patient: id(0x50), Code: trace.Code{System: "OPCS-4", Code: "W371", Text: "Hip"}, Side: trace.SideLeft,
			Place: trace.Place{GLN: "5050898000007", Extension: "T4", Name: "Theatre 4"}, People: []trace.Person{{Code: "1", Name: "A", Role: "surgeon"}},
			Start: at, End: at.Add(time.Hour + time.Nanosecond), Indication: "OA", Amend: amend}),
		"usage": entry(trace.UsageFact{Usage: id(0x70), Procedure: id(0x60), Device: udi.Device{Agency: udi.AgencyGS1, DI: "07611994064584", Lot: "L", Serial: "S",
			Expiry: date("2029-03-22"), Manufactured: date("2024-01-31"), BestBefore: date("2028-12-31"), Quantity: "1", Variant: "05", CatalogueNo: "C"},
			Carriers: []trace.Carrier{{Text: "01\x1d\xff", Symbology: "]d2", Source: "serial", Reading: id(0x40)}}, Status: trace.Implanted, Verdict: verdict,
			Override: true, Location: "left hip", Damaged: true, Amend: amend}),
		"product":            entry(trace.ProductFact{DI: "07611994064584", Maker: "M", MakerAddress: "A", Brand: "B", CatalogueNo: "C", Description: "D", Amend: amend}),
		"product-attributes": entry(trace.ProductFact{DI: "07611994064584", Attributes: attributes, Verified: []string{"kind", "side"}}),
		"product-vouched":    entry(trace.ProductFact{DI: "07611994064584", Verified: []string{"kind"}, Who: "W"}),
		"erasure":            entry(trace.ErasureFact{Patient: id(0x50), Subjects: [][16]byte{id(0x40), id(0x70)}}),
		"link":               entry(trace.LinkFact{Survives: id(0x50), Other: id(0x51), TwoNumbers: true}),
		"link-withdrawn":     entry(trace.LinkFact{Survives: id(0x50), Other: id(0x51), Withdraw: true}),
		"patient-unknown":    entry(trace.PatientFact{Patient: id(0x50), Provisional: "Unknown Xray Seven"}),
		"erasure-runs":       entry(trace.ErasureFact{Patient: id(0x50), RunParts: [][16]byte{id(0xd2)}}),
		"catalogue": entry(trace.CatalogueFact{Source: "AccessGUDID 2026-03", Batch: id(0x10), Rows: []trace.CatalogueRow{{DI: "07611994064584", Maker: "M", MakerAddress: "A", Brand: "B",
			CatalogueNo: "C", Description: "D", Attributes: attributes}, {DI: "05060000000013"}}}),
		"catalogue-authority": entry(trace.CatalogueFact{Source: "AccessGUDID", Batch: id(0x10), Rows: []trace.CatalogueRow{{DI: "07611994064584", Authority: trace.AuthorityFDA}, {DI: "05060000000013", Authority: trace.AuthorityEU}}}),
		"recovery":            entry(trace.RecoveryFact{Logs: []trace.RecoveredLog{{Node: trace.NodeID{1}, Entries: 9, Lost: []trace.Span{{First: 2, Last: 4}}, Bare: []trace.Span{{First: 7, Last: 7}}}}}),
		"usage-overridden": entry(trace.UsageFact{Usage: id(0x70), Side: trace.SideLeft, Overridden: []trace.Overridden{{Rule: "hip-size", Level: trace.Warn, Reason: "other"}},
			Verdict: trace.Verdict{Level: trace.NotChecked, Title: "T", Checks: []trace.Check{{Rule: "side", Level: trace.NotChecked, Message: "M", Missing: "side of the product"}}}}),
		"procedure-allergy": entry(trace.ProcedureFact{Procedure: id(0x60), LatexAllergy: trace.Yes}),
		"check-setting":     entry(trace.CheckSettingFact{Rule: "latex", Level: trace.Note, Off: true, Reason: "R", Who: "W"}),
		"quarantine": entry(trace.QuarantineFact{Quarantine: id(0x80), DI: "07611994064584", Lots: []string{"L1", "L2"}, Serials: []string{"S"}, SerialFrom: "A1", SerialTo: "A9",
			Reason: "R", Who: "W", Released: true}),
		"plan": entry(trace.PlanFact{Procedure: id(0x60), Items: []trace.PlanItem{{DI: "07611994064584", Maker: "M", Side: trace.SideLeft, Attributes: attributes}},
			Stays: []trace.StaysItem{{DI: "07611994064584", Maker: "M", Side: trace.SideRight, Attributes: attributes}}}),
		"plan-confirmed":  entry(trace.PlanFact{Procedure: id(0x60), ToConfirm: true, Who: "W", Confirms: id(0x30)}),
		"usage-explants":  entry(trace.UsageFact{Usage: id(0x70), Status: trace.Explanted, Explants: id(0x71), Went: trace.WentMaker}),
		"usage-second":    entry(trace.UsageFact{Usage: id(0x70), Second: trace.SecondFact{Device: udi.Device{Agency: udi.AgencyGS1, DI: "07611994064584", Lot: "L"}, Person: trace.Person{Code: "C", Name: "N"}, Account: trace.AccountID(id(0x90))}}),
		"usage-explanted": entry(trace.UsageFact{Usage: id(0x71), ExplantedBy: id(0x70)}),
		"usage-stop-overridden": entry(trace.UsageFact{Usage: id(0x70), Described: "long nail", Overridden: []trace.Overridden{{Rule: "expiry", Level: trace.Stop, Reason: "no-other-device",
			Surgeon: trace.Person{Name: "S", Role: "surgeon"}, Second: trace.Person{Code: "B", Name: "N", Role: "scrub"}}}}),
		"staff":    entry(trace.StaffFact{Badge: "950110153000300011", Name: "N", Role: "surgeon", Register: trace.RegisterGMC, Number: "1234567", Removed: true}),
		"place":    entry(trace.PlaceFact{GLN: "9520000000004", Extension: "4", Name: "Theatre 4", Site: "S", ODS: "RXX01", Removed: true}),
		"code":     entry(trace.CodeFact{System: trace.SystemOPCS4, Code: "W37.1", Text: "T", Side: trace.Yes, Removed: true}),
		"answers":  entry(trace.AnswersFact{Procedure: id(0x60), Form: "njr", Side: trace.SideLeft, Section: "HIP PRIMARY"}),
		"approval": entry(trace.ApprovalFact{Approved: true, Officer: "O", Role: "R", Site: "S", Statement: "T", Release: "v1"}),
		"notice": entry(trace.NoticeFact{Notice: id(0x80), Body: []byte(`{"criteria":{"di":["07611994064584"]}}`), State: trace.NoticeSuperseded, Later: id(0x81), Name: "FSCA 1: N",
			Answer: trace.Answered{Action: "Put aside", Answer: "done"}, Traced: trace.Traced{At: at, Took: 1500000, Confirmed: 1, Possible: 2, Precautionary: 3, People: 4}}),
		"run": entry(trace.RunFact{Run: id(0xd0), State: trace.RunBegun, Scope: trace.RunScope{Registry: "njr", Section: "HIP PRIMARY", From: at, To: at.AddDate(0, 1, 0), Month: "2026-03",
			Place: trace.Place{GLN: "9520000000004"}, Procedure: id(0x60), Changes: true, Schedule: "S"}}),
		"run-mapped": entry(trace.RunFact{Run: id(0xd0), State: trace.RunBegun, Scope: trace.RunScope{Registry: "mapped", Mapping: trace.RunMapping{File: "quarter", Name: "N", Version: "2", SHA256: trace.Hash{1, 2, 3}}}}),
		"run-made": entry(trace.RunFact{Run: id(0xd0), State: trace.RunMade, Result: trace.RunResult{Name: "njr.csv", Since: id(0xd1), Procedures: 9, Records: 2, Rows: 3, New: 1, Changed: 1, Unchanged: 4,
			Held: 5, Withdrawals: 6, Parts: 1, Size: 700, SHA256: trace.Hash{1, 2, 3}}}),
		"run-part": entry(trace.RunPartFact{Run: id(0xd0), Part: 3, Size: 700, Rows: []trace.RunRow{{Procedure: id(0x60), Usage: id(0x70), Side: trace.SideLeft, State: trace.RowChanged,
			Hash: trace.LookupHash{1, trace.LookupRow, 3}, Start: 1773480600000, Lines: 2}, {Procedure: id(0x61), State: trace.RowHeld}}}),
		"set": entry(trace.SetFact{Set: trace.SetID(id(0xa1)), Name: "N", Code: "T-1", Items: []trace.SetItem{{DI: "07611994064584", CatalogueNo: "C", Description: "D", Size: "S", Quantity: 4}},
			Supply: trace.Supply{Kind: trace.SupplyLoan, Supplier: "S", Reference: "R"}, Removed: true}),
		"stock-supply": entry(trace.StockFact{Line: trace.StockID(id(0xa2)), Device: udi.Device{DI: "07611994064584"}, Place: trace.Place{Name: "P"}, Move: trace.StockReceived, Quantity: 1, Supply: trace.Supply{Kind: trace.SupplyLoan, Supplier: "S", Reference: "R"}}),
		"usage-picked": entry(trace.UsageFact{Usage: id(0x70), Picked: trace.Picked{Set: trace.SetID(id(0xa1)), Name: "N", Item: "K", LotUnknown: true}, Supply: trace.Supply{Kind: trace.SupplyConsignment, Supplier: "S", Reference: "R"}}),
		"photograph":   entry(trace.PhotographFact{Photograph: id(0x92), Procedure: id(0x60), Size: 9, SHA256: trace.Hash{1, 2, 3}}),
		"attachment":   entry(trace.AttachmentFact{Attachment: id(0x90), Notice: id(0x80), Name: "fsn.pdf", Type: "application/pdf", Size: 9, SHA256: trace.Hash{1, 2, 3}}),
		"case": entry(trace.CaseFact{Case: id(0xa0), Notice: id(0x80), Patient: id(0x50), Procedure: id(0x60), Usages: []trace.UsageID{id(0x70), id(0x71)}, Tier: "possible",
			Status: trace.CaseContacting, Owner: "R. Dene", Due: "2026-03-20", Next: "Telephone", Seen: id(0x30), Undoes: id(0x31)}),
		"tracing":    entry(trace.TracingFact{Patient: id(0x50), Day: "2026-03-02", Source: "S", Died: true, Address: true, GP: true, Confirmed: true}),
		"account":    entry(trace.AccountFact{Account: id(0xc0), Sort: trace.PersonAccount, Roles: []string{"theatre", "clinician"}, Scope: []string{"read-record"}, Expires: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC), Left: true, Forget: [][16]byte{id(0xc0)}, Reason: "R"}),
		"credential": entry(trace.CredentialFact{Credential: id(0xc1), Account: id(0xc0), Method: "pin", Removed: true, Expires: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC), Forget: [][16]byte{id(0xc2)}}),
		"audit":      entry(trace.AuditFact{Event: id(0xc3), What: "view", Account: id(0xc0), Objects: [][16]byte{id(0x50)}, Detail: "D", Glass: true, Until: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)}),
		"stock": entry(trace.StockFact{Line: id(0xb0), Device: udi.Device{DI: "07611994064584", Lot: "L"}, Place: trace.Place{GLN: "5050898000007", Name: "Cupboard 2"}, Move: trace.StockReturned,
			Quantity: 3, Other: trace.Place{Name: "Maker"}, Who: "W", Witness: "X", Evidence: "R1", Notice: id(0x80), Damaged: true}),
		"case-letter": entry(trace.CaseFact{Case: id(0xa0), Notice: id(0x80), Letter: "patient"}),
		"least": {Position: trace.Position{Node: trace.NodeID{9}}, Lamport: 1, ID: id(1), Command: id(1), Recorded: time.UnixMilli(0).UTC(), Occurred: time.UnixMilli(0).UTC(),
			By: trace.Actor{Via: "page"}, Fact: trace.UsageFact{Usage: id(2)}},
	}
}

func TestVersion1StaysReadableAndWritten(t *testing.T) {
	c := journal.NewCodec()
	for name, want := range golden() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "v1", name+".hex")
			encoded, err := c.Encode(want)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); *update && os.IsNotExist(err) {
				if err := os.WriteFile(path, []byte(hex.Dump(encoded)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			leaf := undump(t, string(text))
			got, err := c.Decode(leaf)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("decoded\n%+v, want\n%+v", got, want)
			}
			if !bytes.Equal(encoded, leaf) {
				t.Errorf("encoded\n%swant\n%s", hex.Dump(encoded), text)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.hex"))
	if err != nil || len(files) != len(golden()) {
		t.Errorf("%d files for %d entries, %v", len(files), len(golden()), err)
	}
}

// undump reads what hex.Dump prints.
func undump(t *testing.T, s string) (b []byte) {
	t.Helper()
	for line := range strings.Lines(s) {
		digits, _, ok := strings.Cut(line, "|")
		if !ok || len(digits) < 10 {
			continue
		}
		v, err := hex.DecodeString(strings.Join(strings.Fields(digits[8:]), ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, v...)
	}
	return b
}
