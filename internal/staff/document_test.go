package staff_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"implantrace/internal/staff"
)

// docs/security.md shows the table as it is.
func TestTheTableOfPermissionsIsTheOneThatIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	yes := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	var table strings.Builder
	table.WriteString("| permission | lets somebody | roles | while locked | broken glass | programs |\n|---|---|---|---|---|---|\n")
	for _, l := range staff.Permissions() {
		var roles []string
		for _, r := range l.Roles {
			roles = append(roles, r.Words())
		}
		who := strings.Join(roles, ", ")
		switch {
		case l.Permission == staff.Anyone:
			who = "nobody need sign in"
		case len(roles) == len(staff.Roles()):
			who = "all"
		case len(roles) == 0:
			who = "none"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s | %s |\n", l.Permission, l.Words, who, yes(l.Locked), yes(l.Glass), yes(l.Programs))
	}
	if !strings.Contains(string(b), table.String()) {
		t.Errorf("docs/security.md has another table than:\n%s", table.String())
	}
}
