// Package evidence makes an evidence pack of a notice, and checks one without the
// database it was made from.
//
// A pack is a ZIP file: what the notice says, whom it means and why, what was done
// about each, what the answer rests on, and for every entry of the journal that this
// was worked out from, its proof against a signed checkpoint. What of an entry is
// sealed is shown with its salt, so that a name can be held against its commitment.
// A manifest lists every file with its hash, and the node signs the manifest.
//
// [Verify] works everything out again from the entries alone: the devices, the
// patients, the cases, and why the notice means each.
package evidence

// Format is the version of the pack.
const Format = 1

// The files of a pack.
const (
	fileReadme     = "README.txt"
	fileSummary    = "summary.pdf"
	fileNotice     = "notice.json"
	fileCoverage   = "coverage.json"
	fileMatches    = "matches.jsonl"
	fileMatchesCSV = "matches.csv"
	fileMatchesXL  = "matches.xlsx"
	fileActions    = "actions.jsonl"
	fileActionsCSV = "actions.csv"
	fileActionsXL  = "actions.xlsx"
	fileEntries    = "entries.jsonl"
	fileChecks     = "checkpoints.json"
	fileManifest   = "manifest.json"
	fileSigned     = "manifest.note"
)

// files are all but the manifest and its signature, in the order in which they
// stand in the pack.
func files() []string {
	return []string{fileReadme, fileSummary, fileNotice, fileCoverage, fileMatches, fileMatchesCSV, fileMatchesXL, fileActions, fileActionsCSV, fileActionsXL, fileEntries, fileChecks}
}

// statement is the kind of the statement that signs a manifest.
const statement = "evidence"
