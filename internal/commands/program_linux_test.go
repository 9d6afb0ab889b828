package commands

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
)

const (
	testdata = "../../testdata/"
	model    = testdata + "ultra_tiny.pt"
	golden   = testdata + "ultra_tiny.extxyz"
)

// asProgram makes the test's binary be the program.
const asProgram = "PAINLESS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		cli.Main("painless", All.Execute)
	}
	for s := range signals {
		if signal.Ignored(s) { // as under nohup, or in a script's background: programs would ignore it too
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(m.Run())
}

// program is the program as a process of its own.
type program struct {
	*exec.Cmd
	t      *testing.T
	stderr *bytes.Buffer // once it has ended
	ended  chan struct{}
}

// command is a program that is not started yet; the first argument is the verb.
func command(t *testing.T, args ...string) *program {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return prepared(t, exec.Command(path, args...))
}

// shell is a shell's command line in which "$0" "$@" is the program with its arguments.
func shell(t *testing.T, script string, args ...string) *program {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return prepared(t, exec.Command("sh", append([]string{"-c", script, path}, args...)...))
}

func prepared(t *testing.T, cmd *exec.Cmd) *program {
	p := &program{Cmd: cmd, t: t, stderr: &bytes.Buffer{}, ended: make(chan struct{})}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stderr = p.stderr
	return p
}

// start starts the program, which does not outlive the test.
func (p *program) start() *program {
	p.t.Helper()
	require.NoError(p.t, p.Start())
	for _, f := range []any{p.Stdin, p.Stdout, p.Stderr} { // the process has them
		if f, ok := f.(*os.File); ok {
			f.Close()
		}
	}
	go func() {
		p.Wait()
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		p.Process.Kill()
		<-p.ended
	})
	return p
}

// pipe is one whose reading end stays open until the test ends, as those of
// exec.Cmd do not: they are closed when the process has ended, read or not.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r, w
}

// patience is for what takes a moment, on a machine that has other things to do.
const patience = 2 * time.Minute

// code waits for the end, and is the exit code; −1 where a signal has killed it.
func (p *program) code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.Fail(p.t, "the program does not end")
	}
	return p.ProcessState.ExitCode()
}

// signal sends signals one after another.
func (p *program) signal(list ...os.Signal) {
	p.t.Helper()
	for _, s := range list {
		require.NoError(p.t, p.Process.Signal(s))
	}
}

// pipes connects standard input and output with pipes.
func (p *program) pipes() (stdin *os.File, stdout *os.File) {
	p.t.Helper()
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		require.NoError(p.t, err)
		p.t.Cleanup(func() { r.Close(); w.Close() })
		return r, w
	}
	in, stdin := pipe()
	stdout, out := pipe()
	p.Stdin, p.Stdout = in, out
	return stdin, stdout
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "waited in vain for %s", what)
	}
}

// frames is those of a text, all of which are whole.
func frames(t *testing.T, text string) (n int) {
	t.Helper()
	for r := data.NewReader(strings.NewReader(text), "output"); ; n++ {
		f, err := r.Read()
		if err == io.EOF {
			return n
		}
		require.NoError(t, err, "frame %d", n)
		require.NotNil(t, f.Column("forces"))
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// in is the names of what is in a folder.
func in(t *testing.T, folder string) []string {
	t.Helper()
	list := []string{}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// fifo makes one in a new folder.
func fifo(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// structure is a frame of n atoms along a line.
func structure(n int) string {
	var text strings.Builder
	text.WriteString(strconv.Itoa(n) + "\n\n")
	for i := range n {
		text.WriteString("H " + strconv.Itoa(i) + ".1 0 0\n")
	}
	return text.String()
}

func TestProgram(t *testing.T) {
	p := command(t, "predict", "-model", model, golden)
	var out bytes.Buffer
	p.Stdout = &out
	assert.Zero(t, p.start().code())
	assert.Empty(t, p.stderr.String())
	assert.Equal(t, 45, frames(t, out.String()))
}
