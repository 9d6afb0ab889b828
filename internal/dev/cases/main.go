//go:build linux

// Command cases runs the inputs that once failed, each in a folder with its
// commands (cmd), what they should do (expect) and its inputs, and prints a table.
//
//	cases [-v] FOLDER [NAME…]
//
// A folder models with the checkpoints that the commands name stands beside
// FOLDER. It runs in the repository's root, whose binary it builds; the cases are
// run in copies. Exit code 1 says that some case does not behave.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

func main() {
	verbose := flag.Bool("v", false, "print what the commands print")
	flag.Parse()
	if err := run(flag.Args(), *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "cases:", err)
		os.Exit(1)
	}
}

func run(args []string, verbose bool) error {
	if len(args) == 0 {
		return errors.New("expected the folder of the cases")
	}
	work, err := os.MkdirTemp("", "cases")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := build(work); err != nil {
		return err
	}
	cases, err := find(args[0], args[1:])
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "case\t\tseconds\tMB\t")
	wrong := 0
	for _, c := range cases {
		o, err := c.run(work)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		verdict := "ok"
		fault := c.fault(o)
		if fault != nil {
			verdict = "WRONG"
			wrong++
		}
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%d\t", c.name, verdict, o.seconds, o.peak>>20)
		if fault != nil {
			fmt.Fprint(table, fault)
		}
		fmt.Fprintln(table)
		if verbose {
			table.Flush()
			fmt.Printf("%s\nexit code %d\nexpected: %s\n", o.output, o.code, c.expect)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d cases do not behave as expected", wrong, len(cases))
	}
	return nil
}

// build makes the binary and, as the cases call them, its verbs as commands in work/bin.
func build(work string) error {
	bin := filepath.Join(work, "bin")
	command := exec.Command("go", "build", "-o", filepath.Join(bin, "painless"), "./tools/painless")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if message, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, message)
	}
	for _, verb := range []string{"predict", "validate", "convert", "inspect", "bench"} {
		script := "#!/bin/sh\nexec painless " + verb + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, verb), []byte(script), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// find returns the cases of a folder, of these names where there are some.
func find(folder string, names []string) ([]testCase, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*", "cmd"))
	if err != nil {
		return nil, err
	}
	hostile, err := filepath.Glob(filepath.Join(folder, "hostile", "*"))
	if err != nil {
		return nil, err
	}
	var cases []testCase
	for _, path := range append(paths, hostile...) {
		if filepath.Base(path) == "cmd" {
			path = filepath.Dir(path)
		}
		c, err := open(folder, path)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 || slices.Contains(names, c.name) {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: expected folders with a file cmd, found none", folder)
	}
	return cases, nil
}
