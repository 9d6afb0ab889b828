package cli

import (
	"context"
	"flag"
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
	case "-version", "--version":
		return writeVersion(std.Out)
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

// all is the verbs, and those that every program has.
func (p Program) all() []*Verb {
	return append(slices.Clone(p), &Verb{
		Name: "completion", Args: "bash|zsh|fish",
		Summary: "Writes the script by which a shell completes verbs and flags.",
		Help: `In bash: eval "$(painless completion bash)"; in zsh, after compinit: source <(painless
completion zsh); in fish: painless completion fish | source.`,
		New: func(*flag.FlagSet) Run {
			return func(_ context.Context, std Std, inputs []string) error { return p.completion(std.Out, inputs) }
		},
	}, &Verb{
		Name: "version", Summary: "Says what this program is: version, commit, instruction sets, build tags.",
		New: func(*flag.FlagSet) Run {
			return func(_ context.Context, std Std, inputs []string) error {
				if len(inputs) > 0 {
					return fmt.Errorf("expected nothing after it, found %q", strings.Join(inputs, " "))
				}
				return writeVersion(std.Out)
			}
		},
	}, &Verb{
		Name: "help", Args: "[VERB]", Summary: "Says what a verb does, or what verbs there are.",
		New: func(*flag.FlagSet) Run {
			return func(_ context.Context, std Std, inputs []string) error { return p.help(std.Out, inputs) }
		},
	})
}

func (p Program) names() string {
	var names []string
	for _, v := range p.all() {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}

func (p Program) find(name string) (*Verb, error) {
	all := p.all()
	i := slices.IndexFunc(all, func(v *Verb) bool { return v.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s is no verb: expected one of %s", name, p.names())
	}
	return all[i], nil
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
	return fmt.Errorf("expected one verb, found %d", len(args))
}

func (p Program) usage(w io.Writer) error {
	text := &strings.Builder{}
	text.WriteString("Energies, forces and stress from distilled PaiNN-style student force fields.\n\nusage: painless VERB [flags] INPUT…\n\nverbs:\n")
	for _, v := range p.all() {
		fmt.Fprintf(text, "  %-10s  %s\n", v.Name, v.Summary)
	}
	text.WriteString("\nExit codes: 0 done, 1 refused, 2 done in part, and what is missing is listed; 129, 130, 143 ended\nby SIGHUP, SIGINT, SIGTERM; 141 by a reader that wants no more.\n")
	_, err := io.WriteString(w, text.String())
	return err
}
