package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar of the input's bytes, on a terminal only and only when
// there is more than patience of work. A nil progress shows nothing.
type progress struct {
	read   int64 // bytes
	frames int
	bar    *progressbar.ProgressBar
}

const patience = time.Second

func newProgress(stderr io.Writer, inputs []string) *progress {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	total := totalSize(inputs)
	return &progress{bar: progressbar.NewOptions64(total,
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

// totalSize is the bytes in all inputs, or −1 if one is no file.
func totalSize(inputs []string) (total int64) {
	for _, path := range inputs {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		total += info.Size()
	}
	return total
}

// reading counts the bytes that are read from in.
func (p *progress) reading(in io.Reader) io.Reader {
	if p == nil {
		return in
	}
	return io.TeeReader(in, counter{p})
}

type counter struct{ *progress }

func (c counter) Write(b []byte) (int, error) {
	c.read += int64(len(b))
	return len(b), nil
}

// done says that n more frames are written.
func (p *progress) done(n int) {
	if p == nil {
		return
	}
	p.frames += n
	p.bar.Describe(fmt.Sprintf("%d structures", p.frames))
	_ = p.bar.Set64(p.read) // a bar that cannot be drawn is no reason to stop
}

func (p *progress) close() {
	if p != nil {
		_ = p.bar.Finish()
	}
}
