package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Program is verbs under one name.
type Program []*Verb

// Execute runs the verb that the first argument names. Errors begin with the
// verb's name.
func (p Program) Execute(ctx context.Context, std Std, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("expected a verb: %s; painless help says what they do", p.names())
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		return p.usage(std.Out)
	case "version", "-version", "--version":
		return writeVersion(std.Out)
	case "completion":
		return p.completion(std.Out, rest)
	case "help":
		return p.help(std.Out, rest)
	}
	v, err := p.find(name)
	if err != nil {
		return err
	}
	if err := v.Execute(ctx, std, rest); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (p Program) names() string {
	var names []string
	for _, v := range p {
		names = append(names, v.Name)
	}
	return strings.Join(append(names, "completion", "version", "help"), ", ")
}

func (p Program) find(name string) (*Verb, error) {
	i := slices.IndexFunc(p, func(v *Verb) bool { return v.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s is no verb: expected one of %s", name, p.names())
	}
	return p[i], nil
}

func (p Program) help(w io.Writer, args []string) error {
	switch len(args) {
	case 0:
		return p.usage(w)
	case 1:
		v, err := p.find(args[0])
		if err != nil {
			return err
		}
		return v.Usage(w)
	}
	return fmt.Errorf("help: expected one verb, found %d", len(args))
}

func (p Program) usage(w io.Writer) error {
	text := &strings.Builder{}
	text.WriteString("Energies, forces and stress from distilled PaiNN-style student force fields.\n\nusage: painless VERB [flags] INPUT…\n\nverbs:\n")
	for _, v := range p {
		fmt.Fprintf(text, "  %-10s  %s\n", v.Name, v.Summary)
	}
	fmt.Fprintf(text, "  %-10s  %s\n", "completion", "Writes the script by which bash, zsh or fish completes verbs and flags: painless completion SHELL.")
	fmt.Fprintf(text, "  %-10s  %s\n", "version", "Says what this program is: version, commit, instruction sets, build tags.")
	fmt.Fprintf(text, "  %-10s  %s\n", "help", "Says what a verb does: painless help VERB.")
	text.WriteString("\nExit codes: 0 done, 1 refused, 2 done in part, and what is missing is listed; 129, 130, 143 ended\nby SIGHUP, SIGINT, SIGTERM; 141 by a reader that wants no more.\n")
	_, err := io.WriteString(w, text.String())
	return err
}
