package trace

import "time"

// What else an id can name.
type (
	OfNotice struct{}
	OfCase   struct{}
)

// The things that recalls add to the record.
type (
	NoticeID = ID[OfNotice]
	CaseID   = ID[OfCase]
)

// NoticeState is how a notice stands.
type NoticeState string

// The states of a notice. Devices are held against open ones.
const (
	NoticeOpen       NoticeState = "open"
	NoticeClosed     NoticeState = "closed"
	NoticeSuperseded NoticeState = "superseded" // by another
)

// NoticeStates lists them.
func NoticeStates() []NoticeState {
	return []NoticeState{NoticeOpen, NoticeClosed, NoticeSuperseded}
}

// NoticeFact says something of a recall notice.
type NoticeFact struct {
	Notice NoticeID    `json:"notice" cbor:"1,keyasint"`
	Body   []byte      `json:"body,omitempty" cbor:"2,keyasint,omitempty"` // the whole notice, as docs/notice.schema.json has it; each amendment is a whole one
	State  NoticeState `json:"state,omitempty" cbor:"3,keyasint,omitempty"`
	Later  NoticeID    `json:"superseded_by,omitzero" cbor:"4,keyasint,omitzero"`
	Answer Answered    `json:"answer,omitzero" cbor:"5,keyasint,omitzero"`
	Traced Traced      `json:"traced,omitzero" cbor:"6,keyasint,omitzero"`
	Name   string      `json:"name,omitempty" cbor:"7,keyasint,omitempty"` // with Body: what people call it
}

// Answered is what became of an action that a notice asks for. What was said of
// it is in the entry's Secret.
type Answered struct {
	Action string `json:"action" cbor:"1,keyasint"` // as the notice words it
	Answer string `json:"answer" cbor:"2,keyasint"` // done, not-applicable, or open again
}

// Traced is what the search came to with which cases were opened.
type Traced struct {
	At            time.Time     `json:"at" cbor:"1,keyasint"`   // when the list was complete
	Took          time.Duration `json:"took" cbor:"2,keyasint"` // from when the notice was handed in, in nanoseconds
	Confirmed     int           `json:"confirmed" cbor:"3,keyasint"`
	Possible      int           `json:"possible" cbor:"4,keyasint"`
	Precautionary int           `json:"precautionary" cbor:"5,keyasint"`
	People        int           `json:"people" cbor:"6,keyasint"`
}

// AttachmentFact is a document that belongs to a notice; its bytes are in the
// Secret.
type AttachmentFact struct {
	Attachment EventID  `json:"attachment" cbor:"1,keyasint"`
	Notice     NoticeID `json:"notice" cbor:"2,keyasint"`
	Name       string   `json:"name" cbor:"3,keyasint"`
	Type       string   `json:"type" cbor:"4,keyasint"` // media type
	Size       int      `json:"size" cbor:"5,keyasint"` // bytes
	SHA256     Hash     `json:"sha256" cbor:"6,keyasint"`
}

// CaseStatus is how far the work on one patient of a notice has come.
type CaseStatus string

// The statuses of a case.
const (
	CaseToReview    CaseStatus = "to-review"
	CaseContacting  CaseStatus = "contacting"
	CaseContacted   CaseStatus = "contacted"
	CaseAppointment CaseStatus = "appointment"
	CaseReviewed    CaseStatus = "reviewed"
	CaseKeep        CaseStatus = "keep"    // decided: the device stays
	CaseMonitor     CaseStatus = "monitor" // decided: it stays and is watched
	CaseExplant     CaseStatus = "explant" // decided: it is to be taken out
	CaseDeclined    CaseStatus = "declined"
	CaseUntraceable CaseStatus = "untraceable"
	CaseDied        CaseStatus = "died"
	CaseNotAffected CaseStatus = "not-affected" // with a reason
)

// CaseStatuses lists them in the order of the work.
func CaseStatuses() []CaseStatus {
	return []CaseStatus{CaseToReview, CaseContacting, CaseContacted, CaseAppointment, CaseReviewed, CaseKeep, CaseMonitor, CaseExplant,
		CaseDeclined, CaseUntraceable, CaseDied, CaseNotAffected}
}

// Settled reports whether nothing is left to do. A device that is to be taken out
// is in the patient still.
func (s CaseStatus) Settled() bool {
	switch s {
	case CaseKeep, CaseMonitor, CaseDeclined, CaseUntraceable, CaseDied, CaseNotAffected:
		return true
	}
	return false
}

// Value is the status as a form sends it.
func (s CaseStatus) Value() string { return string(s) }

func (s CaseStatus) String() string {
	switch s {
	case CaseToReview:
		return "to review"
	case CaseNotAffected:
		return "not affected"
	case CaseKeep, CaseMonitor, CaseExplant:
		return "decision: " + string(s)
	}
	return string(s)
}

