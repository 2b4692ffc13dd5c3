package udi

import (
	"strings"

	"implantrace/gs1"
)

// Procedure is a code from a sheet of procedures.
type Procedure struct {
	System string `json:"system"` // one of the System constants
	Code   string `json:"code"`
}

// Systems of procedure codes.
const (
	SystemOPCS4  = "opcs-4"
	SystemSNOMED = "snomed-ct"
	SystemLocal  = "local"
)

// Action is what a code from a sheet of actions asks for.
type Action string

// The actions that a page can be told by scanning.
const (
	ActionOpened        Action = "opened"
	ActionImplanted     Action = "implanted"
	ActionOpenedNotUsed Action = "opened-not-used"
	ActionWasted        Action = "wasted" // the reason, where there is one, behind a colon
	ActionReturned      Action = "returned"
	ActionTrial         Action = "trial"
	ActionExplanted     Action = "explanted" // likewise
	ActionUndo          Action = "undo"
	ActionQuantity      Action = "quantity" // the number behind a colon
	ActionNextPatient   Action = "next-patient"
	ActionOpen          Action = "open" // a procedure; its side behind a colon: left, right, bilateral or not-applicable
	ActionClose         Action = "close"
	ActionYes           Action = "yes"
	ActionNo            Action = "no"
	ActionLoan          Action = "loan"        // the device is of a loan kit
	ActionConsignment   Action = "consignment" // the device is the supplier's stock
	ActionPick          Action = "pick"        // a piece out of a set; its key behind a colon; on the set's own sheet
	ActionPair          Action = "pair"        // the workstation behind a colon; on its own page, on no sheet
)

// Actions are all actions, in the order of the sheet.
func Actions() []Action {
	return []Action{ActionOpened, ActionImplanted, ActionOpenedNotUsed, ActionWasted, ActionReturned, ActionTrial, ActionExplanted,
		ActionUndo, ActionQuantity, ActionOpen, ActionNextPatient, ActionClose, ActionYes, ActionNo, ActionLoan, ActionConsignment, ActionPick, ActionPair}
}

// sheetPrefix begins every code of this product's own sheets. Such a code stands
// in AI 99 of a GS1 symbol of its own, or is the whole text of a plain one:
//
//	(99)IMT:P:opcs-4:W371        a procedure
//	(99)IMT:A:implanted          an action
//	(99)IMT:A:quantity:4         an action with a number
//
// AI 99 is for a company's own use, so the prefix keeps other people's apart.
const sheetPrefix = "IMT:"

// SheetText is the text of a procedure's code on a sheet, for AI 99 or a plain
// symbol. Code must be of letters, digits and points.
func (p Procedure) SheetText() string { return sheetPrefix + "P:" + p.System + ":" + p.Code }

// SheetText is the text of an action's code on a sheet.
func (a Action) SheetText() string { return sheetPrefix + "A:" + string(a) }

// local takes a code from a sheet.
func (m *Meaning) local(body string, lead int) bool {
	text := strings.TrimPrefix(strings.TrimPrefix(body, "(99)"), "99")
	rest, ours := strings.CutPrefix(strings.TrimSuffix(text, "\x1d"), sheetPrefix)
	if !ours {
		return false
	}
	kind, code, _ := strings.Cut(rest, ":")
	switch kind {
	case "P":
		system, code, _ := strings.Cut(code, ":")
		if (system == SystemOPCS4 || system == SystemSNOMED || system == SystemLocal) && plainCode(code) {
			m.Kind, m.Procedure = KindProcedure, Procedure{system, code}
			m.sheet(body, lead, sheetPrefix+rest)
			return true
		}
	case "A":
		action, argument, given := strings.Cut(code, ":")
		for _, a := range Actions() {
			if string(a) == action && a.takes(argument, given) {
				m.Kind, m.Action = KindAction, Action(code)
				m.sheet(body, lead, sheetPrefix+rest)
				return true
			}
		}
	}
	return false
}

// sheet keeps the text of a sheet's code as the element it is, or would be.
func (m *Meaning) sheet(body string, lead int, value string) {
	at := lead + strings.Index(body, sheetPrefix)
	m.Elements = append(m.Elements, Element{AI: "99", Title: gs1.AI("99").Title(), Value: value, Offset: m.cleaned.Origin(at)})
}

// takes reports whether an action may have the argument, or none: a quantity is a
// whole number from 1 to 9999, an opening names a side, a pairing names a workstation, and a waste and an
// explant may have a reason.
func (a Action) takes(argument string, given bool) bool {
	switch {
	case a == ActionQuantity:
		return given && argument != "" && len(argument) <= 4 && onlyDigits(argument) && argument[0] != '0'
	case a == ActionOpen:
		return argument == "left" || argument == "right" || argument == "bilateral" || argument == "not-applicable"
	case a == ActionPair, a == ActionPick:
		return given && plainCode(argument)
	case a == ActionWasted, a == ActionExplanted:
		return !given || plainCode(argument)
	}
	return !given
}

// Split parts an action from the number or reason behind it.
func (a Action) Split() (action Action, argument string) {
	name, argument, _ := strings.Cut(string(a), ":")
	return Action(name), argument
}

// plainCode reports whether a code is of one to twenty letters, digits, points
// and hyphens.
func plainCode(s string) bool {
	if s == "" || len(s) > 20 {
		return false
	}
	for i := range len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && b != '.' && b != '-' {
			return false
		}
	}
	return true
}
