// Package registry writes the record in the forms that registries and
// standards ask for, one file a form.
//
//	report, err := registry.WriteISO16054(w, procedures, registry.Options{Generated: now})
//	report.Rows       // devices that are or were in a patient
//	report.Lacking    // those rows that lack something the standard asks for
//	report.Incomplete // the first of them, by name
//	report.Left       // devices that are not rows, and why
//
// An export never says more than the record does: an empty cell is named in
// the row's "missing", a value that needs a second look in its "flags", and
// what is not in the file at all is counted in the [Report].
package registry
