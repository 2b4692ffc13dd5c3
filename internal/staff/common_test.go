package staff

import (
	"strings"
	"testing"

	"implantrace/internal/bounds"
)

// Passwords that are tried first are refused; words that do not belong together
// are not, and neither is what a generator made.
func TestPasswordsThatAreTriedFirstAreRefused(t *testing.T) {
	about := []string{"nell.nurse", "Nell Nurse"}
	for _, p := range []string{
		"password1234", "Password1234!", "P@ssw0rd1234", "passwordpassword", "unbelievable", "manchesterunited", "iloveyou123456", "qwertyuiop123", "1q2w3e4r5t6y",
		"letmeinletmein", "january201988", "Summer2026Summer", "liverpoolfc1892", "123456789012", "implantrace2026", "Implantrace!2026", "nell.nurse2026", "NurseNell1984",
		"Theatre123456", "nhsnhsnhsnhs1", "hospital2026!", "ghjatccbjyfk", "GHJATCCBJYFK", "aaaaaaaaaaaaaaaa", "abcdefghijklmnop", "qazwsxedcrfv",
		strings.Repeat("password", 16), strings.Repeat("ab", 64),
	} {
		if err := goodPassword(p, about...); err == nil {
			t.Errorf("%q is taken", p)
		}
	}
	for _, p := range []string{"correct horse battery staple", "otter lamp gravel", "blue kettle friday", "kxvbwqzjtrnd", "v7#Kq2!mZp0x", "žluťoučký kůň pěl", strings.Repeat("žluťoučký kůň ", 9)} {
		if err := goodPassword(p, about...); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// What somebody types costs little to look at, whatever it is.
func FuzzPassword(f *testing.F) {
	for _, s := range []string{strings.Repeat("4({<1!|0$5+7%2", 9), strings.Repeat("4@", 64), strings.Repeat("19991231", 16), strings.Repeat("a", 128), "\xff", "Nell Nurse 1984"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, password, about string) {
		if len(about) > 200 { // no account has a longer name
			t.Skip()
		}
		bounds.Hold(t, func() {
			if err := goodPassword(password, about); err == nil && len(password) < PasswordLeast {
				t.Errorf("%q is taken", password)
			}
		})
	})
}
