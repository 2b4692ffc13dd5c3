package staff

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// FormToken is what a page's forms carry, so that a request that a browser was
// made to send without its page is told from one of the page. Both halves come
// from cookies that no script can read: that of the session, and that of the
// theatre machine. It needs no memory, so a page's token is good as long as its
// cookie is; and a page that was loaded by one person sends nothing as another.
func FormToken(session, machine string) string { return half(session) + "." + half(machine) }

// SameForm reports whether a token belongs to a session's cookie. What a locked
// theatre page sends (scan) may belong to the machine's cookie alone.
func SameForm(token, session, machine string, scan bool) bool {
	s, m, ok := strings.Cut(token, ".")
	if !ok {
		return false
	}
	if session != "" && same(s, half(session)) {
		return true
	}
	return (scan || session == "") && machine != "" && same(m, half(machine))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// half is a cookie's part of a token; "" without one.
func half(cookie string) string {
	if cookie == "" {
		return ""
	}
	h := sha256.Sum256([]byte("implantrace form\x00" + cookie))
	return base64.RawURLEncoding.EncodeToString(h[:18])
}
