package trace

// Compaction says what writing a store anew came to.
type Compaction struct {
	Before int64 `json:"bytes_before"` // of the file
	After  int64 `json:"bytes_after"`
}
