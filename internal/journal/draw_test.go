package journal_test

import (
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func drawID(t *rapid.T, label string) (id [16]byte) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	return id
}

func word(t *rapid.T, label string) string {
	return rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"\xff", "\x00", "a\x1db"})).Draw(t, label)
}

func list[V any](t *rapid.T, label string, draw func() V) (vs []V) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		vs = append(vs, draw())
	}
	return vs
}

func drawTime(t *rapid.T, label string) time.Time {
	if rapid.Bool().Draw(t, label+" is zero") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(-3e9, 9e9).Draw(t, label), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
}

func drawAmend(t *rapid.T) trace.Amend {
	return trace.Amend{Corrects: drawID(t, "corrects"), Clear: list(t, "clear", func() string { return word(t, "field") }),
		Withdraw: rapid.Bool().Draw(t, "withdraw"), Restore: rapid.Bool().Draw(t, "restore")}
}

func drawDate(t *rapid.T) udi.Date {
	if rapid.Bool().Draw(t, "no date") {
		return udi.Date{}
	}
	return udi.Date{Day: "2029-0" + rapid.StringMatching(`[1-9]-[0-2][1-9]`).Draw(t, "day"), Precision: udi.PrecisionDay}
}

func drawVerdict(t *rapid.T) trace.Verdict {
	return trace.Verdict{Level: trace.Level(word(t, "level")), Title: word(t, "title"),
		Checks: list(t, "checks", func() trace.Check {
			return trace.Check{Rule: word(t, "rule"), Level: trace.Stop, Message: word(t, "message")}
		})}
}

func drawAttributes(t *rapid.T) (a trace.Attributes) {
	if rapid.Bool().Draw(t, "no attributes") {
		return a
	}
	measure := func(label string) trace.Measure {
		return trace.Measure{Thousandths: rapid.Int64().Draw(t, label), Unit: word(t, "unit")}
	}
	return trace.Attributes{Kind: trace.ProductKind(word(t, "kind")), Side: trace.Side(word(t, "side")), Head: measure("head"), Inner: measure("inner"), Outer: measure("outer"), Length: measure("length"),
		Taper: word(t, "taper"), Size: word(t, "size"), Model: word(t, "model"), Power: measure("power"), Material: word(t, "material"), Bearing: trace.Bearing(word(t, "bearing")),
		SingleUse: trace.Answer(word(t, "single use")), Sterile: trace.Answer(word(t, "sterile")), Latex: trace.Answer(word(t, "latex")), Implantable: trace.Answer(word(t, "implantable")),
		MRI: trace.MRI(word(t, "mri")), UnitOfUse: word(t, "unit of use"), Packs: list(t, "packs", func() trace.PackLevel {
			return trace.PackLevel{DI: word(t, "di"), Quantity: rapid.Int().Draw(t, "quantity"), Contains: word(t, "contains")}
		})}
}

