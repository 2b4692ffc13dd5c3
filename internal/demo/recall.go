package demo

// RecallDI and RecallLot are a product and a lot that [Rows] has in several
// patients, and in some whose lot nobody wrote down: what a recall of them
// finds is worth showing. The lot stands once in other writing, is once
// explanted, and once was opened and not used.
const (
	RecallDI  = "09520140001039" // Northmoor Orthopaedics, Fellside femoral stem size 3
	RecallLot = "K4417B"

	recallWriting = "k-4417b" // as somebody typed it
)
