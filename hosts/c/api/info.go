package api

import (
	"fmt"
	"strings"

	"painless"
	"painless/atoms"
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
		fmt.Sprintf("cutoff %v Å, %s", m.model.Network.Cutoff, inC.Replace(m.model.CutoffFrom)),
		"weights " + place,
	}
	if m.model.Overridden != 0 {
		lines = append(lines, fmt.Sprintf("a cutoff of %v Å, where the file says %v: a student is good at the cutoff alone that it was trained with", m.model.Network.Cutoff, m.model.Overridden))
	}
	if len(m.model.Others) > 0 {
		lines = append(lines, fmt.Sprintf("there are other weights, which other keys take: %s", strings.Join(m.model.Others, ", ")))
	}
	if len(m.model.Unapplied) > 0 {
		lines = append(lines, fmt.Sprintf("not applied, as energies are the network's own: %s", strings.Join(m.model.Unapplied, ", ")))
	}
	if elements := m.model.Network.Elements; m.opts.AnyElement && len(elements) > 0 {
		lines = append(lines, fmt.Sprintf("trained on %s alone: what it says of other elements is of no use but to look at", atoms.Symbols(elements)))
	}
	return strings.Join(lines, "\n"), nil
}

// Message is what an error says to who calls from C.
func Message(err error) string { return inC.Replace(err.Error()) }

// inC has the options of the library for those of the command line.
var inC = strings.NewReplacer(" -cutoff", " the option cutoff", " -key", " the option key", " -any-element", " the option any_element", " -device cpu", " the device cpu",
	"go build -tags cuda", "make lib TAGS=cuda")
