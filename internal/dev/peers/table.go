package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table is the report as markdown, with what there is of it.
func (r *report) table() string {
	var t strings.Builder
	on := fmt.Sprintf("%s, %d threads", r.CPU, r.Threads)
	if r.GPU != "" {
		on = r.GPU
	}
	fmt.Fprintf(&t, "%s, %s", on, r.Date)
	for _, name := range slices.Sorted(maps.Keys(r.Peers)) {
		fmt.Fprintf(&t, ", %s %s", name, r.Peers[name])
	}
	t.WriteString("\n")
	r.againstTable(&t)
	r.aloneTable(&t)
	if len(r.Throughput) > 0 {
		t.WriteString("\n| model | structures | batch | atoms | E+F ms | atoms/s |\n|---|---|---|---|---|---|\n")
	}
	for _, b := range r.Throughput {
		if len(b.Seconds) > 0 {
			seconds := median(b.Seconds)
			fmt.Fprintf(&t, "| %s | %s | %d | %d | %.4f | %.4g |\n", b.Model, b.Structures, b.Batch, b.Atoms, 1e3*seconds, float64(b.Atoms)/seconds)
		}
	}
	if len(r.Load) > 0 {
		t.WriteString("\n| model | load and tabulate ms |\n|---|---|\n")
	}
	for _, l := range r.Load {
		if len(l.Seconds) > 0 {
			fmt.Fprintf(&t, "| %s | %.1f |\n", l.Model, 1e3*median(l.Seconds))
		}
	}
	for _, f := range r.Errors {
		fmt.Fprintf(&t, "\n%s failed: %s\n", f.Measurement, f.Error)
	}
	return t.String()
}

// againstTable has a column for painless, and two for each other entrant.
func (r *report) againstTable(t *strings.Builder) {
	var others []string
	for _, c := range r.Against {
		for name := range c.Seconds {
			if name != painlessEntrant && !slices.Contains(others, name) {
				others = append(others, name)
			}
		}
	}
	slices.Sort(others)
	if len(r.Against) == 0 {
		return
	}
	t.WriteString("\n| model | structure | atoms | edges | painless ms |")
	for _, name := range others {
		fmt.Fprintf(t, " %s ms | over painless |", name)
	}
	fmt.Fprintf(t, "\n|---|---|---|---|---|%s\n", strings.Repeat("---|", 2*len(others)))
	for _, c := range r.Against {
		ours := c.Seconds[painlessEntrant]
		fmt.Fprintf(t, "| %s | %s | %d | %d | %s |", c.Model, c.Structure, c.Atoms, c.Edges, milliseconds(ours))
		for _, name := range others {
			theirs := c.Seconds[name]
			fmt.Fprintf(t, " %s | %s |", milliseconds(theirs), ratio(theirs, ours))
		}
		t.WriteString("\n")
	}
}

// aloneTable has what a CPU's threads gain.
func (r *report) aloneTable(t *strings.Builder) {
	if len(r.Alone) == 0 {
		return
	}
	fmt.Fprintf(t, "\n| model | structure | atoms | edges | 1 thread ms | %d threads ms | ratio | µs/atom | ns/edge |\n|---|---|---|---|---|---|---|---|---|\n", r.Threads)
	for _, s := range r.Alone {
		fmt.Fprintf(t, "| %s | %s | %d | %d | %s | %s | %s |", s.Model, s.Structure, s.Atoms, s.Edges, milliseconds(s.One), milliseconds(s.All), ratio(s.One, s.All))
		if len(s.All) > 0 {
			all := median(s.All)
			fmt.Fprintf(t, " %.2f | %.0f |\n", 1e6*all/float64(s.Atoms), 1e9*all/float64(s.Edges))
		} else {
			t.WriteString(" – | – |\n")
		}
	}
}

func milliseconds(seconds []float64) string {
	if len(seconds) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4f", 1e3*median(seconds))
}

func ratio(over, under []float64) string {
	if len(over) == 0 || len(under) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", median(over)/median(under))
}
