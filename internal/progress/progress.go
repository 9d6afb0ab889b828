// Package progress shows how far a command is through its inputs.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Bar is how much of the inputs' bytes is read, on a terminal only and only when
// there is more than patience of work. A nil Bar shows nothing.
type Bar struct {
	line        *Line
	began       time.Time
	read, total int64 // bytes; the total is −1 where it is not known
	structures  int
}

const patience = time.Second

// New is a bar on stderr for the files at these paths, of which - is one of unknown size.
func New(stderr io.Writer, paths []string) *Bar {
	line := NewLine(stderr)
	if line == nil {
		return nil
	}
	return &Bar{line: line, began: time.Now(), total: totalSize(paths)}
}

// totalSize is the bytes in all files, or −1 if one is no file.
func totalSize(paths []string) (total int64) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		total += info.Size()
	}
	return total
}

// Reading counts the bytes that are read from in.
func (b *Bar) Reading(in io.Reader) io.Reader {
	if b == nil {
		return in
	}
	return io.TeeReader(in, counter{b})
}

type counter struct{ *Bar }

func (c counter) Write(b []byte) (int, error) {
	c.Read(int64(len(b)))
	return len(b), nil
}

// Read says that so many bytes more are read, of what is not an io.Reader.
func (b *Bar) Read(bytes int64) {
	if b != nil {
		b.read += bytes
	}
}

// Done says that n more structures are finished.
func (b *Bar) Done(n int) {
	if b == nil {
		return
	}
	b.structures += n
	b.line.Show(b.text)
}

// text is what is done, and how long the rest takes if it goes on as so far.
func (b *Bar) text() string {
	if b.total <= 0 || b.read <= 0 {
		return fmt.Sprintf("%d structures", b.structures)
	}
	share := min(1, float64(b.read)/float64(b.total))
	left := time.Duration(float64(time.Since(b.began)) * (1 - share) / share)
	return fmt.Sprintf("%d structures, %.0f %%, %v left", b.structures, 100*share, left.Round(time.Second))
}

// Clear takes the bar away until more is done, for what is said meanwhile.
func (b *Bar) Clear() {
	if b != nil {
		b.line.Clear()
	}
}

// Close takes the bar away.
func (b *Bar) Close() { b.Clear() }
