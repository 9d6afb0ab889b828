package commands

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run runs the program to its end, with what it prints in a file, as a shell's > has it.
func (p *program) run() (stdout string, code int) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "stdout")
	out, err := os.Create(path)
	require.NoError(p.t, err)
	p.Stdout = out
	p.start()
	code = p.code()
	return readFile(p.t, path), code
}

// -o writes where a link, a FIFO, a device or an open file leads, and what is there stays what it is.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	golden, err := filepath.Abs(golden)
	require.NoError(t, err)
	for _, verb := range [][]string{{"predict", "-model", model}, {"dataset", "-force"}} {
		to := func(output string) *program { return command(t, append(append(verb, "-o", output), golden)...) }
		want, code := to("-").run()
		require.Zero(t, code)
		require.Equal(t, 45, strings.Count(want, "Properties="))

		link := filepath.Join(dir, "link")
		require.NoError(t, os.Symlink("/proc/self/fd/1", link))
		for _, output := range []string{"/dev/stdout", link} {
			got, code := to(output).run()
			assert.Zero(t, code)
			assert.Equal(t, want, got, output)
		}
		led, err := os.Readlink(link)
		require.NoError(t, err)
		assert.Equal(t, "/proc/self/fd/1", led)
		require.NoError(t, os.Remove(link))

		// >(…) of a shell
		p := to("/dev/fd/3")
		r, w, err := os.Pipe()
		require.NoError(t, err)
		p.ExtraFiles = []*os.File{w}
		p.start()
		require.NoError(t, w.Close())
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Zero(t, p.code())
		assert.Equal(t, want, string(got))

		pipe := fifo(t)
		p = to(pipe).start()
		assert.Equal(t, want, readFile(t, pipe))
		assert.Zero(t, p.code())

		for name, code := range map[string]int{"/dev/null": 0, "/dev/full": 1} {
			p := to(name)
			stdout, got := p.run()
			assert.Empty(t, stdout)
			assert.Equal(t, code, got, name)
			assert.Equal(t, code == 1, strings.Contains(p.stderr.String(), "no space left on device"), p.stderr.String())
		}
		long := filepath.Join(dir, strings.Repeat("x", 251)+".xyz")
		_, code = to(long).run()
		assert.Zero(t, code)
		assert.Equal(t, want, readFile(t, long))
		require.NoError(t, os.Remove(long))
		assert.Empty(t, in(t, dir))
	}
}

// An output of many parts goes into a device or a FIFO once it is checked.
func TestConvertToAStream(t *testing.T) {
	want, pipe := filepath.Join(t.TempDir(), "out.onnx"), fifo(t)
	_, code := command(t, "convert", model, want).run()
	require.Zero(t, code)
	p := command(t, "convert", "-to", "onnx", model, pipe).start()
	assert.Equal(t, readFile(t, want), readFile(t, pipe))
	assert.Zero(t, p.code())
	for device, code := range map[string]int{"/dev/null": 0, "/dev/full": 1} {
		p := command(t, "convert", "-to", "onnx", model, device)
		_, got := p.run()
		assert.Equal(t, code, got, p.stderr.String())
	}
}

// umask says who may read a new file; an old one stays as it was.
func TestUmask(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	for _, c := range []struct {
		umask string
		old   os.FileMode // or 0
		want  os.FileMode
	}{{"077", 0, 0o600}, {"022", 0, 0o644}, {"000", 0, 0o666}, {"022", 0o600, 0o600}, {"077", 0o664, 0o664}} {
		for _, args := range [][]string{{"predict", "-model", model, "-o", file, golden}, {"dataset", "-force", "-o", file, golden}, {"convert", "-force", "-to", "pt", model, file}} {
			if c.old != 0 {
				writeFile(t, file, "old")
				require.NoError(t, os.Chmod(file, c.old))
			}
			p := shell(t, "umask "+c.umask+`; exec "$0" "$@"`, args...)
			_, code := p.run()
			require.Zero(t, code, p.stderr.String())
			info, err := os.Stat(file)
			require.NoError(t, err)
			assert.Equal(t, c.want, info.Mode().Perm(), "%+v, %v", c, args)
			require.NoError(t, os.Remove(file))
		}
	}
}

