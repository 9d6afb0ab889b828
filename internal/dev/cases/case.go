//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// testCase is a folder of inputs, and what is run in it.
type testCase struct {
	name     string
	path     string
	models   string // the folder of checkpoints
	commands string // of a shell
	expect   string // in words
	hostile  bool
	size     int64 // of the hostile inputs together, bytes
}

// outcome is what came of a case.
type outcome struct {
	output  string // standard output, then standard error
	code    int
	seconds float64
	peak    int64 // memory of the largest process, bytes
	timeout bool
}

// A case may take so long, and so much memory before its processes end.
const (
	limit  = 2 * time.Minute
	memory = "ulimit -v 8000000\n" // kB
)

func open(folder, path string) (testCase, error) {
	c := testCase{path: path, models: filepath.Join(filepath.Dir(folder), "models")}
	c.name, _ = filepath.Rel(folder, path)
	if filepath.Base(filepath.Dir(path)) == "hostile" {
		return c, c.openHostile()
	}
	commands, err := os.ReadFile(filepath.Join(path, "cmd"))
	if err != nil {
		return c, err
	}
	expect, err := os.ReadFile(filepath.Join(path, "expect"))
	if err != nil {
		return c, err
	}
	expected, _, _ := strings.Cut(string(expect), "(The product") // what it once did
	c.commands, c.expect = string(commands), strings.TrimSpace(expected)
	return c, nil
}

// openHostile runs each file through the verb that reads its kind.
func (c *testCase) openHostile() error {
	c.hostile, c.expect = true, "an error, within the budget"
	entries, err := os.ReadDir(c.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		name := e.Name()
		switch filepath.Ext(name) {
		case ".pt", ".onnx", ".safetensors":
			c.commands += "inspect " + name + "\n"
		case ".xyz":
			c.commands += "predict -model $M/tiny.pt " + name + " > /dev/null\n"
		case ".h5":
			c.commands += "validate -model $M/tiny.pt " + name + "\n"
		default:
			continue
		}
		c.size = max(c.size, info.Size())
	}
	return nil
}

// run runs the commands in a copy of the folder.
func (c testCase) run(work string) (o outcome, err error) {
	dir := filepath.Join(work, "cases", c.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return o, err
	}
	if err := os.CopyFS(dir, os.DirFS(c.path)); err != nil {
		return o, err
	}
	if err := os.Symlink(c.models, filepath.Join(work, "models")); err != nil && !errors.Is(err, os.ErrExist) {
		return o, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", memory+c.commands)
	command.Dir = dir
	command.Env = append(os.Environ(), "M="+c.models, "PATH="+filepath.Join(work, "bin")+":"+os.Getenv("PATH"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	start := time.Now()
	err = command.Run()
	o.seconds = time.Since(start).Seconds()
	o.output, o.timeout = out.String()+errs.String(), ctx.Err() != nil
	o.code = command.ProcessState.ExitCode()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.peak = int64(usage.Maxrss) << 10
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return o, err
}

// fault says how an outcome differs from what is expected; nil where it does not.
func (c testCase) fault(o outcome) error {
	for _, never := range []string{"panic:", "goroutine ", "unexpected fault", "fatal error:", "SIGSEGV"} {
		if strings.Contains(o.output, never) {
			return fmt.Errorf("found %q in the output", never)
		}
	}
	if o.timeout {
		return fmt.Errorf("expected an end within %v", limit)
	}
	if c.hostile {
		return c.budget(o)
	}
	if check, ok := checks[c.name]; ok {
		return check(o)
	}
	return fmt.Errorf("no check is known: expected %s", c.expect)
}

// budget is what a hostile file may take.
func (c testCase) budget(o outcome) error {
	const seconds, base, factor = 5, 256 << 20, 4
	commands := strings.Count(c.commands, "\n")
	switch {
	case o.code == 0:
		return errors.New("expected the last file to be refused")
	case o.seconds > seconds*float64(commands):
		return fmt.Errorf("expected at most %d s a file, found %.1f", seconds, o.seconds)
	case o.peak > base+factor*c.size:
		return fmt.Errorf("expected at most %d MB, found %d", (base+factor*c.size)>>20, o.peak>>20)
	}
	return nil
}
