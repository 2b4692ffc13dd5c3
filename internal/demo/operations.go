package demo

import "implantrace/internal/trace"

// specialty says which team operates.
type specialty int

const (
	joints specialty = iota
	eyes
	heart
	general
)

// operation is a kind of procedure and the devices it takes.
type operation struct {
	specialty  specialty
	code       trace.Code
	sides      []trace.Side
	indication string
	minutes    int
	devices    []kind
	location   string // of the devices; the side is put before it
	often      int    // of 200
}

func opcs(code, text string) trace.Code { return trace.Code{System: "OPCS-4", Code: code, Text: text} }

var (
	leftRight = []trace.Side{trace.SideLeft, trace.SideRight}

	operations = []operation{
		{joints, opcs("W37.1", "Primary total prosthetic replacement of hip joint using cement"), leftRight, "Osteoarthritis of hip", 95, []kind{stem, head, cup, liner, screw}, "hip", 42},
		{joints, opcs("W38.1", "Primary total prosthetic replacement of hip joint not using cement"), leftRight, "Osteoarthritis of hip", 85, []kind{stem, head, cup, liner}, "hip", 18},
		{joints, opcs("W40.1", "Primary total prosthetic replacement of knee joint using cement"), leftRight, "Osteoarthritis of knee", 90, []kind{femoral, tibial, insert}, "knee", 50},
		{eyes, opcs("C75.1", "Insertion of prosthetic replacement for lens"), leftRight, "Cataract", 25, []kind{lens}, "capsular bag", 43},
		{heart, opcs("K60.1", "Implantation of intravenous cardiac pacemaker system"), []trace.Side{trace.SideNone}, "Complete heart block", 60, []kind{pacemaker, lead, lead}, "left pectoral", 22},
		{general, opcs("T20.2", "Primary repair of inguinal hernia using insert of prosthetic material"), leftRight, "Inguinal hernia", 55, []kind{mesh}, "groin", 18},
	}

	hipRevision      = operation{joints, opcs("W37.3", "Revision of total prosthetic replacement of hip joint using cement"), nil, "Loosening of hip replacement", 150, nil, "hip", 0}
	pacemakerRemoval = operation{heart, opcs("K60.4", "Removal of intravenous cardiac pacemaker system"), nil, "Pocket infection", 45, nil, "left pectoral", 0}
)