// No input and no model is its own output, whatever it is called.
func TestOutputIsNoInput(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	text := readFile(t, golden)
	input, student := writeFile(t, path("in.xyz"), text), writeFile(t, path("model.pt"), readFile(t, model))
	for link, to := range map[string]string{"hard.xyz": input, "hard.pt": student} {
		require.NoError(t, os.Link(to, path(link)))
	}
	for link, to := range map[string]string{"soft.xyz": "in.xyz", "soft.pt": "model.pt"} {
		require.NoError(t, os.Symlink(to, path(link)))
	}
	for _, script := range []string{
		`"$0" predict -model model.pt -o in.xyz in.xyz`, `"$0" predict -model model.pt -o soft.xyz hard.xyz`, `"$0" predict -model model.pt -o hard.xyz - <in.xyz`,
		`"$0" predict -model model.pt -o hard.pt in.xyz`, `"$0" predict -model soft.pt -o model.pt in.xyz`, `"$0" predict -model model.pt in.xyz >>hard.xyz`,
		`"$0" predict -model model.pt -o /dev/stdout soft.xyz >>in.xyz`, `"$0" dataset -force -o hard.xyz in.xyz`, `"$0" dataset in.xyz >>in.xyz`,
		`"$0" relax -model model.pt -o soft.xyz in.xyz`, `"$0" relax -model model.pt -o hard.pt in.xyz`,
		`"$0" convert -force hard.pt soft.pt`, `"$0" convert -force -o hard.pt model.pt`,
	} {
		p := shell(t, script)
		p.Dir = dir
		_, code := p.run()
		assert.Equal(t, 1, code, script)
		assert.Contains(t, p.stderr.String(), " is an input: expected another file for the output", script)
		assert.Equal(t, text, readFile(t, input))
	}
	assert.Equal(t, readFile(t, model), readFile(t, student))
}

// An output without a name is refused before the work.
func TestOutputWithoutAName(t *testing.T) {
	for _, args := range [][]string{
		{"predict", "-model", "none.pt", "-o", "", golden}, {"relax", "-model", "none.pt", "-o", "", golden}, {"dataset", "-o", "", "none.xyz"}, {"validate", "-model", "none.pt", "-o", "", golden},
		{"bench", "-model", "none.pt", "-o", ""}, {"convert", "-to", "pt", "none.pt", ""}, {"convert", "-o", "", "none.pt"},
	} {
		p := command(t, args...)
		_, code := p.run()
		assert.Equal(t, 1, code)
		assert.NotContains(t, p.stderr.String(), "none", args)
	}
}

