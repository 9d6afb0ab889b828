// Package progress shows how far a command is through its inputs.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar is a bar of the inputs' bytes, on a terminal only and only when there is
// more than patience of work. A nil Bar shows nothing.
type Bar struct {
	read       int64 // bytes
	structures int
	bar        *progressbar.ProgressBar
}

const patience = time.Second

// New is a bar on stderr for the files at these paths, of which - is one of unknown size.
func New(stderr io.Writer, paths []string) *Bar {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	total := totalSize(paths)
	return &Bar{bar: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(late{stderr, time.Now().Add(patience)}),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(total > 0))}
}

// late drops what is written before a point in time.
type late struct {
	io.Writer
	from time.Time
}

func (l late) Write(b []byte) (int, error) {
	if time.Now().Before(l.from) {
		return len(b), nil
	}
	return l.Writer.Write(b)
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
	b.bar.Describe(fmt.Sprintf("%d structures", b.structures))
	_ = b.bar.Set64(b.read) // a bar that cannot be drawn is no reason to stop
}

// Clear takes the bar away until more is done, for what is said meanwhile.
func (b *Bar) Clear() {
	if b != nil {
		_ = b.bar.Clear()
	}
}

// Close takes the bar away.
func (b *Bar) Close() {
	if b != nil {
		_ = b.bar.Finish()
	}
}
