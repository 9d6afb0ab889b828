package commands

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// signals is those that end the program, and the exit codes.
var signals = map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129}

// talk gives a running predict -json one structure, and waits for the answer:
// then it waits for the next one.
func talk(t *testing.T, stdin io.Writer, stdout *bufio.Reader) {
	t.Helper()
	_, err := io.WriteString(stdin, structure(2))
	require.NoError(t, err)
	line, err := stdout.ReadString('\n')
	require.NoError(t, err)
	var answer struct{ Natoms int }
	require.NoError(t, json.Unmarshal([]byte(line), &answer))
	require.Equal(t, 2, answer.Natoms)
}

// A program asks and reads the answer, frame by frame, whatever -batch is.
func TestCoProcess(t *testing.T) {
	for _, args := range [][]string{{}, {"-batch", "1"}, {"-batch", "1000"}} {
		p := command(t, append(append([]string{"predict", "-json", "-model", model}, args...), "-")...)
		stdin, stdout := p.pipes()
		p.start()
		answers := bufio.NewReader(stdout)
		for range 5 {
			talk(t, stdin, answers)
		}
		_, err := io.WriteString(stdin, structure(2)+"3\n\nH 0") // and a part of the next one
		require.NoError(t, err)
		_, err = answers.ReadString('\n')
		require.NoError(t, err)
		_, err = io.WriteString(stdin, " 0 0\nH 1 0 0\nH 2 0 0\n")
		require.NoError(t, err)
		require.NoError(t, stdin.Close())
		rest, err := io.ReadAll(answers)
		require.NoError(t, err)
		assert.Contains(t, string(rest), `"natoms":3`)
		assert.Zero(t, p.code())
	}
}

// Signals end a program that waits for its input.
func TestSignalWhileReading(t *testing.T) {
	for s, code := range signals {
		p := command(t, "predict", "-json", "-model", model, "-")
		stdin, stdout := p.pipes()
		p.start()
		talk(t, stdin, bufio.NewReader(stdout))
		p.signal(s)
		assert.Equal(t, code, p.code())
		assert.Equal(t, "painless: ended by a signal: "+s.String()+"\n", p.stderr.String())
	}
}

// The same of a FIFO that nobody writes to yet, or that nobody ends.
func TestSignalWhileOpening(t *testing.T) {
	input := fifo(t)
	for _, args := range [][]string{
		{"predict", "-model", model, "-", input}, {"validate", "-model", model, "-", input}, {"dataset", "-", input},
	} {
		p := command(t, args...)
		stdin, _ := p.pipes()
		_, err := io.WriteString(stdin, structure(2))
		require.NoError(t, err)
		p.start()
		eventually(t, "the program to read", func() bool { return held(t, stdin) == 0 })
		require.NoError(t, stdin.Close())
		p.signal(syscall.SIGTERM)
		assert.Equal(t, 143, p.code(), args)
	}
	for _, args := range [][]string{
		{"predict", "-model", model, input}, {"relax", "-model", model, input}, {"validate", "-model", model, input}, {"dataset", input}, {"bench", "-model", model, "-structures", input},
	} {
		p := command(t, args...).start()
		writer, err := os.OpenFile(input, os.O_WRONLY, 0) // once the program has opened it
		require.NoError(t, err)
		p.signal(syscall.SIGINT)
		assert.Equal(t, 130, p.code(), args)
		require.NoError(t, writer.Close())
	}
}

// Signals end a computation of minutes.
func TestSignalWhileComputing(t *testing.T) {
	for _, threads := range []string{"1", "4096"} {
		p := command(t, "predict", "-json", "-model", testdata+"original.pt", "-precision", "float64", "-threads", threads, "-")
		stdin, stdout := p.pipes()
		p.start()
		talk(t, stdin, bufio.NewReader(stdout))
		_, err := io.WriteString(stdin, cube(30)+"1\n\n") // which it has read but for what a pipe holds
		require.NoError(t, err)
		p.signal(syscall.SIGTERM)
		assert.Equal(t, 143, p.code())
	}
}

// cube is a frame of n³ atoms, 2 Å from each other.
func cube(n int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d\n\n", n*n*n)
	for i := range n * n * n {
		fmt.Fprintf(&text, "H %d %d %d\n", 2*(i%n), 2*(i/n%n), 2*(i/n/n))
	}
	return text.String()
}