// CaseFact says something of the work on one patient of a notice. Notes are in
// the Secret.
type CaseFact struct {
	Case      CaseID      `json:"case" cbor:"1,keyasint"`
	Notice    NoticeID    `json:"notice" cbor:"2,keyasint"` // in every fact of a case
	Patient   PatientID   `json:"patient,omitzero" cbor:"3,keyasint,omitzero"`
	Procedure ProcedureID `json:"procedure,omitzero" cbor:"4,keyasint,omitzero"` // where the patient is not recorded
	Usages    []UsageID   `json:"usages,omitempty" cbor:"5,keyasint,omitempty"`  // added
	Tier      string      `json:"tier,omitempty" cbor:"6,keyasint,omitempty"`    // the best of its usages
	Status    CaseStatus  `json:"status,omitempty" cbor:"7,keyasint,omitempty"`
	Owner     string      `json:"owner,omitempty" cbor:"8,keyasint,omitempty"`   // who works on it
	Due       string      `json:"due,omitempty" cbor:"9,keyasint,omitempty"`     // YYYY-MM-DD, of the next action
	Next      string      `json:"next,omitempty" cbor:"10,keyasint,omitempty"`   // action
	Seen      EventID     `json:"seen,omitzero" cbor:"11,keyasint,omitzero"`     // the last change that its author had seen
	Undoes    EventID     `json:"undoes,omitzero" cbor:"12,keyasint,omitzero"`   // a command, of which nothing is to count
	Letter    string      `json:"letter,omitempty" cbor:"13,keyasint,omitempty"` // a letter was made: of which kind, and to whom else
}

// Kind and Object of each.
func (NoticeFact) Kind() FactKind     { return KindNotice }
func (AttachmentFact) Kind() FactKind { return KindAttachment }
func (CaseFact) Kind() FactKind       { return KindCase }

func (f NoticeFact) Object() [16]byte     { return f.Notice }
func (f AttachmentFact) Object() [16]byte { return f.Attachment }
func (f CaseFact) Object() [16]byte       { return f.Case }

// Notice is what the record knows of a notice, without its body, which is in
// the entry at BodyAt.
type Notice struct {
	ID      NoticeID    `json:"id" cbor:"1,keyasint"`
	Name    string      `json:"name" cbor:"2,keyasint"`
	State   NoticeState `json:"state" cbor:"3,keyasint"`
	Later   NoticeID    `json:"superseded_by,omitzero" cbor:"4,keyasint,omitzero"`
	BodyAt  Position    `json:"body_at" cbor:"5,keyasint"`
	Body    EventID     `json:"body" cbor:"6,keyasint"` // the entry that said it: another for each amendment
	Answers []Answered  `json:"answers,omitempty" cbor:"7,keyasint,omitempty"`
	Traced  []Traced    `json:"traced,omitempty" cbor:"8,keyasint,omitempty"`
	History []Stamp     `json:"history" cbor:"9,keyasint"`
}

// Attachment is a recorded attachment.
type Attachment struct {
	AttachmentFact
	Stamp Stamp `json:"stamp" cbor:"20,keyasint"`
}

// Case is what the record knows of the work on one patient of a notice.
type Case struct {
	ID        CaseID      `json:"id" cbor:"1,keyasint"`
	Notice    NoticeID    `json:"notice" cbor:"2,keyasint"`
	Patient   PatientID   `json:"patient,omitzero" cbor:"3,keyasint,omitzero"`
	Procedure ProcedureID `json:"procedure,omitzero" cbor:"4,keyasint,omitzero"`
	Usages    []UsageID   `json:"usages,omitempty" cbor:"5,keyasint,omitempty"`
	Tier      string      `json:"tier" cbor:"6,keyasint"`
	Status    CaseStatus  `json:"status" cbor:"7,keyasint"`
	Owner     string      `json:"owner,omitempty" cbor:"8,keyasint,omitempty"`
	Due       string      `json:"due,omitempty" cbor:"9,keyasint,omitempty"`
	Next      string      `json:"next,omitempty" cbor:"10,keyasint,omitempty"`
	History   []CaseStep  `json:"history" cbor:"11,keyasint"`
}

// Last is the last change of the case.
func (c Case) Last() EventID { return c.History[len(c.History)-1].Stamp.Event }

// CaseStep is one change of a case.
type CaseStep struct {
	Stamp   Stamp      `json:"stamp" cbor:"1,keyasint"`
	Command EventID    `json:"command" cbor:"2,keyasint"`
	Status  CaseStatus `json:"status,omitempty" cbor:"3,keyasint,omitempty"` // said
	Owner   string     `json:"owner,omitempty" cbor:"4,keyasint,omitempty"`
	Due     string     `json:"due,omitempty" cbor:"5,keyasint,omitempty"`
	Next    string     `json:"next,omitempty" cbor:"6,keyasint,omitempty"`
	Usages  int        `json:"usages,omitempty" cbor:"7,keyasint,omitempty"`   // added
	Undone  bool       `json:"undone,omitempty" cbor:"8,keyasint,omitempty"`   // later
	Undoes  bool       `json:"undoes,omitempty" cbor:"9,keyasint,omitempty"`   // takes an earlier one back
	Crossed bool       `json:"crossed,omitempty" cbor:"10,keyasint,omitempty"` // its author had not seen the change before it
	Letter  string     `json:"letter,omitempty" cbor:"11,keyasint,omitempty"`  // a letter was made
}
