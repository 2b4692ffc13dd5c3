package record_test

import (
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func number(kind, n byte) (id [16]byte) { id[0], id[15] = kind, n; return id }

var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// hash is a look-up hash of a kind.
func hash(kind, n byte) trace.LookupHash { return trace.LookupHash{1, kind, n} }

// drawHistory draws the logs of up to three nodes that speak of a few things,
// partly of the same. A node may have seen what others wrote, or not.
func drawHistory(t *rapid.T) (logs [][]trace.Entry) {
	logs = make([][]trace.Entry, rapid.IntRange(1, 3).Draw(t, "nodes"))
	clocks := make([]uint64, len(logs))
	var all []trace.Entry
	for i := range rapid.IntRange(1, 25).Draw(t, "entries") {
		n := rapid.IntRange(0, len(logs)-1).Draw(t, "node")
		if rapid.Bool().Draw(t, "has seen all") {
			for _, c := range clocks {
				clocks[n] = max(clocks[n], c)
			}
		}
		clocks[n]++
		e := trace.Entry{Position: trace.Position{Node: trace.NodeID{byte(n + 1)}, Seq: uint64(len(logs[n]))}, Lamport: clocks[n], ID: number(1, byte(i)),
			Recorded: day.Add(time.Duration(i) * time.Minute), Occurred: day.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "hours")) * time.Hour),
			By: trace.Actor{Via: "test"}, Provenance: rapid.SampledFrom([]trace.Provenance{trace.Scanned, trace.Typed}).Draw(t, "provenance")}
		e.Command = e.ID
		if len(all) > 0 && rapid.IntRange(0, 9).Draw(t, "again") == 0 {
			// The same entry came in through this node too.
			o := rapid.SampledFrom(all).Draw(t, "which")
			e.ID, e.Command, e.Fact, e.Occurred, e.Provenance = o.ID, o.Command, o.Fact, o.Occurred, o.Provenance
		} else {
			e.Fact = drawFact(t, all)
		}
		logs[n] = append(logs[n], e)
		all = append(all, e)
	}
	return logs
}

func drawAmend(t *rapid.T, all []trace.Entry, fields ...string) (a trace.Amend) {
	if len(all) == 0 || rapid.IntRange(0, 2).Draw(t, "correction") > 0 {
		return a
	}
	a.Corrects = rapid.SampledFrom(all).Draw(t, "corrects").ID
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		a.Withdraw = true
	case 1:
		a.Restore = true
	case 2:
		a.Clear = []string{rapid.SampledFrom(fields).Draw(t, "field")}
	}
	return a
}

