package fhir

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"time"

	"implantrace/internal/trace"
)

// Code systems and identifier systems.
const (
	systemSNOMED       = "http://snomed.info/sct"
	systemNHSNumber    = "https://fhir.nhs.uk/Id/nhs-number"
	systemODS          = "https://fhir.nhs.uk/Id/ods-organization-code"
	systemGLN          = "urn:oid:1.3.88" // HL7 terminology, NamingSystem GLN
	systemURI          = "urn:ietf:rfc:3986"
	systemDeviceAction = "http://hl7.org/fhir/device-action"
	issuerGS1          = "http://hl7.org/fhir/NamingSystem/gs1-di" // R4, Device.udiCarrier.issuer
	issuerHIBCC        = "http://hl7.org/fhir/NamingSystem/hibcc-dI"
	issuerBlood        = "http://hl7.org/fhir/NamingSystem/iccbba-blood-di" // ICCBBA's blood containers
	issuerICCBBA       = "http://hl7.org/fhir/NamingSystem/iccbba-other-di" // ICCBBA's other devices

	// NHSNumbers is the identifier system of NHS numbers.
	NHSNumbers = systemNHSNumber

	// DefaultOPCS4 is the code system of OPCS-4 unless [Options] says
	// otherwise. Publishers do not agree on one: https://fhir.nhs.uk/Id/opcs-4
	// is in use as well. Ask who receives the bundle.
	DefaultOPCS4 = "https://fhir.hl7.org.uk/CodeSystem/OPCS-4"
)

// Options are what an export must be told. The zero Options will do.
type Options struct {
	Generated time.Time // Bundle.timestamp; zero leaves it out
	OPCS4     string    // code system of OPCS-4; "" is DefaultOPCS4
	// LocalNumbers gives the identifier system of the local patient numbers
	// that an organisation issues, by its ODS code. A number whose issuer is
	// not here has no system; its assigner names the issuer.
	LocalNumbers map[string]string
}

// Report says what a bundle holds.
type Report struct {
	Procedures int            // procedures handed in
	Resources  map[string]int // entries written, by resource type
	Usages     map[string]int // usages handed in, by status ("not said" where there is none) or "withdrawn"
}

// WriteBundle writes the procedures as one Bundle, one entry a line, as they
// come. It keeps nothing but the ids of what it has written. No procedures
// give a valid Bundle without entries.
//
// When the first thing that procedures gives is an error, nothing is written.
// A later error, and an error of w, ends the text where it is: without its
// closing brackets it is no JSON, so that no reader can take what is cut for
// a whole. The error is returned with a report of what came before; errors of
// procedures keep their [trace.ErrorKind].
func WriteBundle(w io.Writer, procedures iter.Seq2[trace.ProcedureInFull, error], o Options) (Report, error) {
	if o.OPCS4 == "" {
		o.OPCS4 = DefaultOPCS4
	}
	b := &writer{
		out:     bufio.NewWriterSize(w, 64<<10),
		options: o,
		seen:    map[[16]byte]bool{},
		report:  Report{Resources: map[string]int{}, Usages: map[string]int{}},
	}
	for p, err := range procedures {
		if err != nil {
			err = fmt.Errorf("FHIR bundle is cut after %d procedures: %w", b.report.Procedures, err)
			if ferr := b.out.Flush(); ferr != nil {
				err = fmt.Errorf("%w (and it could not be written: %w)", err, ferr)
			}
			return b.report, err
		}
		b.report.Procedures++
		if b.write(p); b.err != nil {
			return b.report, fmt.Errorf("FHIR bundle: %w", b.err)
		}
	}
	b.begin()
	b.text(BundleEnd(b.entries))
	if b.err == nil {
		b.err = b.out.Flush()
	}
	if b.err != nil {
		return b.report, fmt.Errorf("FHIR bundle: %w", b.err)
	}
	return b.report, nil
}

// writer writes one bundle. Its first error stays and stops it.
type writer struct {
	out     *bufio.Writer
	options Options
	seen    map[[16]byte]bool // ids of the entries that are shared
	report  Report
	begun   bool
	entries int
	links   []PatientLink                              // of a patient that is written alone
	about   []trace.Stamp                              // of a patient that is written alone: the entries about it
	served  func(id string, kind string, resource any) // takes the resources of a server, in the place of a bundle
	piece   func(Piece)                                // takes the entries, likewise
	err     error
}

func (b *writer) text(s string) {
	if b.err == nil {
		_, b.err = b.out.WriteString(s)
	}
}

// begin writes the head of the bundle, once.
func (b *writer) begin() {
	if b.begun {
		return
	}
	b.begun = true
	b.text(BundleHead(b.options.Generated))
}

// entry writes one resource. A shared one is written only the first time.
func (b *writer) entry(id [16]byte, kind string, resource any, shared bool) {
	if b.served != nil {
		b.served(idOf(id), kind, resource)
		return
	}
	if b.err != nil || shared && b.seen[id] {
		return
	}
	if shared {
		b.seen[id] = true
	}
	line, err := encode(entry{FullURL: urn(id), Resource: resource})
	if err != nil {
		b.err = err
	}
	if b.piece != nil {
		b.piece(Piece{Name: urn(id), Shared: shared, JSON: line})
		return
	}
	b.begin()
	b.text(BundleBefore(b.entries))
	b.text(string(line))
	b.entries++
	b.report.Resources[kind]++
}

type entry struct {
	FullURL  string `json:"fullUrl"`
	Resource any    `json:"resource"`
}

// write writes one procedure and what belongs to it.
func (b *writer) write(p trace.ProcedureInFull) {
	subject := b.patient(p)
	b.procedure(p, subject)
	for _, u := range p.Usages {
		b.report.count(u.Usage)
		b.device(p, u, subject)
		b.use(p, u, subject)
	}
}
