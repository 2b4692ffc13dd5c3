package journal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// A statement is something else than a checkpoint that a node signs: a note whose
// first line says what kind it is, so that neither is ever taken for the other.
const statementPrefix = "implantrace/statement/"

// StatementMost bounds a signed statement, in bytes: the body of a notice with
// 100,000 serial numbers fits.
const StatementMost = 32 << 20

// ErrStatement means that a text is no statement of the kind that was asked for.
var ErrStatement = errors.New("not a signed statement of this kind")

// Attest signs a statement. Its body is one line.
func (s Signer) Attest(kind string, body []byte) ([]byte, error) {
	if bytes.ContainsAny(body, "\n\r") || strings.ContainsAny(kind, "\n ") {
		return nil, fmt.Errorf("journal: a statement has one line")
	}
	b, err := note.Sign(&note.Note{Text: statementPrefix + kind + "\n" + string(body) + "\n"}, s.Signer)
	if err != nil {
		return nil, fmt.Errorf("journal: sign statement: %w", err)
	}
	return b, nil
}

// OpenStatement reads a signed statement of a kind. It gives what the statement
// says even when none of the keys signed it; the error is then [ErrSignature].
// signer is the name of the key that did.
func OpenStatement(kind string, signed []byte, keys ...note.Verifier) (body []byte, signer string, err error) {
	if len(signed) > StatementMost {
		return nil, "", fmt.Errorf("%w: it is too long", ErrStatement)
	}
	text := strings.ReplaceAll(string(signed), "\r\n", "\n")
	n, err := note.Open([]byte(text), note.VerifierList(keys...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case err == nil:
		signer, text = n.Sigs[0].Name, n.Text
	case errors.As(err, &unverified):
		err, text = ErrSignature, unverified.Note.Text
	case errors.As(err, &invalid):
		whole, _, _ := strings.Cut(text, "\n\n")
		err, text = fmt.Errorf("%w: it was changed after %s signed it", ErrSignature, invalid.Name), whole+"\n"
	default:
		return nil, "", fmt.Errorf("%w: %v", ErrStatement, err)
	}
	first, rest, ok := strings.Cut(text, "\n")
	line, after, ended := strings.Cut(rest, "\n")
	if !ok || !ended || after != "" || first != statementPrefix+kind {
		return nil, "", ErrStatement
	}
	return []byte(line), signer, err
}
