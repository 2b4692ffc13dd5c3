package record

import "implantrace/internal/trace"

// StockKey is the key of a line of stock in Stock.
func StockKey(di string, id trace.StockID) []byte { return join(DIPrefix(di), id[:]) }

func foldStock(about []trace.Entry) (l trace.StockLine) {
	for _, e := range about {
		l.Take(e.Fact.(trace.StockFact), stamp(e))
	}
	return l
}
