package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// Usage writes what a verb does and its flags.
func (v *Verb) Usage(w io.Writer) error {
	flags := v.flags()
	v.New(flags)
	text := &strings.Builder{}
	fmt.Fprintf(text, "usage: painless %s %s\n\n%s\n", v.Name, v.Args, v.Summary)
	if v.Help != "" {
		fmt.Fprintf(text, "\n%s\n", strings.TrimSpace(v.Help))
	}
	title := "\nflags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		if about == "" { // an older spelling
			return
		}
		text.WriteString(title)
		title = ""
		if value != "" {
			value = " " + strings.ToUpper(value)
		}
		fmt.Fprintf(text, "  -%s%s\n        %s", f.Name, value, about)
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(text, " (default %s)", f.DefValue)
		}
		text.WriteByte('\n')
	})
	_, err := io.WriteString(w, text.String())
	return err
}

// Flag is a flag of a verb, as completion needs to know it.
type Flag struct {
	Name, Usage string
	Bool        bool // takes no value
}

// Flags is those of a verb, by name.
func (v *Verb) Flags() (list []Flag) {
	flags := v.flags()
	v.New(flags)
	flags.VisitAll(func(f *flag.Flag) {
		_, about := flag.UnquoteUsage(f)
		if about == "" {
			return
		}
		list = append(list, Flag{f.Name, about, (&once{Value: f.Value}).IsBoolFlag()})
	})
	return list
}
