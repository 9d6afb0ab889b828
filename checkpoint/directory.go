package checkpoint

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// The directory is read here and not by archive/zip, as a checkpoint is to have one
// meaning, whoever reads it. archive/zip looks at an entry's local header for its
// length alone, so that one that says another size, method or name passes, as do
// encrypted entries, entries over the same bytes, and bytes before the first; and it
// makes its list of entries before their number can be held against a limit, about
// 300 bytes for 46 in the file. What is deflated is inflated by compress/flate.

// zipEntry is an entry as the directory has it and its local header repeats it.
type zipEntry struct {
	name     string
	flags    uint16
	deflated bool
	crc      uint32
	size     int64 // bytes in the file
	inflated int64
	header   int64 // where its local header is
	data     int64 // where its bytes are
}

const (
	localHeader     = 30 // bytes of an entry's header without name and extra field
	directoryHeader = 46 // the same in the directory
	directoryEnd    = 22 // without its comment
	zip64End        = 56
	zip64Locator    = 20

	hasDescriptor = 1 << 3 // checksum and sizes follow the bytes
	encrypted     = 1<<0 | 1<<6 | 1<<13
	harmless      = 1<<1 | 1<<2 | hasDescriptor | 1<<11 // how it is compressed, and names in UTF-8
	absent        = 1<<32 - 1                           // where zip64 has the number

	entryBytes = 192 // of memory, beside its part of the directory
)

// fields reads little-endian numbers of 2, 4 and 8 bytes on end.
type fields string

func (f *fields) next(size int) (x uint64) {
	var word [8]byte
	copy(word[:], (*f)[:size])
	*f = (*f)[size:]
	return binary.LittleEndian.Uint64(word[:])
}

// findDirectory is where the directory is, and how many entries it has, by what
// stands at the file's end.
func findDirectory(src *source) (at, size, entries int64, err error) {
	tail, err := src.text(max(0, src.size-directoryEnd-1<<16), min(src.size, directoryEnd+1<<16))
	if err != nil {
		return 0, 0, 0, err
	}
	end := -1
	for k := strings.LastIndex(tail, "PK\x05\x06"); k >= 0 && end < 0; k = strings.LastIndex(tail[:k], "PK\x05\x06") {
		if rest := tail[k:]; len(rest) >= directoryEnd && len(rest) == directoryEnd+int(binary.LittleEndian.Uint16([]byte(rest[20:22]))) {
			end = k
		}
	}
	if end < 0 {
		return 0, 0, 0, noDirectory(tail, src.size)
	}
	f := fields(tail[end+4 : end+directoryEnd])
	disk, first, here := f.next(2), f.next(2), f.next(2)
	all, length, start := f.next(2), f.next(4), f.next(4)
	endsAt := src.size - int64(len(tail)-end)
	if end >= zip64Locator && strings.HasPrefix(tail[end-zip64Locator:], "PK\x06\x07") {
		f := fields(tail[end-zip64Locator+8:][:8])
		record := f.next(8)
		text, err := src.text(int64(min(record, 1<<62)), zip64End)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("zip64's end of the directory: %w", err)
		}
		if w := fields(text[4:]); !strings.HasPrefix(text, "PK\x06\x06") || w.next(8) != uint64(endsAt)-zip64Locator-record-12 {
			return 0, 0, 0, errors.New("expected zip64's end of the directory before the other, found something else")
		}
		w := fields(text[16:])
		wide := [6]uint64{w.next(4), w.next(4), w.next(8), w.next(8), w.next(8), w.next(8)}
		for i, n := range []*uint64{&disk, &first, &here, &all, &length, &start} {
			if most := uint64(1)<<(16+16*(i/4)) - 1; *n != most && *n != wide[i] {
				return 0, 0, 0, errors.New("expected zip64's end of the directory to say what the other says, found a contradiction")
			}
			*n = wide[i]
		}
		endsAt = int64(record)
	}
	if disk != 0 || first != 0 || here != all || start > uint64(endsAt) || length != uint64(endsAt)-start || all > length/directoryHeader {
		return 0, 0, 0, fmt.Errorf("expected a directory of one file, up to its end at byte %d, found %d bytes of %d entries at byte %d", endsAt, length, all, start)
	}
	return int64(start), int64(length), int64(all), nil
}

