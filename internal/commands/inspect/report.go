package inspect

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"painless/internal/commands/cli"
	"painless/internal/commands/health"
	"painless/nn"
)

const (
	formatName    = "painless-inspect"
	formatVersion = 1
)

// report is what is written.
type report struct {
	Format     string       `json:"format"` // formatName
	Version    int          `json:"version"`
	Card       string       `json:"card,omitempty"` // of the default student
	File       string       `json:"file"`
	Bytes      int64        `json:"bytes"`
	Container  string       `json:"container"`
	Key        string       `json:"key"`                  // where the state dict stands; "" is the top level
	OtherKeys  []string     `json:"other_keys,omitempty"` // of other weights, for -key
	Prefixes   []string     `json:"prefixes"`
	Config     []setting    `json:"config,omitempty"`
	Parameters int          `json:"parameters,omitempty"` // trainable
	Elements   int          `json:"elements"`             // of all tensors
	Tensors    []tensor     `json:"tensors"`
	LeftOut    []string     `json:"left_out,omitempty"` // names of tensors that are not the student's
	Metadata   []entry      `json:"metadata"`
	NoStudent  string       `json:"no_student,omitempty"` // why
	Health     *health.Card `json:"health,omitempty"`
	NoHealth   string       `json:"no_health,omitempty"` // why

	shown []entry // of the metadata, to people
}

// count counts the elements of all tensors.
func (r *report) count() {
	for _, t := range r.Tensors {
		r.Elements += t.elements
	}
}

// print writes the report for people.
func (r *report) print(w io.Writer) error {
	if r.Card != "" {
		if _, err := fmt.Fprintln(w, r.Card); err != nil {
			return err
		}
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "file\t%s: %s, %d bytes\n", r.File, r.Container, r.Bytes)
	fmt.Fprintf(out, "tensors\t%d %s, %d elements", len(r.Tensors), cli.Place(r.Key), r.Elements)
	if len(r.Prefixes) > 0 {
		fmt.Fprintf(out, ", names without %s", strings.Join(r.Prefixes, ", "))
	}
	fmt.Fprintln(out)
	for _, key := range r.OtherKeys {
		fmt.Fprintf(out, "\tothers %s: -key %s takes them\n", cli.Place(key), key)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(out, "\tleft out: %s\n", nn.Shown(r.LeftOut...))
	}
	if r.NoStudent != "" {
		fmt.Fprintf(out, "student\tnone: %s\n", printable(r.NoStudent, maxReason))
	} else {
		fmt.Fprintf(out, "student\t%d parameters\n", r.Parameters)
	}
	for _, s := range r.Config {
		fmt.Fprintf(out, "  %s\t%v\t%s\n", s.Name, s.Value, s.Source)
	}
	for i, e := range r.shown {
		title := ""
		if i == 0 {
			title = "metadata"
		}
		fmt.Fprintf(out, "%s\t%s: %s\n", title, printable(e.Key, maxText), e.Value)
	}
	if !slices.Equal(r.shown, r.Metadata) {
		fmt.Fprintln(out, "\t-json shows what … cuts off")
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := r.printTensors(w); err != nil {
		return err
	}
	switch {
	case r.NoStudent != "":
		fmt.Fprintln(w, "\nno health card: it is not a student")
	case r.NoHealth != "":
		fmt.Fprintf(w, "\nno health card: %s\n", printable(r.NoHealth, maxReason))
	default:
		return printHealth(w, r.Health)
	}
	return nil
}

func (r *report) printTensors(w io.Writer) error {
	fmt.Fprintln(w)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "dtype\tshape\tmin\tmax\tmean\tstd\tNaN\tInf\tzeros\t  tensor")
	for _, t := range r.Tensors {
		fmt.Fprintf(out, "%s\t%s\t", t.DType, strings.ReplaceAll(fmt.Sprint(t.Shape), " ", "×"))
		if s := t.Statistics; s != nil {
			fmt.Fprintf(out, "%.3g\t%.3g\t%.3g\t%.3g\t%d\t%d\t%d\t", s.Min, s.Max, s.Mean, s.Std, s.NaN, s.Infinite, s.Zero)
		} else {
			fmt.Fprint(out, "\t\t\t\t\t\t\t")
		}
		fmt.Fprintf(out, "  %s", printable(t.Name, maxText))
		if t.Error != "" {
			fmt.Fprintf(out, " (%s)", t.Error)
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// printHealth writes the health card for people.
func printHealth(w io.Writer, h *health.Card) error {
	fmt.Fprintln(w, "\nhealth card")
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range h.Verdicts {
		fmt.Fprintf(out, "  %s\t%s\t%s\n", v.Grade, v.Topic, v.Text)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	numbers := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(numbers, "turned: eV\teV/Å\tatoms\t  molecule")
	for _, m := range h.Molecules {
		fmt.Fprintf(numbers, "%.4f\t%.4f\t%d\t  %s\n", m.TurnedEnergy, m.TurnedForce, m.Atoms, m.Name)
	}
	if err := numbers.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(numbers, "jump at the cutoff: eV\twall: eV\tat Å\tlowest at Å\t  pair")
	for _, p := range h.Pairs {
		fmt.Fprintf(numbers, "%+.4f\t%.2f\t%.2f\t%.2f\t  %s–%s\n", p.Jump, p.Wall, p.WallAt, p.Best, p.Elements[0], p.Elements[1])
	}
	if err := numbers.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(numbers, "force jumps by: eV/Å\t  symmetric molecule")
	for _, k := range h.Kinks {
		fmt.Fprintf(numbers, "%.4f\t  %s\n", k.Jump, k.Name)
	}
	if err := numbers.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(numbers, "wall: eV\tat Å\t1 eV at Å\tGFN2\twell: eV\tGFN2\t  molecules that meet")
	for _, c := range h.Contacts {
		fmt.Fprintf(numbers, "%.2f\t%.2f\t%.2f\t%.2f\t%.3f\t%.3f\t  %s–%s\n", c.Wall, c.WallAt, c.At, c.GFN2At, c.Well, c.GFN2Well, c.Elements[0], c.Elements[1])
	}
	if err := numbers.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(numbers, "barrier: eV\tGFN2\tRMS\t  bond that turns")
	for _, t := range h.Torsions {
		fmt.Fprintf(numbers, "%.3f\t%.3f\t%.3f\t  %s, %s\n", t.Barrier, t.GFN2, t.RMS, t.Molecule, t.Bond)
	}
	return numbers.Flush()
}
