package api

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"painless"
)

// Info returns a model's network, which is not to be changed, and how it was opened.
func (l *Library) Info(number uintptr) (network *painless.Network, opts painless.Options, err error) {
	m, err := l.get(number)
	if err != nil {
		return nil, opts, err
	}
	defer m.mu.Unlock()
	return m.model.Network, m.opts, nil
}

// Notes returns what a user should read of how a model's file was understood, in lines.
func (l *Library) Notes(number uintptr) (string, error) {
	m, err := l.get(number)
	if err != nil {
		return "", err
	}
	defer m.mu.Unlock()
	place := "at the top level"
	if m.model.Key != "" {
		place = fmt.Sprintf("under %q", m.model.Key)
	}
	lines := []string{
		fmt.Sprintf("cutoff %v Å, %s", m.model.Network.Cutoff, strings.Replace(m.model.CutoffFrom, "-cutoff", "the option cutoff", 1)),
		"weights " + place,
	}
	if len(m.model.Others) > 0 {
		lines = append(lines, fmt.Sprintf("there are other weights, which other keys take: %s", strings.Join(m.model.Others, ", ")))
	}
	if len(m.model.Unapplied) > 0 {
		lines = append(lines, fmt.Sprintf("not applied, as energies are the network's own: %s", strings.Join(m.model.Unapplied, ", ")))
	}
	return strings.Join(lines, "\n"), nil
}

// Version returns the version that this library was built of.
func Version() string {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	return cmp.Or(version, "unknown")
}
