package backup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"github.com/fxamacker/cbor/v2"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A second copy is a folder of its node's name, with two kinds of segments:
//
//	log-00000001.seg      the rows of the logs; each process of the node begins one
//	keys-00000001-00000001.seg   the wrapped keys: generation and part
//
// A generation of keys begins with an age file, for the node's keys and each
// recovery recipient, that holds the keyring and the key of the
// segment; then come all wrapped keys there are, and those made since. After an
// erasure, another node key or other recipients a new generation is written and
// the old one removed: a key that was erased is in no file of the copy then. The
// logs stay: their key is the keyring's CopyKey.
const (
	copyPrefix = "implantrace-"
	markerName = "copy.json" // tells this folder from one of the same name on another disk
	segmentEnd = ".seg"
	segmentBig = 64 << 20 // bytes, after which another is begun
)

// FolderName is the name of a node's folder in a second copy.
func FolderName(node trace.NodeID) string { return copyPrefix + node.String() }

// codec is CBOR that takes what it wrote, and nothing twice.
var codec = func() (c struct {
	cbor.EncMode
	cbor.DecMode
}) {
	o := cbor.CoreDetEncOptions()
	o.Time = cbor.TimeRFC3339NanoUTC
	o.BinaryMarshaler = cbor.BinaryMarshalerByteString
	var err, derr error
	c.EncMode, err = o.EncMode()
	c.DecMode, derr = cbor.DecOptions{BinaryUnmarshaler: cbor.BinaryUnmarshalerByteString, DupMapKey: cbor.DupMapKeyEnforcedAPF,
		MaxArrayElements: 1 << 20}.DecMode()
	if err := errors.Join(err, derr); err != nil {
		panic("backup: " + err.Error()) // constants; cannot happen at run time
	}
	return c
}()

// logFrame is a frame of a log segment. The first of each segment says where
// every log stood when it was begun.
type logFrame struct {
	Start    []trace.Position `cbor:"1,keyasint,omitempty"`
	Shipment *trace.Shipment  `cbor:"2,keyasint,omitempty"`
}

// keysFrame is a frame of a keys segment.
type keysFrame struct {
	Keys  []trace.SubjectKey `cbor:"1,keyasint,omitempty"`
	Whole bool               `cbor:"2,keyasint,omitempty"` // all keys that there were have been written
}

// generation is what the age file at the head of a keys segment holds.
type generation struct {
	Changes uint64 `cbor:"1,keyasint"` // of the keyring, as the store counts them
	Keyring []byte `cbor:"2,keyasint"` // the key file
	Key     []byte `cbor:"3,keyasint"` // of this segment
	Name    string `cbor:"4,keyasint"` // of the node
	// Recovery is who can open it beside the holder of the node's keys.
	Recovery []trace.Recipient `cbor:"5,keyasint,omitempty"`
}

// listing is the segments of a folder, in order.
type listing struct {
	logs []uint64
	keys [][2]uint64 // generation, part
}

func list(dir string) (l listing, err error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return l, err
	}
	for _, e := range all {
		name, ok := strings.CutSuffix(e.Name(), segmentEnd)
		if !ok {
			continue
		}
		if n, ok := strings.CutPrefix(name, "log-"); ok {
			if i, err := strconv.ParseUint(n, 10, 64); err == nil {
				l.logs = append(l.logs, i)
			}
		}
		if n, ok := strings.CutPrefix(name, "keys-"); ok {
			g, p, _ := strings.Cut(n, "-")
			i, err := strconv.ParseUint(g, 10, 64)
			j, jerr := strconv.ParseUint(p, 10, 64)
			if err == nil && jerr == nil {
				l.keys = append(l.keys, [2]uint64{i, j})
			}
		}
	}
	slices.Sort(l.logs)
	slices.SortFunc(l.keys, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	return l, nil
}

func logPath(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("log-%08d%s", n, segmentEnd))
}

func keysPath(dir string, at [2]uint64) string {
	return filepath.Join(dir, fmt.Sprintf("keys-%08d-%08d%s", at[0], at[1], segmentEnd))
}

// eachFrame reads a segment's frames into use, one after the other. torn says
// that it does not end behind a whole frame.
func eachFrame[F any](in *bufio.Reader, key []byte, use func(F) error) (torn bool, err error) {
	frames, err := readFrames(in, key)
	for err == nil {
		var b []byte
		if b, err = frames.next(); err != nil {
			break
		}
		var f F
		if err = codec.Unmarshal(b, &f); err != nil {
			return true, nil // it opens, and is none that this program writes
		}
		if err := use(f); err != nil {
			return false, err
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case errors.Is(err, errTorn):
		return true, nil
	}
	return false, err
}

// readLog reads a log segment.
func readLog(path string, key []byte, use func(logFrame) error) (torn bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return eachFrame(bufio.NewReaderSize(f, 1<<20), key, use)
}

// writeHead makes the head of a keys segment: the length of an age file, and
// that file.
func (g generation) head(recipients []age.Recipient) ([]byte, error) {
	plain, err := codec.Marshal(g)
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(sealed.Len())), sealed.Bytes()...), nil
}

// headMost bounds the head of a keys segment.
const headMost = 4 << 20

// readHead opens the head of a keys segment. errTorn where it is not whole.
func readHead(in io.Reader, ids []age.Identity) (g generation, err error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return g, torn(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > headMost {
		return g, errTorn
	}
	sealed := make([]byte, n)
	if _, err := io.ReadFull(in, sealed); err != nil {
		return g, torn(err)
	}
	opened, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return g, seal.Unsealed(err)
	}
	plain, err := io.ReadAll(opened)
	if err != nil {
		return g, errTorn
	}
	if err := codec.Unmarshal(plain, &g); err != nil {
		return g, errTorn
	}
	return g, nil
}

// readKeys reads a keys segment.
func readKeys(path string, ids []age.Identity, use func(generation, keysFrame) error) (g generation, torn bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return g, false, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if g, err = readHead(in, ids); err != nil {
		if errors.Is(err, errTorn) {
			return g, true, nil
		}
		return g, false, err
	}
	torn, err = eachFrame(in, g.Key, func(f keysFrame) error { return use(g, f) })
	return g, torn, err
}
