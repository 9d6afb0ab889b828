package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo is a verb that says what it was given.
var echo = &Verb{
	Name: "echo", Args: "[flags] INPUT…", Summary: "Says what it was given.", Help: "A second paragraph.",
	New: func(flags *flag.FlagSet) Run {
		loud := flags.Bool("loud", false, "say it `loudly`")
		n := flags.Int("n", 1, "`times`")
		return func(_ context.Context, std Std, inputs []string) error {
			if len(inputs) == 0 {
				return &Partial{errors.New("nothing to say")}
			}
			_, err := fmt.Fprintf(std.Out, "%v %d %q", *loud, *n, inputs)
			return err
		}
	},
}

func execute(args ...string) (stdout string, err error) {
	var out, stderr bytes.Buffer
	err = Program{echo}.Execute(context.Background(), Std{strings.NewReader(""), &out, &stderr}, args)
	return out.String(), err
}

func TestExecute(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"echo", "-loud", "-n", "2", "a", "b"}, `true 2 ["a" "b"]`},
		{[]string{"echo", "--", "-loud"}, `false 1 ["-loud"]`},
		{[]string{"echo", "-"}, `false 1 ["-"]`},
		{[]string{"echo", "-n=3", "a", "", "c"}, `false 3 ["a" "" "c"]`},
	} {
		got, err := execute(c.args...)
		require.NoError(t, err, c.args)
		assert.Equal(t, c.want, got)
	}
}

func TestExecuteErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{nil, "expected a verb: echo, completion, version, help; painless help says what they do", 1},
		{[]string{"sing"}, "sing is no verb: expected one of echo, completion, version, help", 1},
		{[]string{"version", "sing"}, `version: expected nothing after it, found "sing"`, 1},
		{[]string{"completion", "tcsh"}, `completion: expected one shell, bash, zsh or fish, found "tcsh"`, 1},
		{[]string{"help", "sing"}, "help: sing is no verb: expected one of echo, completion, version, help", 1},
		{[]string{"help", "echo", "echo"}, "help: expected one verb, found 2", 1},
		{[]string{"echo"}, "echo: nothing to say", 2},
		{[]string{"echo", "-n", "1", "-n", "2", "a"}, `echo: invalid value "2" for flag -n: expected this flag once, found it twice; -h shows the usage`, 1},
		{[]string{"echo", "-loud", "-loud", "a"}, `echo: invalid boolean flag loud: expected this flag once, found it twice; -h shows the usage`, 1},
		{[]string{"echo", "-quiet"}, "echo: flag provided but not defined: -quiet; -h shows the usage", 1},
		{[]string{"echo", "a", "-loud"}, "echo: -loud stands after an input: expected flags before the inputs, or -- before inputs that begin with -; -h shows the usage", 1},
	} {
		stdout, err := execute(c.args...)
		assert.EqualError(t, err, c.want)
		assert.Equal(t, c.code, Code(err), c.args)
		assert.Empty(t, stdout)
	}
	assert.Zero(t, Code(nil))
	part, full := &Partial{errors.New("b")}, errors.New("the disk is full")
	for code, errs := range map[int][]error{
		2: {part, fmt.Errorf("a: %w", part), errors.Join(part, nil), errors.Join(part, fmt.Errorf("a: %w", part))},
		1: {full, errors.Join(part, full), errors.Join(full, part), fmt.Errorf("%w: %w", part, full), errors.Join(part, errors.Join(part, full))},
	} {
		for _, err := range errs {
			assert.Equal(t, code, Code(err), "%q", err)
		}
	}
}

// Help is asked for: it goes to standard output, and is no failure.
func TestHelp(t *testing.T) {
	usage := "usage: painless echo [flags] INPUT…\n\nSays what it was given.\n\nA second paragraph.\n\nflags:\n" +
		"  -loud LOUDLY\n        say it loudly\n  -n TIMES\n        times (default 1)\n"
	for _, args := range [][]string{{"echo", "-h"}, {"echo", "--help"}, {"echo", "-n", "2", "-help"}, {"help", "echo"}} {
		got, err := execute(args...)
		require.NoError(t, err)
		assert.Equal(t, usage, got)
	}
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		got, err := execute(args...)
		require.NoError(t, err)
		assert.Contains(t, got, "usage: painless VERB [flags] INPUT…")
		assert.Contains(t, got, "  echo        Says what it was given.\n")
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"-version"}, {"--version"}, {"echo", "-version"}} {
		got, err := execute(args...)
		require.NoError(t, err)
		assert.Regexp(t, `^painless .+\ncommit        .+\nGo            go1\..+/.+\ninstructions  (portable|AVX2|AVX-512|NEON)\ntags          .+\n$`, got)
	}
}

func TestFlags(t *testing.T) {
	assert.Equal(t, []Flag{{"loud", "say it loudly", true}, {"n", "times", false}}, echo.Flags())
}

