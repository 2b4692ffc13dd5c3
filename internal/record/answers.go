package record

import "implantrace/internal/trace"

// AnswersKey is the key of a form about one side of a procedure.
func AnswersKey(p trace.ProcedureID, form string, side trace.Side) []byte {
	return join(p[:], []byte(form), []byte{0}, []byte(side))
}

// foldAnswers takes the last that were given.
func foldAnswers(about []trace.Entry) (a trace.Answers) {
	for _, e := range about {
		a.AnswersFact, a.Stamp = e.Fact.(trace.AnswersFact), stamp(e)
		a.History = append(a.History, a.Stamp)
	}
	return a
}