func drawFact(t *rapid.T) trace.Fact {
	w := func(label string) string { return word(t, label) }
	switch rapid.IntRange(1, 30).Draw(t, "kind") {
	case 1:
		return trace.NodeFact{Node: trace.NodeID{rapid.Byte().Draw(t, "node")}, Name: w("name"), Version: w("version"), Practice: rapid.Bool().Draw(t, "practice")}
	case 2:
		return trace.ReadingFact{Reading: drawID(t, "reading"), Source: w("source"), Scanner: w("scanner"), Format: w("format"), Symbology: w("symbology"), Text: w("text"),
			Means: udi.Kind(w("means")), Issues: list(t, "issues", func() udi.Issue {
				return udi.Issue{Code: w("code"), Severity: w("severity"), AI: w("ai"), Offset: rapid.Int().Draw(t, "offset"), Length: rapid.Int().Draw(t, "length"), Message: w("message"), Detail: w("detail")}
			}), Patient: drawID(t, "patient"), Procedure: drawID(t, "procedure"), Usage: drawID(t, "usage"), Verdict: drawVerdict(t)}
	case 3:
		return trace.PatientFact{Patient: drawID(t, "patient"), Lookups: list(t, "lookups", func() (h trace.LookupHash) {
			copy(h[:], rapid.SliceOfN(rapid.Byte(), 18, 18).Draw(t, "hash"))
			return h
		}), Provisional: w("provisional"), Amend: drawAmend(t)}
	case 29:
		return trace.LinkFact{Survives: drawID(t, "survives"), Other: drawID(t, "other"), TwoNumbers: rapid.Bool().Draw(t, "two numbers"), Withdraw: rapid.Bool().Draw(t, "withdraw")}
	case 4:
		return trace.ProcedureFact{Procedure: drawID(t, "procedure"), Patient: drawID(t, "patient"), Code: trace.Code{System: w("system"), Code: w("code"), Text: w("text")},
			Side: trace.Side(w("side")), Place: trace.Place{GLN: w("gln"), Extension: w("extension"), Name: w("name")},
			People: list(t, "people", func() trace.Person { return trace.Person{Code: w("code"), Name: w("name"), Role: w("role")} }),
			Start:  drawTime(t, "start"), End: drawTime(t, "end"), Indication: w("indication"), Amend: drawAmend(t)}
	case 5:
		return trace.UsageFact{Usage: drawID(t, "usage"), Procedure: drawID(t, "procedure"), Device: udi.Device{Agency: udi.Agency(w("agency")), DI: w("di"), Lot: w("lot"), Serial: w("serial"),
			Expiry: drawDate(t), Manufactured: drawDate(t), BestBefore: drawDate(t), Quantity: w("quantity"), Variant: w("variant"), CatalogueNo: w("catalogue number")},
			Carriers: list(t, "carriers", func() trace.Carrier {
				return trace.Carrier{Text: w("text"), Symbology: w("symbology"), Source: w("source"), Reading: drawID(t, "reading")}
			}), Status: trace.Status(w("status")), Verdict: drawVerdict(t), Override: rapid.Bool().Draw(t, "override"), Location: w("location"),
			Damaged: rapid.Bool().Draw(t, "damaged"), Amend: drawAmend(t),
			Picked: trace.Picked{Set: drawID(t, "set"), Name: w("set name"), Item: w("item"), LotUnknown: rapid.Bool().Draw(t, "lot unknown")},
			Supply: trace.Supply{Kind: trace.SupplyKind(w("supply")), Supplier: w("supplier"), Reference: w("reference")},
			Second: trace.SecondFact{Device: udi.Device{DI: w("second di"), Lot: w("second lot")}, Person: trace.Person{Code: w("code"), Name: w("name")}, Account: drawID(t, "second")}}
	case 6:
		return trace.ProductFact{DI: w("di"), Maker: w("maker"), MakerAddress: w("address"), Brand: w("brand"), CatalogueNo: w("catalogue number"), Description: w("description"), Attributes: drawAttributes(t), Verified: list(t, "verified", func() string { return w("field") }), Who: w("who"), Amend: drawAmend(t)}
	case 7:
		return trace.CatalogueFact{Source: w("source"), Batch: drawID(t, "batch"), Rows: list(t, "rows", func() trace.CatalogueRow {
			return trace.CatalogueRow{DI: w("di"), Maker: w("maker"), MakerAddress: w("address"), Brand: w("brand"), CatalogueNo: w("catalogue number"), Description: w("description"), Attributes: drawAttributes(t), Authority: trace.Authority(w("authority"))}
		})}
	case 9:
		return trace.NoticeFact{Notice: drawID(t, "notice"), Body: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "body"), State: trace.NoticeState(w("state")), Later: drawID(t, "later"), Name: w("name"),
			Answer: trace.Answered{Action: w("action"), Answer: w("answer")}, Traced: trace.Traced{At: drawTime(t, "at"), Took: time.Duration(rapid.Int64().Draw(t, "took")), Confirmed: rapid.Int().Draw(t, "confirmed"),
				Possible: rapid.Int().Draw(t, "possible"), Precautionary: rapid.Int().Draw(t, "precautionary"), People: rapid.Int().Draw(t, "people")}}
	case 10:
		return trace.AttachmentFact{Attachment: drawID(t, "attachment"), Notice: drawID(t, "notice"), Name: w("name"), Type: w("type"), Size: rapid.Int().Draw(t, "size"), SHA256: trace.Hash{rapid.Byte().Draw(t, "hash")}}
	case 11:
		return trace.CaseFact{Case: drawID(t, "case"), Notice: drawID(t, "notice"), Patient: drawID(t, "patient"), Procedure: drawID(t, "procedure"), Usages: list(t, "usages", func() trace.UsageID { return drawID(t, "usage") }),
			Tier: w("tier"), Status: trace.CaseStatus(w("status")), Owner: w("owner"), Due: w("due"), Next: w("next"), Seen: drawID(t, "seen"), Undoes: drawID(t, "undoes"), Letter: w("letter")}
	case 12:
		n := rapid.Uint64()
		span := func() trace.Span { return trace.Span{First: n.Draw(t, "first"), Last: n.Draw(t, "last")} }
		return trace.RecoveryFact{Logs: list(t, "logs", func() trace.RecoveredLog {
			return trace.RecoveredLog{Node: trace.NodeID{1}, Entries: n.Draw(t, "entries"), Lost: list(t, "lost", span), Bare: list(t, "bare", span)}
		})}
	case 13:
		return trace.CheckSettingFact{Rule: w("rule"), Level: trace.Level(w("level")), Off: rapid.Bool().Draw(t, "off"), Reason: w("reason"), Who: w("who")}
	case 14:
		return trace.QuarantineFact{Quarantine: drawID(t, "quarantine"), DI: w("di"), Lots: list(t, "lots", func() string { return w("lot") }), Serials: list(t, "serials", func() string { return w("serial") }),
			SerialFrom: w("from"), SerialTo: w("to"), Reason: w("reason"), Who: w("who"), Released: rapid.Bool().Draw(t, "released")}
	case 17:
		return trace.TracingFact{Patient: drawID(t, "patient"), Day: w("day"), Source: w("source"), Died: rapid.Bool().Draw(t, "died"), Address: rapid.Bool().Draw(t, "address"),
			GP: rapid.Bool().Draw(t, "gp"), Confirmed: rapid.Bool().Draw(t, "confirmed")}
	case 18:
		return trace.StockFact{Line: drawID(t, "line"), Device: udi.Device{DI: w("di"), Lot: w("lot"), Serial: w("serial"), Expiry: drawDate(t)}, Place: trace.Place{Name: w("place")},
			Move: trace.StockMove(w("move")), Quantity: rapid.Int().Draw(t, "quantity"), Other: trace.Place{GLN: w("gln")}, Who: w("who"), Witness: w("witness"), Evidence: w("evidence"),
			Notice: drawID(t, "notice"), Damaged: rapid.Bool().Draw(t, "damaged")}
	case 23:
		return trace.AccountFact{Account: drawID(t, "account"), Sort: trace.AccountSort(w("sort")), Roles: list(t, "roles", func() string { return w("role") }), Scope: list(t, "scope", func() string { return w("permission") }),
			Expires: drawTime(t, "expires"), Left: rapid.Bool().Draw(t, "left"), Forget: list(t, "forget", func() [16]byte { return drawID(t, "subject") }), Reason: w("reason")}
	case 24:
		return trace.CredentialFact{Credential: drawID(t, "credential"), Account: drawID(t, "account"), Method: w("method"), Removed: rapid.Bool().Draw(t, "removed"), Expires: drawTime(t, "expires"),
			Forget: list(t, "forget", func() [16]byte { return drawID(t, "subject") })}
	case 25:
		return trace.AuditFact{Event: drawID(t, "event"), What: w("what"), Account: drawID(t, "account"), Objects: list(t, "objects", func() [16]byte { return drawID(t, "object") }), Detail: w("detail"),
			Glass: rapid.Bool().Draw(t, "glass"), Until: drawTime(t, "until")}
	case 15:
		return trace.PlanFact{Procedure: drawID(t, "procedure"), Items: list(t, "items", func() trace.PlanItem {
			return trace.PlanItem{DI: w("di"), Maker: w("maker"), Side: trace.Side(w("side")), Attributes: drawAttributes(t)}
		}), Stays: list(t, "stays", func() trace.StaysItem {
			return trace.StaysItem{DI: w("di"), Maker: w("maker"), Attributes: drawAttributes(t)}
		}), ToConfirm: rapid.Bool().Draw(t, "to confirm"), Who: w("who"), Confirms: drawID(t, "confirms")}
	case 16:
		return trace.StaffFact{Badge: w("badge"), Name: w("name"), Role: w("role"), Register: trace.Register(w("register")), Number: w("number"), Removed: rapid.Bool().Draw(t, "removed")}
	case 19:
		return trace.PlaceFact{GLN: w("gln"), Extension: w("extension"), Name: w("name"), Site: w("site"), ODS: w("ods"), Removed: rapid.Bool().Draw(t, "removed")}
	case 26:
		return trace.PhotographFact{Photograph: drawID(t, "photograph"), Procedure: drawID(t, "procedure"), Size: rapid.Int().Draw(t, "size"), SHA256: trace.Hash{rapid.Byte().Draw(t, "hash")}}
	case 27:
		return trace.RunFact{Run: drawID(t, "run"), State: trace.RunState(w("state")),
			Scope: trace.RunScope{Mapping: trace.RunMapping{File: w("file"), Name: w("mapping"), Version: w("version")}, Registry: w("registry"), Section: w("section"), From: drawTime(t, "from"), To: drawTime(t, "to"), Month: w("month"), Place: trace.Place{GLN: w("gln"), Extension: w("extension"), Name: w("name")},
				Procedure: drawID(t, "procedure"), Changes: rapid.Bool().Draw(t, "changes"), Schedule: w("schedule")},
			Result: trace.RunResult{Name: w("file"), Since: drawID(t, "since"), Procedures: rapid.Int().Draw(t, "procedures"), Records: rapid.Int().Draw(t, "records"), Rows: rapid.Int().Draw(t, "rows"),
				New: rapid.Int().Draw(t, "new"), Changed: rapid.Int().Draw(t, "changed"), Unchanged: rapid.Int().Draw(t, "unchanged"), Held: rapid.Int().Draw(t, "held"), Withdrawals: rapid.Int().Draw(t, "withdrawals"),
				Parts: rapid.Int().Draw(t, "parts"), Size: rapid.Int64().Draw(t, "size"), SHA256: trace.Hash{rapid.Byte().Draw(t, "hash")}}}
	case 30:
		return trace.SetFact{Set: drawID(t, "set"), Name: w("name"), Code: w("code"), Items: list(t, "items", func() trace.SetItem {
			return trace.SetItem{DI: w("di"), CatalogueNo: w("catalogue number"), Description: w("description"), Size: w("size"), Quantity: rapid.Int().Draw(t, "quantity")}
		}), Supply: trace.Supply{Kind: trace.SupplyKind(w("kind")), Supplier: w("supplier")}, Removed: rapid.Bool().Draw(t, "removed")}
	case 28:
		return trace.RunPartFact{Run: drawID(t, "run"), Part: rapid.Int().Draw(t, "part of run"), Size: rapid.Int().Draw(t, "size"), Rows: list(t, "rows", func() trace.RunRow {
			return trace.RunRow{Procedure: drawID(t, "procedure"), Usage: drawID(t, "usage"), Side: trace.Side(w("side")), State: trace.RunRowState(w("row state")), Hash: trace.LookupHash{rapid.Byte().Draw(t, "version")},
				Start: rapid.Int64().Draw(t, "start"), Lines: rapid.Int().Draw(t, "lines")}
		})}
	case 21:
		return trace.AnswersFact{Procedure: drawID(t, "procedure"), Form: w("form"), Side: trace.Side(w("side")), Section: w("section")}
	case 20:
		return trace.CodeFact{System: w("system"), Code: w("code"), Text: w("text"), Side: trace.Answer(w("side")), Removed: rapid.Bool().Draw(t, "removed")}
	}
	return trace.ApprovalFact{Approved: rapid.Bool().Draw(t, "approved"), Officer: w("officer"), Role: w("role"), Site: w("site"), Statement: w("statement"), Release: w("release")}
}

func drawEntry(t *rapid.T) trace.Entry {
	e := trace.Entry{Position: trace.Position{Node: trace.NodeID{rapid.Byte().Draw(t, "node")}, Seq: rapid.Uint64().Draw(t, "seq")}, Lamport: rapid.Uint64().Draw(t, "lamport"),
		ID: drawID(t, "id"), Part: rapid.Uint16().Draw(t, "part"),
		Recorded: drawTime(t, "recorded").Truncate(time.Millisecond), Occurred: drawTime(t, "occurred").Truncate(time.Millisecond),
		By: trace.Actor{Code: word(t, "code"), Name: word(t, "name"), Via: word(t, "via")}, Provenance: trace.Provenance(word(t, "provenance")), Fact: drawFact(t)}
	e.ID[0] |= 1
	e.Command = e.ID
	if rapid.Bool().Draw(t, "another command") {
		e.Command = drawID(t, "command")
		e.Command[0] |= 1
	}
	if rapid.Bool().Draw(t, "commitment") {
		e.Digest, e.Commitment = []byte{1, 2}, []byte{3}
	}
	return e
}