func parseModel(t *testing.T, args ...string) *Model {
	t.Helper()
	m, flags := &Model{}, flag.NewFlagSet("test", flag.ContinueOnError)
	m.Register(flags)
	require.NoError(t, flags.Parse(args))
	return m
}

func TestModelCheck(t *testing.T) {
	assert.NoError(t, parseModel(t, "-model", "a.pt,b.pt", "-precision", "float64", "-filters", "exact", "-threads", "1", "-device", "cpu,cuda:1").Check())
	for want, args := range map[string][]string{
		"-model is missing: expected a checkpoint file; -h shows the usage": {"-model", ""},
		"-model a.pt,: expected file names between the commas":              {"-model", "a.pt,"},
		"-model a.pt,a.pt: expected each file once, found a.pt twice":       {"-model", "a.pt,a.pt"},
		"-precision half: expected float32 or float64":                      {"-model", "a", "-precision", "half"},
		"-filters none: expected table, exact or auto":                      {"-model", "a", "-filters", "none"},
		"-threads -1: expected 0 (all cores) to 4096":                       {"-model", "a", "-threads", "-1"},
		"-threads 4097: expected 0 (all cores) to 4096":                     {"-model", "a", "-threads", "4097"},
		`-device: device "gpu": expected cpu, cuda, cuda:N or emulator`:     {"-model", "a", "-device", "gpu"},
	} {
		assert.EqualError(t, parseModel(t, args...).Check(), want)
	}
	assert.EqualError(t, parseModel(t, "-model", "a,b").CheckOne(), "-model a,b: expected one file")
	assert.ErrorContains(t, parseModel(t, "-model", "a", "-device", "cpu,cuda").CheckOne(), `"cpu,cuda"`)
}

// More threads than cores would only be in each other's way.
func TestModelThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for text, want := range map[string]int{"0": cores, "1": 1, "4096": min(cores, 4096)} {
		assert.Equal(t, want, parseModel(t, "-model", "a", "-threads", text).Options().Threads)
	}
}

func TestModelNames(t *testing.T) {
	for paths, want := range map[string][]string{
		"x/tiny.pt":                    {"tiny"},
		"x/tiny.pt,x/original.pt":      {"tiny", "original"},
		"x/tiny.pt,y/tiny.onnx,z/u.pt": {"x/tiny.pt", "y/tiny.onnx", "u"},
	} {
		assert.Equal(t, want, parseModel(t, "-model", paths).Names())
	}
}

func TestModelOpen(t *testing.T) {
	const path = "../../../testdata/ultra_tiny.pt"
	m := parseModel(t, "-model", path, "-precision", "float64", "-threads", "1")
	var stderr bytes.Buffer
	model, err := m.Open(path, &stderr)
	require.NoError(t, err)
	assert.Equal(t, 32, model.Network.HiddenDim)
	assert.Empty(t, stderr.String())
	require.NoError(t, model.Close())
	_, err = m.Open("cli_test.go", &stderr)
	assert.ErrorContains(t, err, "cli_test.go: expected a file of torch.save, torch.jit.save, safetensors or ONNX")
}

func TestCheckOutput(t *testing.T) {
	dir := t.TempDir()
	a, b, hard, soft := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "hard"), filepath.Join(dir, "soft")
	require.NoError(t, os.WriteFile(a, nil, 0o600))
	require.NoError(t, os.Link(a, hard))
	require.NoError(t, os.Symlink("a", soft))
	file, err := os.OpenFile(a, os.O_RDWR, 0)
	require.NoError(t, err)
	defer file.Close()
	none, both := Std{In: strings.NewReader(""), Out: io.Discard}, Std{In: file, Out: file}
	for _, c := range []struct {
		std    Std
		output string
		inputs []string
		want   string
	}{
		{none, b, []string{a, "-"}, ""},
		{none, "-", []string{a, "-"}, ""},
		{none, os.DevNull, []string{os.DevNull}, ""}, // which holds nothing
		{none, hard, []string{b, a}, hard + " is an input"},
		{none, soft, []string{hard}, soft + " is an input"},
		{both, b, []string{"-"}, ""},
		{both, soft, []string{"-"}, soft + " is an input"},
		{both, "-", []string{b, hard}, "standard output is an input"},
	} {
		err := c.std.CheckOutput(c.output, c.inputs...)
		if c.want == "" {
			assert.NoError(t, err, c)
		} else {
			assert.EqualError(t, err, c.want+": expected another file for the output")
		}
	}
}

func TestCheckNew(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(b, nil, 0o600))
	assert.NoError(t, CheckNew(false, a))
	assert.EqualError(t, CheckNew(false, a, b), b+" is there already: -force overwrites it")
	assert.NoError(t, CheckNew(true, a, b))
	assert.NoError(t, CheckNew(false, os.DevNull), "where nothing is lost")
}