// What cannot be printed is an error.
func TestFullDevice(t *testing.T) {
	for _, args := range [][]string{
		{"predict", "-model", model, golden}, {"predict", "-json", "-model", model, golden}, {"relax", "-fmax", "1e9", "-model", model, golden}, {"dataset", golden}, {"validate", "-model", model, golden},
		{"validate", "-json", "-model", model, golden}, {"inspect", model}, {"inspect", "-json", model}, {"convert", model, filepath.Join(t.TempDir(), "out.pt")},
		{"bench", "-model", model, "-batch", "1", "-rounds", "1"}, {"bench", "-json", "-model", model, "-batch", "1", "-rounds", "1"},
		{"help"}, {"version"}, {"predict", "-h"}, {"completion", "bash"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		p := command(t, args...)
		p.Stdout = full
		p.start()
		assert.Equal(t, 1, p.code(), args)
		assert.Contains(t, p.stderr.String(), "no space left on device", args)
	}
}

// So it is where standard output is closed. A /dev/null is none of that.
func TestClosedOutput(t *testing.T) {
	arguments := []string{"predict", "-model", model, golden}
	for script, code := range map[string]int{
		`"$0" "$@" >&-; exit $?`: 1, `env "$0" "$@" >&-; exit $?`: 1, `"$0" "$@" >/dev/null; exit $?`: 0,
	} {
		p := shell(t, script, arguments...)
		_, got := p.run()
		assert.Equal(t, code, got, script)
		if code == 1 {
			assert.Equal(t, "painless: predict: standard output is closed\n", p.stderr.String())
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // as Python's DEVNULL
	require.NoError(t, err)
	p := command(t, arguments...)
	p.Stdout = null
	assert.Zero(t, p.start().code())
	for output, code := range map[string]int{filepath.Join(t.TempDir(), "out.xyz"): 0, "/dev/null": 0, "/dev/stdout": 1} {
		p = shell(t, `"$0" "$@" >&-; exit $?`, "predict", "-model", model, "-o", output, golden)
		_, got := p.run()
		assert.Equal(t, code, got, output)
	}
}

// A disk that gets full leaves whole structures on standard output, and no file.
func TestFullDisk(t *testing.T) {
	const limit = `ulimit -f 16; exec "$0" "$@"` // some KiB: a quota, to the program
	for _, args := range [][]string{{"predict", "-model", model, golden}, {"predict", "-batch", "1", "-model", model, golden}, {"dataset", golden}} {
		p := shell(t, limit, args...)
		stdout, code := p.run()
		assert.Equal(t, 1, code, args)
		assert.Contains(t, p.stderr.String(), "file too large")
		n := strings.Count(stdout, "Properties=")
		assert.True(t, n > 0 && n < 45, n)
		if args[0] == "predict" {
			assert.Equal(t, n, frames(t, stdout))
		}
	}
	dir := t.TempDir()
	old := writeFile(t, filepath.Join(dir, "old"), "old")
	for _, args := range [][]string{
		{"predict", "-model", model, "-o", old, golden}, {"dataset", "-force", "-o", old, golden}, {"convert", "-force", "-to", "pt", model, old},
		{"convert", model, filepath.Join(dir, "new.pt")}, {"validate", "-model", model, "-o", filepath.Join(dir, "new"), golden},
	} {
		p := shell(t, limit, args...)
		stdout, code := p.run()
		assert.Equal(t, 1, code, args)
		assert.Contains(t, p.stderr.String(), "file too large")
		assert.NotContains(t, p.stderr.String(), ".painless-")
		assert.Empty(t, stdout, "no table of what is not there")
		assert.Equal(t, []string{"old"}, in(t, dir))
		assert.Equal(t, "old", readFile(t, old))
	}
}

// A folder's files are all of one run, or as they were.
func TestFolderIsOfOneRun(t *testing.T) {
	dir := t.TempDir()
	contents := func() (text string) {
		for _, name := range in(t, dir) {
			text += fmt.Sprintf("%s: %q\n", name, readFile(t, filepath.Join(dir, name)))
		}
		return text
	}
	_, code := command(t, "validate", "-model", model, "-o", dir, golden).run()
	require.Zero(t, code)
	before := contents()
	require.Len(t, in(t, dir), 5)
	p := shell(t, `ulimit -f 16; exec "$0" "$@"`, "validate", "-force", "-model", model, "-max", "3", "-o", dir, golden)
	_, code = p.run()
	assert.Equal(t, 1, code)
	assert.Equal(t, before, contents())
}

// Who has seen enough, as head has, ends the program; nobody wants to hear of it.
func TestReaderThatLeaves(t *testing.T) {
	for _, args := range [][]string{
		{"predict", "-model", model, golden}, {"predict", "-json", "-model", model, golden}, {"dataset", golden}, {"inspect", model},
		{"validate", "-model", model, golden}, {"bench", "-model", model, "-batch", "1"}, {"help"},
	} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close())
		p := command(t, args...)
		p.Stdout = w
		p.start()
		assert.Equal(t, 128+int(syscall.SIGPIPE), p.code(), args)
		assert.Empty(t, p.stderr.String(), args)
	}
}

// Structures before an error are there, and whole, however many a pass has.
func TestWholeBeforeAnError(t *testing.T) {
	text := strings.Repeat(structure(3), 300)
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), text+"3\n\nH 0 0 0\n")
	want := ""
	for _, batch := range []string{"1", "7", "32", "1000"} {
		p := command(t, "predict", "-model", model, "-batch", batch, input)
		stdout, code := p.run()
		assert.Equal(t, 1, code)
		assert.Equal(t, "painless: predict: "+input+":1504: expected 3 atoms, as line 1501 says, found the end of the file after 1\n", p.stderr.String())
		assert.Equal(t, 300, frames(t, stdout))
		if want == "" {
			want = stdout
		}
		assert.Equal(t, want, stdout)
	}
}

// Usage is asked for: it goes to standard output.
func TestUsage(t *testing.T) {
	for _, verb := range All {
		for _, flag := range []string{"-h", "--help"} {
			p := command(t, verb.Name, flag)
			stdout, code := p.run()
			assert.Zero(t, code)
			assert.True(t, strings.HasPrefix(stdout, "usage: painless "+verb.Name+" "))
			assert.Empty(t, p.stderr.String())
		}
	}
}

// A bad frame costs that frame, and the exit code says so.
func TestBadFrame(t *testing.T) {
	const h = "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1\nH 0 0 0 0 0 0\n"
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), h+strings.Replace(h, "\nH", "\nXx", 1)+h)
	for _, args := range [][]string{{"predict", "-model", model}, {"relax", "-model", model}, {"validate", "-model", model}, {"dataset"}} {
		p := command(t, append(args, input)...)
		stdout, code := p.run()
		assert.Equal(t, 2, code, args)
		assert.NotEmpty(t, stdout)
		assert.Contains(t, p.stderr.String(), "painless: "+input+": frame 1, line 6: atom 0: species: expected the symbol of an element")

		p = command(t, append(append([]string{args[0], "-strict"}, args[1:]...), input)...)
		stdout, code = p.run()
		assert.Equal(t, 1, code, args)
		assert.Equal(t, args[0] != "validate", strings.HasPrefix(stdout, "1\n"), "what stood before it")
		assert.Equal(t, 1, bytes.Count(p.stderr.Bytes(), []byte("frame 1, line 6")))
	}
}
