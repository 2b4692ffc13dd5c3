package casework

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// Office is where notices are worked on. It is safe for concurrent use.
type Office struct {
	command.Recorder
	// one: changes of cases are taken one after another, so that two people who
	// change one case at once are told.
	one sync.Mutex
	// ready are the matchers of notices, by the entry that said them: an entry never
	// changes.
	ready sync.Map
}

// SaveNotice records a notice and opens a case for everybody it means. Its id
// becomes the notice's.
type SaveNotice struct {
	command.Meta
	recall.Notice
}

// Save carries the command out and gives the notice.
func (o *Office) Save(ctx context.Context, c SaveNotice) (trace.NoticeID, error) {
	id := trace.NoticeID(c.ID)
	canon, _, done, err := o.Before(ctx, c.ID, "save notice", c)
	if done {
		return id, err
	}
	n, err := c.Notice.Checked()
	if err != nil {
		return id, err
	}
	if n.Title == "" || len(n.References) == 0 {
		return id, trace.Errorf(trace.Invalid, "A notice that is kept wants a title and a reference.")
	}
	return id, o.search(ctx, c.Meta, canon, id, n)
}

// AmendNotice puts another version of a notice in the place of the last, as when
// its lots are extended, and opens cases for whom it means besides. Nobody who has
// a case loses it.
type AmendNotice struct {
	command.Meta
	NoticeID trace.NoticeID `json:"-"`
	Seen     trace.EventID  `json:"seen"` // the version that was amended
	recall.Notice
}

// Amend carries the command out.
func (o *Office) Amend(ctx context.Context, c AmendNotice) error {
	canon, _, done, err := o.Before(ctx, c.ID, "amend notice "+c.NoticeID.String(), c)
	if done {
		return err
	}
	o.one.Lock()
	defer o.one.Unlock()
	was, err := o.Store.Notice(ctx, c.NoticeID)
	if err != nil {
		return err
	}
	if was.Body != c.Seen {
		return trace.Errorf(trace.Conflict, "The notice was amended meanwhile. Look at it again.")
	}
	n, err := c.Notice.Checked()
	if err != nil {
		return err
	}
	if n.Title == "" || len(n.References) == 0 {
		return trace.Errorf(trace.Invalid, "A notice that is kept wants a title and a reference.")
	}
	return o.search(ctx, c.Meta, canon, c.NoticeID, n)
}

// search records a notice with what it finds.
func (o *Office) search(ctx context.Context, meta command.Meta, canon []byte, id trace.NoticeID, n recall.Notice) error {
	start := o.Clock()
	m, err := n.Criteria.Compile(o.Zone())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(n); err != nil {
		return err
	}
	l, err := o.list(ctx, id, m)
	if err != nil {
		return err
	}
	fact := trace.NoticeFact{Notice: id, Body: bytes.TrimSpace(b.Bytes()), Name: n.Name(), Traced: l.traced(start, o.Clock())}
	drafts, err := o.opening(ctx, id, l)
	if err != nil {
		return err
	}
	_, err = o.Record(ctx, meta, canon, append([]trace.Draft{{Fact: fact}}, drafts...)...)
	return err
}

// Body is a notice as it was last said.
func (o *Office) Body(ctx context.Context, n trace.Notice) (body recall.Notice, err error) {
	b, err := o.Store.NoticeBody(ctx, n.BodyAt)
	if err != nil {
		return body, err
	}
	return body, json.Unmarshal(b, &body)
}

// Matcher is a notice's criteria, ready to be asked.
func (o *Office) Matcher(ctx context.Context, n trace.Notice) (*recall.Matcher, error) {
	if m, ok := o.ready.Load(n.Body); ok {
		return m.(*recall.Matcher), nil
	}
	body, err := o.Body(ctx, n)
	if err != nil {
		return nil, err
	}
	m, err := body.Criteria.Compile(o.Zone())
	if err != nil {
		return nil, err
	}
	o.ready.Store(n.Body, m)
	return m, nil
}

// SetState closes a notice, opens it again, or says that another takes its place.
type SetState struct {
	command.Meta
	NoticeID trace.NoticeID    `json:"-"`
	State    trace.NoticeState `json:"state"`
	Later    trace.NoticeID    `json:"superseded_by,omitzero"`
	Reason   string            `json:"reason,omitempty"` // sealed
}

// SetState carries the command out. A notice with work left to do, or of whom
// somebody has no case, is closed only with a reason.
func (o *Office) SetState(ctx context.Context, c SetState) error {
	canon, _, done, err := o.Before(ctx, c.ID, "set state of notice "+c.NoticeID.String(), c)
	if done {
		return err
	}
	n, err := o.Store.Notice(ctx, c.NoticeID)
	if err != nil {
		return err
	}
	c.Reason = strings.TrimSpace(c.Reason)
	switch {
	case !slices.Contains(trace.NoticeStates(), c.State):
		return trace.Errorf(trace.Invalid, "The state of a notice is one of %v.", trace.NoticeStates())
	case n.State == c.State:
		return trace.Errorf(trace.Conflict, "The notice is %s already.", n.State)
	case (c.State == trace.NoticeSuperseded) != !c.Later.IsZero():
		return trace.Errorf(trace.Invalid, "A superseded notice names the one that takes its place, and no other does.")
	case len(c.Reason) > noteMost:
		return trace.Errorf(trace.Invalid, "The reason is longer than %d characters.", noteMost)
	}
	if !c.Later.IsZero() {
		if c.Later == c.NoticeID {
			return trace.Errorf(trace.Invalid, "A notice cannot take its own place.")
		}
		if _, err := o.Store.Notice(ctx, c.Later); err != nil {
			return err
		}
	}
	if c.State == trace.NoticeClosed && c.Reason == "" {
		b, err := o.Board(ctx, c.NoticeID)
		if err != nil {
			return err
		}
		if b.Open > 0 || len(b.New) > 0 || b.Unanswered > 0 || b.OnShelf > b.PutAside {
			return trace.Errorf(trace.Conflict, "%d cases are open, %d people have none yet, %d actions are not answered, and %d devices lie on shelves and are not put aside. To close the notice all the same, say why.", b.Open, len(b.New), b.Unanswered, b.OnShelf-b.PutAside)
		}
	}
	d := trace.Draft{Fact: trace.NoticeFact{Notice: c.NoticeID, State: c.State, Later: c.Later}}
	if c.Reason != "" {
		d.Secret = &trace.Secret{Note: c.Reason}
	}
	_, err = o.Record(ctx, c.Meta, canon, d)
	return err
}