// noDirectory says why a file of size bytes that ends so has no directory at its end.
func noDirectory(tail string, size int64) error {
	at := strings.LastIndex(tail, "PK\x05\x06")
	switch rest := len(tail) - at; {
	case at >= 0 && rest > directoryEnd:
		return fmt.Errorf("expected its directory at the end of the file's %d bytes, found more bytes after it", size)
	case strings.Trim(tail[max(0, len(tail)-directoryEnd):], "\x00") == "":
		return fmt.Errorf("expected its directory at the end of the file's %d bytes, found zeros: a download, or what wrote it, did not end", size)
	}
	return fmt.Errorf("expected its directory at the end of the file's %d bytes, found none: %w", size, errCut)
}

// readDirectory reads all entries, and holds their local headers to them.
func readDirectory(src *source) ([]zipEntry, error) {
	at, size, n, err := findDirectory(src)
	if err != nil {
		return nil, err
	}
	if err := src.allow.take(int(size + n*entryBytes)); err != nil {
		return nil, err
	}
	text, err := src.text(at, size)
	if err != nil {
		return nil, err
	}
	entries := make([]zipEntry, n)
	for i := range entries {
		if text, err = entries[i].parse(text); err != nil {
			return nil, fmt.Errorf("directory, entry %d: %w", i, err)
		}
	}
	if text != "" {
		return nil, fmt.Errorf("directory: expected %d entries, found %d more bytes", n, len(text))
	}
	slices.SortFunc(entries, func(a, b zipEntry) int { return cmp.Compare(a.header, b.header) })
	w := &window{src: src}
	end := int64(0)
	for i := range entries {
		e := &entries[i]
		if i == 0 && e.header != 0 {
			return nil, errors.New("expected an entry at the beginning of the file, found bytes of none")
		}
		if e.header < end {
			return nil, fmt.Errorf("expected entries beside one another, found %.80q and %.80q over the same bytes", entries[i-1].name, e.name)
		}
		if end, err = e.locate(w, at); err != nil {
			return nil, fmt.Errorf("entry %.80s: %w", e.name, err)
		}
	}
	return entries, nil
}

// parse reads an entry of the directory, and returns what follows it.
func (e *zipEntry) parse(text string) (rest string, err error) {
	if len(text) < directoryHeader || !strings.HasPrefix(text, "PK\x01\x02") {
		return "", errors.New("expected its header, found something else or the directory's end")
	}
	f := fields(text[8:directoryHeader])
	e.flags = uint16(f.next(2))
	method := f.next(2)
	f.next(4) // time and date
	e.crc = uint32(f.next(4))
	size, inflated := f.next(4), f.next(4)
	name, extra, comment, disk := int(f.next(2)), int(f.next(2)), int(f.next(2)), f.next(2)
	f.next(6) // attributes
	header := f.next(4)
	if text = text[directoryHeader:]; len(text) < name+extra+comment {
		return "", errors.New("expected a name, found the directory's end")
	}
	e.name = text[:name]
	if err := zip64(text[name:][:extra], &inflated, &size, &header); err != nil {
		return "", err
	}
	e.size, e.inflated, e.header, e.deflated = int64(size), int64(inflated), int64(header), method == 8
	switch {
	case !utf8.ValidString(e.name):
		return "", fmt.Errorf("expected a name in UTF-8, found %.80q", e.name)
	case !filepath.IsLocal(e.name) || strings.ContainsAny(e.name, "\\\x00"):
		return "", fmt.Errorf("expected names of entries within the archive, found %.80q", e.name)
	case e.flags&encrypted != 0:
		return "", fmt.Errorf("%.80s: expected a plain entry, found an encrypted one", e.name)
	case e.flags&^harmless != 0 || method != 0 && method != 8 || disk != 0:
		return "", fmt.Errorf("%.80s: expected a stored or deflated entry, found method %d with flags %#x, on disk %d", e.name, method, e.flags, disk)
	case e.size < 0 || e.inflated < 0 || e.header < 0:
		return "", fmt.Errorf("%.80s: expected sizes of a file, found %d bytes", e.name, max(size, inflated, header))
	case !e.deflated && e.size != e.inflated:
		return "", fmt.Errorf("%.80s: expected %d bytes as they are, found %d", e.name, e.inflated, e.size)
	}
	return text[name+extra+comment:], nil
}

