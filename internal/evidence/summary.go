package evidence

import (
	"fmt"
	"html"
	"strings"
	"time"

	"implantrace/internal/document"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// listedMost is how many matches the summary lists; the tables have all.
const listedMost = 300

// summary is how the notice stands, on paper.
func (p *Pack) summary(checks checkpoints) ([]byte, error) {
	style := document.Style{Title: "Evidence: " + p.manifest.Name, Made: p.manifest.Made, Wide: true, Footer: "Evidence of " + clip(p.manifest.Name, 80) + ", " + p.manifest.Made.Format(time.RFC3339)}
	if p.manifest.Drill {
		style.Mark = "DRILL"
	}
	d := document.New(style)
	var b strings.Builder
	say := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = html.EscapeString(settable(s))
			}
		}
		fmt.Fprintf(&b, format, args...)
	}
	say("<h1>%s</h1>", p.manifest.Name)
	if p.manifest.Drill {
		say("<p><strong>This was a drill on a copy of the record. Nothing of it was done to a patient.</strong></p>")
	}
	say("<p>%s. Made %s at %s.</p>", strings.ToUpper(string(p.notice.State[:1]))+string(p.notice.State[1:]), p.manifest.Made.In(p.zone).Format("2 January 2006, 15:04 MST"), p.manifest.Program)
	say("<h2>Numbers</h2><ul>")
	say("<li>Devices: %d confirmed, %d possible, %d precautionary.</li>", p.board.Tiers.Confirmed, p.board.Tiers.Possible, p.board.Tiers.Precautionary)
	say("<li>Cases: %d, of which %d are settled and %d open; %d are late. %d people are in no case.</li>", len(p.board.Cases), p.board.Settled, p.board.Open, p.board.Late, len(p.board.New))
	for _, s := range trace.CaseStatuses() {
		if n := p.board.ByStatus[s]; n > 0 {
			say("<li>%s: %d</li>", s.String(), n)
		}
	}
	say("<li>On shelves: %d devices, of which %d are put aside.</li>", p.board.OnShelf, p.board.PutAside)
	for _, t := range p.notice.Traced {
		say("<li>Time to trace: %s, on %s: %d people.</li>", t.Took.Round(time.Millisecond).String(), t.At.In(p.zone).Format("2 January 2006, 15:04"), t.People)
	}
	say("</ul>")
	if len(p.body.Actions) > 0 {
		say("<h2>Required actions</h2><table><tr><th>Action</th><th>Answer</th></tr>")
		for _, a := range p.body.Actions {
			answer := "not answered"
			for _, x := range p.notice.Answers {
				if x.Action == a {
					answer = x.Answer
				}
			}
			say("<tr><td>%s</td><td>%s</td></tr>", a, answer)
		}
		say("</table>")
	}
	say("<h2>What this rests on</h2><ul>")
	for _, line := range p.board.Coverage.Words(p.zone) {
		say("<li>%s</li>", line)
	}
	say("</ul><h2>Proof</h2><p>%d entries of the journal are proved against these checkpoints. The key that signed them: %s</p><ul>", len(p.positions), checks.Key)
	for _, note := range checks.Notes {
		say("<li>%s</li>", strings.Join(strings.Fields(note), " "))
	}
	say("</ul><h2>Matches (%d)</h2>", len(p.matches))
	say("<table><tr><th>Tier</th><th>State</th><th>Used</th><th>Device</th><th>Patient</th><th>Why</th></tr>")
	for i, m := range p.matches {
		if i == listedMost {
			break
		}
		used := ""
		if !m.Used.IsZero() {
			used = m.Used.In(p.zone).Format(time.DateOnly)
		}
		say("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>", string(m.Tier), string(m.State), used, deviceWords(m), whoWords(m), strings.Join(m.Why, "; "))
	}
	say("</table>")
	if n := len(p.matches) - listedMost; n > 0 {
		say("<p>%d more stand in matches.csv.</p>", n)
	}
	if err := d.Page(b.String()); err != nil {
		return nil, err
	}
	return d.PDF()
}

func deviceWords(m Match) string {
	s := "DI " + m.Device.DI
	if m.Device.DI == "" {
		s = "no DI"
	}
	for _, x := range [][2]string{{"lot", m.Device.Lot}, {"serial", m.Device.Serial}} {
		if x[1] != "" {
			s += ", " + x[0] + " " + x[1]
		}
	}
	return s
}

func whoWords(m Match) string {
	switch {
	case m.State == recall.StateOnShelf || m.State == recall.StateLeftShelf:
		return fmt.Sprintf("shelf: %s, %d there, %d put aside", m.Place, m.Pieces, m.PutAside)
	case m.Patient.IsZero():
		return "patient not recorded"
	case m.Identity.Family+m.Identity.Given+m.Identity.NHSNumber != "":
		return strings.TrimSpace(m.Identity.Family + ", " + m.Identity.Given + " " + m.Identity.NHSNumber)
	}
	return m.Patient.String()
}

// settable puts a question mark in the place of each letter that the fonts do not
// have: the tables have the name as it is.
func settable(s string) string {
	missing, err := document.Missing(s)
	if err != nil || len(missing) == 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		for _, m := range missing {
			if r == m {
				return '?'
			}
		}
		return r
	}, s)
}

func clip(s string, most int) string {
	r := []rune(s)
	if len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
