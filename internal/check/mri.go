package check

import "implantrace/internal/trace"

// mri: is it known whether the patient may be scanned by magnetic resonance?
var mri = Rule{ID: "mri", Asks: "Is its MRI status known?", Level: trace.Note, Hazard: "HAZ-55", Wants: wants("mri"), Ask: func(f Facts) Finding {
	switch a := f.attributes(); {
	case f.Product == nil || f.Product.Withdrawn, a.Implantable == trace.No: // the rule on the product says so
		return notApplicable
	case a.MRI == "":
		return fail("Its MRI status is not in the catalogue.")
	case a.MRI == trace.MRINotStated:
		return fail("The label says nothing of magnetic resonance.")
	case a.MRI == trace.MRIUnsafe:
		return fail("It is MR unsafe: tell whoever asks for a scan later.")
	case a.MRI == trace.MRIConditional:
		return pass("It is MR conditional.")
	}
	return pass("It is MR safe.")
}}
