package staff

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"implantrace/internal/trace"
)

// cost is what trying one password or PIN costs: argon2id as OWASP's cheat sheet
// of password storage recommends it, 19 MiB and two passes.
type cost struct {
	memory uint32 // KiB
	passes uint32
}

var usualCost = cost{19 * 1024, 2}

const (
	saltSize = 16
	hashSize = 32
	// atOnce bounds the memory of what is tried at the same time.
	atOnce = 4
)

// trying holds one place for each that is tried at once.
var trying = make(chan struct{}, atOnce)

// hashOf is what a password or PIN is checked against, in the usual form of
// argon2id.
func hashOf(secret string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	return encoded(salt, derive(secret, salt, usualCost), usualCost)
}

func encoded(salt, hash []byte, c cost) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.memory, c.passes, b.EncodeToString(salt), b.EncodeToString(hash))
}

func derive(secret string, salt []byte, c cost) []byte {
	trying <- struct{}{}
	defer func() { <-trying }()
	// A short copy shares its 16 bytes of memory with others, and would live as long
	// as they do.
	b := []byte(secret)
	defer clear(b)
	return argon2.IDKey(b, salt, c.passes, c.memory, 1, hashSize)
}

// matches reports whether a secret is the one that was hashed. It takes as long
// for what was never hashed (hash is ""), so that its time tells nobody who has
// an account.
func matches(hash, secret string) bool {
	var version int
	var c cost
	var salt, want []byte
	head, rest, _ := strings.Cut(strings.TrimPrefix(hash, "$argon2id$"), ",p=1$")
	if _, err := fmt.Sscanf(head, "v=%d$m=%d,t=%d", &version, &c.memory, &c.passes); err != nil || version != argon2.Version {
		derive(secret, make([]byte, saltSize), usualCost)
		return false
	}
	s, h, _ := strings.Cut(rest, "$")
	var err, herr error
	salt, err = base64.RawStdEncoding.DecodeString(s)
	want, herr = base64.RawStdEncoding.DecodeString(h)
	if err != nil || herr != nil {
		return false
	}
	return subtle.ConstantTimeCompare(derive(secret, salt, c), want) == 1
}

// newKey makes what a machine or a program shows of itself: 256 random bits,
// which no search finds, so that a plain hash of it may be kept.
func newKey() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

func keyHash(key string) string {
	h := sha256.Sum256([]byte("implantrace key\x00" + key))
	return hex.EncodeToString(h[:])
}

// newCode makes a one-time code that a person types: 80 random bits, in capitals
// and digits that are not taken for one another.
func newCode() string {
	b := make([]byte, 10)
	rand.Read(b) // never fails (crypto/rand)
	c := base32.NewEncoding("ABCDEFGHJKMNPQRSTVWXYZ0123456789").EncodeToString(b)
	return c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
}

// typedCode is a one-time code as it was typed.
func typedCode(s string) string {
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
}

// How long a password and a PIN are.
const (
	PasswordLeast = 12
	PasswordMost  = 128
	PINLeast      = 6
	PINMost       = 8
)

// goodPassword says what is wrong with a password. There are no rules of
// characters (ASVS 5.0, 6.2.5), only length and what anybody would try first.
// about are words of whoever chooses it.
func goodPassword(password string, about ...string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return trace.Errorf(trace.Invalid, "The password is not valid UTF-8.")
	case n < PasswordLeast || n > PasswordMost:
		return trace.Errorf(trace.Invalid, "A password has %d to %d characters. Three or four words that do not belong together are easy to remember.", PasswordLeast, PasswordMost)
	}
	if simple(password) {
		return trace.Errorf(trace.Invalid, "This password is one character again and again, or a run of them. Choose another.")
	}
	if guessable(password, about...) {
		return trace.Errorf(trace.Invalid, "This password is made of what anybody would try first: common passwords, names, dates, runs on the keyboard. Choose another.")
	}
	return nil
}

func goodPIN(pin string) error {
	digits := strings.IndexFunc(pin, func(r rune) bool { return r < '0' || r > '9' }) < 0
	switch {
	case !digits || len(pin) < PINLeast || len(pin) > PINMost:
		return trace.Errorf(trace.Invalid, "A PIN has %d to %d digits.", PINLeast, PINMost)
	case simple(pin):
		return trace.Errorf(trace.Invalid, "This PIN is one digit again and again, or a run of them. Choose another.")
	}
	return nil
}

// simple reports whether the steps from each character to the next are all the
// same.
func simple(s string) bool {
	r := []rune(s)
	for i := 2; i < len(r); i++ {
		if r[i]-r[i-1] != r[1]-r[0] {
			return false
		}
	}
	return true
}
