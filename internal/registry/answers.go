package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Answer says the whole of what is answered to a registry's questions about one
// side of a procedure. It takes the place of earlier answers.
type Answer struct {
	command.Meta
	Procedure trace.ProcedureID `json:"procedure"`
	Side      trace.Side        `json:"side,omitempty"` // of a procedure on both, which; else as the procedure's
	Section   string            `json:"section"`        // one of [JointSections]
	Answers   []Answered        `json:"answers"`        // what is left out or empty is not answered
}

// Answered is the answer to one question.
type Answered struct {
	Key   string `json:"key"` // as of [AnswerKey]
	Value string `json:"value"`
}

// Record carries the command out. Answers that no element of the section asks for
// are refused, and so are those whose form or code is wrong; what is missing is
// not.
func (a Answer) Record(ctx context.Context, r command.Recorder) error {
	canon, _, done, err := r.Before(ctx, a.ID, "answer a registry's questions", a)
	if done {
		return err
	}
	p, err := r.Store.Procedure(ctx, a.Procedure)
	if err != nil {
		return err
	}
	if p.Withdrawn {
		return trace.Errorf(trace.Conflict, "This procedure was withdrawn from the record. Restore it, or name another.")
	}
	sides := Case{ProcedureInFull: trace.ProcedureInFull{Procedure: p}}.Sides()
	if a.Side == "" && len(sides) == 1 {
		a.Side = sides[0]
	}
	if !slices.Contains(sides, a.Side) {
		return trace.Errorf(trace.Invalid, "The procedure is not on the side %q. Answer for %s.", string(a.Side), strings.Join(words(sides), " and for "))
	}
	section, ok := SectionNamed(a.Section)
	if !ok {
		return trace.Errorf(trace.Invalid, "There is no operation called %q. Choose a joint, and whether it is the first operation.", a.Section)
	}
	answers := map[string]string{}
	for _, one := range a.Answers {
		v := strings.TrimSpace(one.Value)
		switch {
		case v == "":
		case answers[one.Key] != "":
			return trace.Errorf(trace.Invalid, "%q is answered twice.", one.Key)
		default:
			answers[one.Key] = v
		}
	}
	asked := map[string]bool{}
	for _, e := range section.Elements() {
		if e.Key == keyCatalogue || e.Key == keyLot {
			continue
		}
		k := AnswerKey(e)
		asked[k] = true
		if err := e.Check(answers[k]); err != nil {
			return trace.Errorf(trace.Invalid, "%s: %w.", Label(e), err)
		}
		if notAsked(e, answers) != "" {
			delete(answers, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(answers)) {
		if !asked[k] {
			return trace.Errorf(trace.Invalid, "%q is no question about this operation.", k)
		}
	}
	text, err := json.Marshal(answers) // with its keys in order
	if err != nil {
		return fmt.Errorf("answers: %w", err)
	}
	_, err = r.Record(ctx, a.Meta, canon, trace.Draft{
		Fact:   trace.AnswersFact{Procedure: a.Procedure, Form: FormNJR, Side: a.Side, Section: a.Section},
		Secret: &trace.Secret{Answers: string(text)}, Subject: p.Patient,
	})
	return err
}

func words(sides []trace.Side) []string {
	all := make([]string, len(sides))
	for i, s := range sides {
		all[i] = "the " + string(s)
		if s == "" {
			all[i] = "no side"
		}
	}
	return all
}

// OpenAnswers reads sealed answers; none where the patient was erased.
func OpenAnswers(ctx context.Context, f trace.Finder, a trace.Answers) (map[string]string, error) {
	s, err := f.Secret(ctx, a.Stamp.Position)
	if err != nil || s == nil {
		return nil, err
	}
	var answers map[string]string
	if err := json.Unmarshal([]byte(s.Answers), &answers); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnreadable, err)
	}
	return answers, nil
}
