package trace_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"implantrace/internal/trace"
)

func TestAnErrorKeepsItsKindAndItsCause(t *testing.T) {
	err := trace.Errorf(trace.Full, "the disk is full: %w", io.ErrShortWrite)
	if trace.KindOf(err) != trace.Full || !errors.Is(err, io.ErrShortWrite) || err.Error() != "the disk is full: short write" {
		t.Errorf("%v", err)
	}
	if wrapped := fmt.Errorf("outer: %w", err); trace.KindOf(wrapped) != trace.Full {
		t.Error("wrapped, the kind is lost")
	}
	var e *trace.Error
	if !errors.As(err, &e) || e.Offset != -1 {
		t.Errorf("%+v", e)
	}
	for _, other := range []error{nil, io.EOF} {
		if trace.KindOf(other) != trace.Internal {
			t.Errorf("%v has a kind", other)
		}
	}
}
