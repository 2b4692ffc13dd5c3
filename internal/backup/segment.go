package backup

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A segment is a file of frames, each encrypted and sealed by AES-256-GCM: a
// frame that was cut off or changed does not open, and ends what is read. Its
// key is made from the key of its kind and a random salt at its head, so that
// counting frames as nonces never repeats one.
//
//	magic, 32 bytes of salt; for each frame 4 bytes of length, and so many bytes
const (
	segmentMagic = "implantrace-copy/1\n"
	saltSize     = 32
	frameMost    = 64 << 20
)

func segmentCipher(key, salt []byte) cipher.AEAD {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("implantrace segment"))
	m.Write(salt)
	block, err := aes.NewCipher(m.Sum(nil))
	if err != nil {
		panic("backup: " + err.Error()) // the key has 32 bytes
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic("backup: " + err.Error())
	}
	return g
}

func nonce(frame uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4, 12), frame) }

// segment is a segment that is written.
type segment struct {
	file   *os.File
	aead   cipher.AEAD
	frames uint64
	size   int64
	useful bool // something in it is durable that is nowhere else
}

// newSegment begins a segment behind prefix, which the caller has made.
func newSegment(path string, prefix, key []byte) (s *segment, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	s = &segment{file: f, aead: segmentCipher(key, salt)}
	if err := s.write(append(append(prefix, segmentMagic...), salt...)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return s, nil
}

func (s *segment) write(b []byte) error {
	n, err := s.file.Write(b)
	s.size += int64(n)
	return err
}

// append writes a frame; it is durable after sync.
func (s *segment) append(plain []byte) error {
	sealed := s.aead.Seal(make([]byte, 4, 4+len(plain)+s.aead.Overhead()), nonce(s.frames), plain, nil)
	binary.BigEndian.PutUint32(sealed, uint32(len(sealed)-4))
	s.frames++
	return s.write(sealed)
}

func (s *segment) sync() error { return s.file.Sync() }

func (s *segment) close() error { return s.file.Close() }

// errTorn means that a segment ends in the middle of a frame, or that a frame
// does not open: what stands before it counts.
var errTorn = errors.New("the segment is cut off or damaged")

// frames reads a segment's frames in order. It ends with io.EOF where the
// segment ends behind a whole frame, with errTorn where it does not.
type frames struct {
	in   *bufio.Reader
	aead cipher.AEAD
	n    uint64
}

func readFrames(in *bufio.Reader, key []byte) (*frames, error) {
	head := make([]byte, len(segmentMagic)+saltSize)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, torn(err)
	}
	if string(head[:len(segmentMagic)]) != segmentMagic {
		return nil, fmt.Errorf("%w (it does not begin as one)", errTorn)
	}
	return &frames{in: in, aead: segmentCipher(key, head[len(segmentMagic):])}, nil
}

func (f *frames) next() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.in, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, torn(err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > frameMost {
		return nil, errTorn
	}
	sealed := make([]byte, size)
	if _, err := io.ReadFull(f.in, sealed); err != nil {
		return nil, torn(err)
	}
	plain, err := f.aead.Open(sealed[:0], nonce(f.n), sealed, nil)
	if err != nil {
		return nil, errTorn
	}
	f.n++
	return plain, nil
}

// torn tells an end that came too early from a file that cannot be read.
func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}