// What a signal ends leaves nothing behind, and what was there as it was.
func TestSignalLeavesNothing(t *testing.T) {
	for s, code := range signals {
		dir := t.TempDir()
		old := writeFile(t, filepath.Join(dir, "old.xyz"), "old")
		for _, args := range [][]string{
			{"predict", "-model", model, "-o", old, "-"},
			{"predict", "-model", model, "-o", filepath.Join(dir, "new.xyz"), "-"},
			{"relax", "-model", model, "-o", filepath.Join(dir, "new.xyz"), "-"},
			{"dataset", "-o", filepath.Join(dir, "new.xyz"), "-"},
			{"dataset", "-force", "-o", old, "-"},
			{"validate", "-model", model, "-o", filepath.Join(dir, "folder", "below"), "-"},
			{"bench", "-model", model, "-rounds", "1000000", "-o", filepath.Join(dir, "bench")},
		} {
			p := command(t, args...)
			p.pipes()
			p.start()
			eventually(t, "a temporary file", func() bool {
				found, err := filepath.Glob(filepath.Join(dir, "*", ".painless-*"))
				require.NoError(t, err)
				deeper, err := filepath.Glob(filepath.Join(dir, "*", "*", ".painless-*"))
				require.NoError(t, err)
				here, err := filepath.Glob(filepath.Join(dir, ".painless-*"))
				require.NoError(t, err)
				return len(found)+len(deeper)+len(here) > 0
			})
			p.signal(s)
			assert.Equal(t, code, p.code(), args)
			assert.Equal(t, []string{"old.xyz"}, in(t, dir), args)
			assert.Equal(t, "old", readFile(t, old))
		}
	}
}

// A conversion that a signal meets is there whole, or not at all.
func TestSignalWhileConverting(t *testing.T) {
	for range 5 {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.pt")
		p := command(t, "convert", testdata+"original.pt", out).start()
		eventually(t, "a file", func() bool { return len(in(t, dir)) > 0 })
		p.signal(syscall.SIGTERM)
		if p.code() == 0 {
			assert.Equal(t, []string{"out.pt"}, in(t, dir))
		} else {
			assert.Equal(t, 143, p.code())
			assert.Empty(t, in(t, dir))
		}
	}
}

// Under nohup, the end of the terminal is none of the program.
func TestNoHup(t *testing.T) {
	p := shell(t, `trap "" HUP; exec "$0" "$@"`, "predict", "-json", "-model", model, "-")
	stdin, stdout := p.pipes()
	p.start()
	answers := bufio.NewReader(stdout)
	talk(t, stdin, answers)
	p.signal(syscall.SIGHUP)
	talk(t, stdin, answers)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 143, p.code())
}

// held is how many bytes a pipe holds.
func held(t *testing.T, pipe *os.File) (n int) {
	t.Helper()
	raw, err := pipe.SyscallConn()
	require.NoError(t, err)
	var errControl error
	require.NoError(t, raw.Control(func(fd uintptr) { n, errControl = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }))
	require.NoError(t, errControl)
	return n
}

// Small structures go into a pipe whole: nobody has to read for the program to end.
func TestSignalWhileWritingSmall(t *testing.T) {
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), strings.Repeat(structure(5), 2000))
	p := command(t, "predict", "-model", model, input)
	_, stdout := p.pipes()
	p.start()
	eventually(t, "a full pipe", func() bool { return held(t, stdout) > 55_000 })
	p.signal(syscall.SIGINT)
	assert.Equal(t, 130, p.code())
	text, err := io.ReadAll(stdout)
	require.NoError(t, err)
	assert.Greater(t, frames(t, string(text)), 50)
}

// A large one is written to its end, for which somebody has to read; another
// signal ends the program at once.
func TestSignalWhileWritingLarge(t *testing.T) {
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), strings.Repeat(structure(2000), 5))
	start := func() (*program, *os.File) {
		p := command(t, "predict", "-model", model, "-batch", "1", input)
		_, stdout := p.pipes()
		stderr, messages, err := os.Pipe()
		require.NoError(t, err)
		t.Cleanup(func() { stderr.Close(); messages.Close() })
		p.Stderr = messages
		p.start()
		eventually(t, "a full pipe", func() bool { return held(t, stdout) >= 1<<16 })
		p.signal(syscall.SIGINT)
		line, err := bufio.NewReader(stderr).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "painless: waits for the reader of a structure that is half written; another signal ends at once\n", line)
		return p, stdout
	}
	p, stdout := start()
	text, err := io.ReadAll(stdout)
	require.NoError(t, err)
	assert.Equal(t, 130, p.code())
	assert.Equal(t, 1, frames(t, string(text)))

	p, _ = start()
	p.signal(syscall.SIGTERM)
	assert.Equal(t, -1, p.code())
	assert.Equal(t, syscall.SIGTERM, p.ProcessState.Sys().(syscall.WaitStatus).Signal())
}
