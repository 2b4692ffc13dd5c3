package registry

import "implantrace/internal/trace"

// pickedFlags are what a person must know of a device that was taken out of a set by
// choosing it in a list, and of one that was typed and that nobody else compared with
// its label.
func pickedFlags(u trace.Usage) (flags []string) {
	if u.LotUnknown() {
		flags = append(flags, "lot unknown: taken out of the set "+u.Picked.Name+", no code of it was read")
	}
	if u.AwaitsSecond() {
		flags = append(flags, "not confirmed by a second person")
	}
	if words := u.Supply.String(); words != "" {
		flags = append(flags, words)
	}
	return flags
}