// AnswerAction says what became of an action that a notice asks for.
type AnswerAction struct {
	command.Meta
	NoticeID trace.NoticeID `json:"-"`
	Action   string         `json:"action"` // as the notice words it
	Answer   string         `json:"answer"` // done, not-applicable, open
	Note     string         `json:"note,omitempty"`
}

// Answers are the answers to an action.
func Answers() []string { return []string{"done", "not-applicable", "open"} }

// Answer carries the command out.
func (o *Office) Answer(ctx context.Context, c AnswerAction) error {
	canon, _, done, err := o.Before(ctx, c.ID, "answer action of "+c.NoticeID.String(), c)
	if done {
		return err
	}
	n, err := o.Store.Notice(ctx, c.NoticeID)
	if err != nil {
		return err
	}
	body, err := o.Body(ctx, n)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(body.Actions, c.Action):
		return trace.Errorf(trace.Invalid, "The notice asks for no such action.")
	case !slices.Contains(Answers(), c.Answer):
		return trace.Errorf(trace.Invalid, "The answer is one of %v.", Answers())
	case len(c.Note) > noteMost:
		return trace.Errorf(trace.Invalid, "The note is longer than %d characters.", noteMost)
	}
	d := trace.Draft{Fact: trace.NoticeFact{Notice: c.NoticeID, Answer: trace.Answered{Action: c.Action, Answer: c.Answer}}}
	if c.Note = strings.TrimSpace(c.Note); c.Note != "" {
		d.Secret = &trace.Secret{Note: c.Note}
	}
	_, err = o.Record(ctx, c.Meta, canon, d)
	return err
}

const (
	noteMost = 4000 // bytes
	lineMost = 200
)

// AttachmentMost is the largest document that is kept with a notice, in bytes.
const AttachmentMost = 10 << 20

// Attach keeps a document with a notice, sealed, and its hash in the open.
type Attach struct {
	command.Meta
	NoticeID trace.NoticeID
	Name     string
	Content  []byte `json:"-"`
	SHA256   trace.Hash
}

// Attach carries the command out; its id becomes the attachment's.
func (o *Office) Attach(ctx context.Context, c Attach) (trace.Attachment, error) {
	c.SHA256 = sha256.Sum256(c.Content)
	canon, _, done, err := o.Before(ctx, c.ID, "attach", c)
	if err == nil && !done {
		err = o.attach(ctx, c, canon)
	}
	if err != nil {
		return trace.Attachment{}, err
	}
	for a, err := range o.Store.Attachments(ctx, c.NoticeID) {
		if err != nil || a.Attachment == c.ID {
			return a, err
		}
	}
	return trace.Attachment{}, trace.Errorf(trace.NotFound, "the record has no such attachment")
}

func (o *Office) attach(ctx context.Context, c Attach, canon []byte) error {
	if _, err := o.Store.Notice(ctx, c.NoticeID); err != nil {
		return err
	}
	name := c.Name
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if name = strings.TrimSpace(name); strings.Trim(name, ".") == "" || len(name) > lineMost || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\ufffd' || r == '"' }) {
		return trace.Errorf(trace.Invalid, "The document wants a name of at most %d characters.", lineMost)
	}
	if len(c.Content) == 0 {
		return trace.Errorf(trace.Invalid, "The document is empty.")
	}
	if len(c.Content) > AttachmentMost {
		return trace.Errorf(trace.TooLarge, "A document has at most %d MB.", AttachmentMost>>20)
	}
	_, err := o.Record(ctx, c.Meta, canon, trace.Draft{Secret: &trace.Secret{Raw: string(c.Content)}, Fact: trace.AttachmentFact{Attachment: c.ID, Notice: c.NoticeID,
		Name: name, Type: http.DetectContentType(c.Content), Size: len(c.Content), SHA256: c.SHA256}})
	return err
}

// Attached is the content of an attachment. An error of kind NotFound means that
// there is none, or that its key is gone.
func (o *Office) Attached(ctx context.Context, n trace.NoticeID, id trace.EventID) (trace.Attachment, []byte, error) {
	for a, err := range o.Store.Attachments(ctx, n) {
		if err != nil {
			return a, nil, err
		}
		if a.Attachment != id {
			continue
		}
		s, err := o.Store.Secret(ctx, a.Stamp.Position)
		if err != nil {
			return a, nil, err
		}
		if s == nil || sha256.Sum256([]byte(s.Raw)) != a.SHA256 {
			return a, nil, trace.Errorf(trace.NotFound, "The document cannot be opened: its key is gone.")
		}
		return a, []byte(s.Raw), nil
	}
	return trace.Attachment{}, nil, trace.Errorf(trace.NotFound, "the record has no such attachment")
}
