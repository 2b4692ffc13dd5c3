package api

import (
	"crypto/sha256"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"implantrace/internal/transport"
)

// Limits are how many requests are answered, so that one program or one machine
// leaves the others their share. The zero value of a field means the usual, which
// is far beyond what people and pages do.
type Limits struct {
	FromAddress int // requests a second; 400. Of IPv6, from one network of 64 bits
	OfSession   int // requests a second of one sign-in or token; 100
}

const (
	fromAddressUsual = 400
	ofSessionUsual   = 100
	// burst is for how many seconds' worth somebody may ask at once.
	burst = 5
	// knownMost is how many addresses and sessions are told apart. What comes on
	// top shares one allowance.
	knownMost = 20_000
)

// limiter counts requests.
type limiter struct {
	address, session *buckets
}

func newLimiter(l Limits) *limiter {
	if l.FromAddress <= 0 {
		l.FromAddress = fromAddressUsual
	}
	if l.OfSession <= 0 {
		l.OfSession = ofSessionUsual
	}
	return &limiter{newBuckets(l.FromAddress), newBuckets(l.OfSession)}
}

// wait is how long a request would have to wait for its turn; 0: not at all.
func (l *limiter) wait(r *http.Request, now time.Time) time.Duration {
	if w := l.address.take(key(addressOf(r)), now); w > 0 {
		return w
	}
	if shown := shownBy(r); shown != "" {
		return l.session.take(key(shown), now)
	}
	return 0
}

func addressOf(r *http.Request) string {
	if p := transport.Network(r.RemoteAddr); p != (netip.Prefix{}) {
		return p.String()
	}
	return r.RemoteAddr
}

// shownBy is what a request shows to say who it is from, true or not.
func shownBy(r *http.Request) string {
	if token := r.Header.Get(echo.HeaderAuthorization); token != "" {
		return token
	}
	if session := cookieOf(r, sessionCookie); session != "" {
		return session
	}
	return cookieOf(r, machineCookie)
}

// bucketKey is a hash, so that no cookie or token stays in memory here.
type bucketKey [16]byte

func key(s string) bucketKey {
	sum := sha256.Sum256([]byte(s))
	return bucketKey(sum[:16])
}

// buckets hold one allowance for each key that asked of late.
type buckets struct {
	limit rate.Limit
	burst int

	mu     sync.Mutex
	known  map[bucketKey]*rate.Limiter
	others *rate.Limiter // of those that found no room in known
	swept  time.Time
}

func newBuckets(perSecond int) *buckets {
	b := &buckets{limit: rate.Limit(perSecond), burst: burst * perSecond, known: make(map[bucketKey]*rate.Limiter)}
	b.others = rate.NewLimiter(b.limit, b.burst)
	return b
}

func (b *buckets) take(k bucketKey, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.known[k]
	if l == nil {
		if len(b.known) >= knownMost || now.Sub(b.swept) > time.Minute {
			b.sweep(now)
		}
		if l = b.others; len(b.known) < knownMost {
			l = rate.NewLimiter(b.limit, b.burst)
			b.known[k] = l
		}
	}
	if l.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - l.TokensAt(now)) / float64(b.limit) * float64(time.Second))
}

// sweep forgets those whose allowance is whole again. It looks at all of them at
// most once a second.
func (b *buckets) sweep(now time.Time) {
	if now.Sub(b.swept) < time.Second {
		return
	}
	b.swept = now
	for k, l := range b.known {
		if l.TokensAt(now) >= float64(b.burst) {
			delete(b.known, k)
		}
	}
}

// sharedOut refuses requests beyond the limits, before anything of them is looked
// at. What an operator asks through the socket has none.
func (s *Server) sharedOut(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if fromSocket(c.Request().Context()) {
			return next(c)
		}
		wait := s.limiter.wait(c.Request(), time.Now())
		if wait == 0 {
			return next(c)
		}
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		return &problemError{Problem{Type: problemSpace + "too-many", Title: "Too many requests", Status: http.StatusTooManyRequests,
			Detail: "More requests came from here than one machine or one sign-in may send. Nothing was recorded by this one: send it again, with the same id, after the time that Retry-After says."}}
	}
}
