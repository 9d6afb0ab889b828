//go:build linux

package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// check says how an outcome differs from what a case expects.
type check func(o outcome) error

// checks is what is expected of each case, as its file expect says it in words.
var checks = map[string]check{
	"apostrophe-in-comment":             energies(-15.923187, 2),
	"bom-utf16":                         all(contains("energy="), contains("UTF-16")),
	"checkpoint-ema-key":                all(contains("-key"), energies(-15.427840, 1)),
	"checkpoint-numpy-state-dict":       energies(-15.427840, 2),
	"checkpoint-student-beside-others":  all(energies(-15.427840, 3), exits(0)),
	"checkpoint-whole-module":           energies(-15.427840, 2),
	"checkpoint-wrappers":               energies(-15.427840, 6),
	"co-process":                        contains("answer within 3 s: True"),
	"energy-in-plain-comment":           all(contains("1228"), exits(0)),
	"gz-xz-bz2":                         oneOf(energies(-15.923187, 2), contains("gzip")),
	"hdf5-by-name":                      lacks("expected the number of atoms"),
	"hdf5-nan-label":                    all(lacks("0 structures"), contains("forces")),
	"hdf5-other-layouts":                all(contains("docs/datasets.md"), lacks("expected a dataset, found none")),
	"help-exit-code":                    all(contains("usage:"), contains("\n0\n")),
	"interrupt-stdin":                   oneOf(contains("ended by SIGINT"), contains("ended by SIGTERM")),
	"ipi-xyz":                           oneOf(energies(-15.923187, 1), contains("atomic_unit")),
	"lattice-lowercase":                 oneOf(energies(-15.923187, 1), contains("Lattice")),
	"lattice-lowercase-with-Properties": oneOf(energies(-15.923187, 1), contains("Lattice")),
	"learned-rbf-own-save-refused":      all(energies(-11.305228, 1), exits(0)),
	"learned-rbf-silent-cutoff":         all(energies(-11.305228, 3), lacks("-11.26643")),
	"one-bad-frame":                     all(matches(`(?s)"energy".*"energy"`), contains("frame 1"), exits(2)),
	"output-mode-umask":                 contains("600 o.xyz\n600 p.xyz"),
	"output-special":                    all(exits(0), contains("energy=")),
	"sigbus-while-training-saves":       matches(`Counter\(\{\([01], `),
	"stdout-device-replaced":            all(contains("mystdout -> "), matches(`(?m)^[1-9]\d* out\.txt`)),
	"stress-6":                          all(lacks("expected 9"), contains("stress"), exits(0)),
	"torn-stdout":                       all(matches(`(?m)^(0|3000)$`), lacks("torn")),
	"validate-cli":                      oneOf(matches(`(?s)tiny.*(tiny.*ultra_tiny|twice)`), contains("standard input")),
	"virial-ignored":                    matches(`stress`),
}

// energies expects an energy, eV, at least so many times in lines of JSON.
func energies(want float64, times int) check {
	pattern := regexp.MustCompile(`"energy": ?(-?[\d.]+(?:e-?\d+)?)`)
	return func(o outcome) error {
		found := 0
		for _, m := range pattern.FindAllStringSubmatch(o.output, -1) {
			if got, err := strconv.ParseFloat(m[1], 64); err == nil && math.Abs(got-want) < 2e-5 {
				found++
			}
		}
		if found < times {
			return fmt.Errorf("expected the energy %v eV %d times, found it %d times", want, times, found)
		}
		return nil
	}
}

func contains(text string) check { return matches(regexp.QuoteMeta(text)) }

func lacks(text string) check {
	return func(o outcome) error {
		if strings.Contains(o.output, text) {
			return fmt.Errorf("expected no %q in the output", text)
		}
		return nil
	}
}

func matches(pattern string) check {
	compiled := regexp.MustCompile(pattern)
	return func(o outcome) error {
		if !compiled.MatchString(o.output) {
			return fmt.Errorf("expected %q in the output", pattern)
		}
		return nil
	}
}

func exits(code int) check {
	return func(o outcome) error {
		if o.code != code {
			return fmt.Errorf("expected exit code %d, found %d", code, o.code)
		}
		return nil
	}
}

func all(checks ...check) check {
	return func(o outcome) error {
		for _, c := range checks {
			if err := c(o); err != nil {
				return err
			}
		}
		return nil
	}
}

// oneOf expects one of several behaviours.
func oneOf(checks ...check) check {
	return func(o outcome) (err error) {
		for _, c := range checks {
			if err = c(o); err == nil {
				return nil
			}
		}
		return err
	}
}