func drawFact(t *rapid.T, all []trace.Entry) trace.Fact {
	few := func(label string, n byte) byte { return byte(rapid.IntRange(0, int(n)).Draw(t, label)) }
	maybe := func(label string, kind, n byte) (id [16]byte) {
		if i := few(label, n); i > 0 {
			id = number(kind, i)
		}
		return id
	}
	one := func(label string, of ...string) string { return rapid.SampledFrom(append(of, "")).Draw(t, label) }
	switch few("kind", 25) {
	case 0:
		return trace.ReadingFact{Reading: number(2, few("reading", 200)), Means: udi.KindDevice}
	case 1:
		f := trace.PatientFact{Patient: number(3, few("patient", 2)), Amend: drawAmend(t, all, "nhs_number", "local_number", "family")}
		if n := few("nhs", 3); n > 0 {
			f.Lookups = append(f.Lookups, hash(trace.LookupNHS, n))
		}
		for range few("locals", 2) {
			f.Lookups = append(f.Lookups, hash(trace.LookupLocal, few("local", 3)))
		}
		return f
	case 2:
		f := trace.ProcedureFact{Procedure: number(4, 1+few("procedure", 1)), Patient: maybe("of", 3, 2), Side: trace.Side(one("side", "left", "right")),
			Indication: one("indication", "OA"), Amend: drawAmend(t, all, "side", "end", "indication", "people", "code", "place")}
		if few("times", 1) > 0 {
			f.Start = day.Add(time.Duration(few("start", 5)) * time.Hour)
			f.End = f.Start.Add(time.Hour)
			f.People = []trace.Person{{Name: one("person", "A", "B")}}
			f.Code, f.Place = trace.Code{Code: "W371"}, trace.Place{Name: "T4"}
		}
		return f
	case 3, 4:
		return trace.UsageFact{Usage: number(5, 1+few("usage", 2)), Procedure: maybe("in", 4, 2), Status: trace.Status(one("status", "checked", "implanted", "wasted")),
			Device: udi.Device{DI: one("di", "07611994064584", "05060000000016"), Lot: one("lot", "A", "a", "0A", "B"), Serial: one("serial", "S1", "SI"),
				Expiry: udi.Date{Day: one("expiry", "2029-03-22")}},
			Override: few("override", 5) == 0, Damaged: few("damaged", 5) == 0, Location: one("location", "left"),
			Amend: drawAmend(t, all, "lot", "serial", "expiry", "manufactured", "status", "location", "damaged")}
	case 5:
		return trace.ProductFact{DI: one("product", "07611994064584"), Maker: one("maker", "M", "N"), Brand: one("brand", "B"), Attributes: trace.Attributes{Side: trace.Side(one("of side", "left", "right")), UnitOfUse: one("unit", "09520140001039", "19520140001036")},
			Amend: drawAmend(t, all, "maker", "brand", "maker_address", "catalogue_no", "description", "side")}
	case 6:
		f := trace.CatalogueFact{Source: one("source", "A", "B"), Batch: number(6, few("batch", 200))}
		for i := range few("rows", 3) {
			f.Rows = append(f.Rows, trace.CatalogueRow{DI: []string{"07611994064584", "05060000000016", "09520140001039"}[i], Maker: one("of maker", "M", "N"), Brand: one("of brand", "B"),
				Authority: trace.Authority(one("authority", "fda", "eu-ec")), Attributes: trace.Attributes{Packs: []trace.PackLevel{{DI: one("pack", "17611994064581"), Quantity: 2}}}})
		}
		return f
	case 7:
		return trace.RecoveryFact{Logs: []trace.RecoveredLog{{Node: trace.NodeID{byte(1 + few("of node", 2))}, Entries: 20,
			Lost: []trace.Span{{First: 1, Last: 1 + uint64(few("last", 9))}}}}}
	case 8:
		return trace.CheckSettingFact{Rule: one("rule", "latex", "side"), Level: trace.Level(one("level", "note", "warn")), Off: few("off", 1) > 0}
	case 9:
		return trace.QuarantineFact{Quarantine: number(7, few("quarantine", 2)), DI: one("kept", "07611994064584", "17611994064581", "05060000000016"), Lots: []string{one("kept lot", "A", "B")}, Released: few("released", 2) == 0}
	case 11:
		return trace.TracingFact{Patient: number(3, 1+few("traced", 2)), Day: one("day of trace", "2026-03-01", "2026-03-02"), Died: few("died", 1) > 0, Confirmed: few("confirmed", 3) == 0}
	case 12:
		d := udi.Device{DI: one("lies", "07611994064584", "05060000000016"), Lot: one("lot that lies", "A")}
		p := trace.Place{Name: one("lies at", "Cupboard", "Loan kit")}
		return trace.StockFact{Line: trace.StockLineID(d, p), Device: d, Place: p, Move: trace.StockMoves()[few("move", 9)], Quantity: int(few("pieces", 4))}
	case 18:
		return trace.AccountFact{Account: number(8, 1+few("account", 1)), Sort: trace.PersonAccount, Roles: []string{one("role", "theatre", "recall")}, Left: few("left", 2) == 0}
	case 19:
		return trace.CredentialFact{Credential: number(9, few("credential", 200)), Account: number(8, 1+few("account", 1)), Method: one("method", "pin", "password"), Removed: few("removed", 2) == 0}
	case 20:
		return trace.AuditFact{Event: number(10, few("event", 200)), What: "view", Objects: [][16]byte{number(3, 1+few("seen", 1)), number(4, 1+few("seen too", 1))}}
	case 10:
		return trace.PlanFact{Procedure: number(4, 1+few("planned", 1)), Items: []trace.PlanItem{{Maker: one("planned maker", "M", "N")}}, ToConfirm: few("to confirm", 1) > 0}
	case 13:
		f := trace.PlanFact{Procedure: number(4, 1+few("confirmed", 1)), Who: "W", Confirms: trace.EventID{1}}
		if len(all) > 0 {
			f.Confirms = all[rapid.IntRange(0, len(all)-1).Draw(t, "of plan")].ID
		}
		return f
	case 14:
		return trace.StaffFact{Badge: one("badge", "950110153000300011", "B-7"), Name: one("staff", "N", "O"), Removed: few("left", 3) == 0}
	case 15:
		return trace.PlaceFact{GLN: one("gln", "9520000000004"), Extension: one("extension", "", "4"), Name: one("theatre", "T4", "T5")}
	case 17:
		return trace.AnswersFact{Procedure: number(4, 1+few("answered", 1)), Form: "njr", Side: trace.Side(one("side of form", "left", "right")), Section: one("section", "HIP PRIMARY", "HIP REVISION")}
	case 21:
		return trace.PhotographFact{Photograph: number(11, few("photographed", 200)), Procedure: number(4, 1+few("pictured", 1)), Size: 1}
	case 25:
		return trace.SetFact{Set: number(13, 1+few("set", 1)), Name: "N", Code: one("set code", "T-1", "T-2"), Removed: few("no set", 3) == 0}
	case 22:
		return trace.RunFact{Run: number(12, 1+few("run", 1)), State: trace.RunState(one("run state", "begun", "made", "accepted", "refused")),
			Scope: trace.RunScope{Registry: one("registry", "njr", "mdor")}, Result: trace.RunResult{Records: int(few("records", 3))}}
	case 23:
		return trace.RunPartFact{Run: number(12, 1+few("run of part", 1)), Part: int(few("part", 200)), Rows: []trace.RunRow{{Procedure: number(4, 1+few("procedure of row", 1)), State: trace.RowNew}}}
	case 24:
		return trace.LinkFact{Survives: number(3, few("survives", 3)), Other: number(3, few("other", 3)), Withdraw: few("not the same", 2) == 0}
	case 16:
		return trace.CodeFact{System: one("system", "OPCS-4", "opcs4"), Code: one("code", "W37.1", "w371"), Text: one("means", "THR", "hip")}
	}
	return trace.ApprovalFact{Approved: few("approved", 1) > 0, Officer: one("officer", "O", "P")}
}

// interleave draws an order in which the logs arrive, each in its own order.
func interleave(t *rapid.T, logs [][]trace.Entry, label string) (all []trace.Entry) {
	next := make([]int, len(logs))
	for {
		var waiting []int
		for i, log := range logs {
			if next[i] < len(log) {
				waiting = append(waiting, i)
			}
		}
		if len(waiting) == 0 {
			return all
		}
		i := rapid.SampledFrom(waiting).Draw(t, label)
		all = append(all, logs[i][next[i]])
		next[i]++
	}
}