// zip64 takes the numbers that are absent elsewhere from the extra field for them.
// Fields that give an entry another name or other numbers are errors.
func zip64(extra string, numbers ...*uint64) error {
	var wide fields
	seen := false
	for len(extra) >= 4 {
		f := fields(extra[:4])
		id, size := f.next(2), int(f.next(2))
		if extra = extra[4:]; size > len(extra) {
			break // padding
		}
		const numbers, otherName = 0x0001, 0x7075
		if id == numbers && seen || id == otherName {
			return errors.New("expected numbers of 64 bits once, and no other name, found them twice or one")
		}
		if id == numbers {
			wide, seen = fields(extra[:size]), true
		}
		extra = extra[size:]
	}
	for _, n := range numbers {
		if *n != absent {
			continue
		}
		if len(wide) < 8 {
			return errors.New("expected numbers of 64 bits, found none")
		}
		*n = wide.next(8)
	}
	return nil
}

var errContradiction = errors.New("expected its local header to say what the directory says, found a contradiction")

// locate finds an entry's bytes behind its local header, and returns where they
// and what belongs to them end. The directory begins at byte limit.
func (e *zipEntry) locate(w *window, limit int64) (end int64, err error) {
	head, err := w.text(e.header, int64(localHeader+len(e.name)))
	if err != nil {
		return 0, err
	}
	f := fields(head[4:localHeader])
	f.next(2) // version
	flags, method := uint16(f.next(2)), f.next(2)
	f.next(4) // time and date
	crc, size, inflated := f.next(4), f.next(4), f.next(4)
	name, extra := int(f.next(2)), int64(f.next(2))
	if !strings.HasPrefix(head, "PK\x03\x04") || name != len(e.name) || head[localHeader:] != e.name || flags != e.flags || method == 8 != e.deflated || method&^8 != 0 {
		return 0, errContradiction
	}
	e.data = e.header + int64(localHeader+name) + extra
	if end = e.data + e.size; e.size > limit || end > limit {
		return 0, fmt.Errorf("expected %d bytes before the directory, found fewer", e.size)
	}
	if size == absent || inflated == absent {
		text, err := w.text(e.data-extra, extra)
		if err != nil {
			return 0, err
		}
		if err := zip64(text, &inflated, &size); err != nil {
			return 0, err
		}
	}
	later := flags&hasDescriptor != 0 // then the header may say nothing
	same := func(x uint64, want int64) bool { return x == uint64(want) || later && x == 0 }
	if !same(crc, int64(e.crc)) || !same(size, e.size) || !same(inflated, e.inflated) {
		return 0, errContradiction
	}
	if later {
		return e.descriptor(w, end, limit)
	}
	return end, nil
}

// descriptor reads checksum and sizes behind an entry's bytes: with or without a
// signature, in 4 or in 8 bytes.
func (e *zipEntry) descriptor(w *window, at, limit int64) (end int64, err error) {
	text, err := w.text(at, min(24, limit-at))
	if err != nil {
		return 0, err
	}
	for _, signature := range []string{"PK\x07\x08", ""} {
		for _, size := range []int{8, 4} {
			f, ok := strings.CutPrefix(text, signature)
			if !ok || len(f) < 4+2*size {
				continue
			}
			said := fields(f)
			if said.next(4) == uint64(e.crc) && said.next(size) == uint64(e.size) && said.next(size) == uint64(e.inflated) {
				return at + int64(len(signature)+4+2*size), nil
			}
		}
	}
	return 0, errors.New("expected checksum and sizes after its bytes to be the directory's, found a contradiction")
}
