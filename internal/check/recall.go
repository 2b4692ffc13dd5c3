package check

import "implantrace/internal/trace"

// recall: this node keeps no notices to hold a device against, and a device
// that nobody held against them must not look cleared.
func recall(Facts) trace.Check {
	return answer("recall", trace.NotChecked, "Not compared with recall notices: this node keeps none.")
}
