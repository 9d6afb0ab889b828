package main

import (
	"fmt"
	"slices"
	"strings"
)

// table has a row for each call that is timed.
type table struct{ rows []*row }

type row struct {
	name string
	ms   [2][]float64 // of the older binary and the newer one, per turn
}

func (t *table) add(side int, name string, ms float64) {
	i := slices.IndexFunc(t.rows, func(r *row) bool { return r.name == name })
	if i < 0 {
		i = len(t.rows)
		t.rows = append(t.rows, &row{name: name})
	}
	t.rows[i].ms[side] = append(t.rows[i].ms[side], ms)
}

// complete refuses calls that one of the binaries did not make in every round.
func (t *table) complete(rounds int) error {
	for _, r := range t.rows {
		if len(r.ms[0]) != rounds || len(r.ms[1]) != rounds {
			return fmt.Errorf("%s: expected it from both binaries %d times, found it %d and %d times", r.name, rounds, len(r.ms[0]), len(r.ms[1]))
		}
	}
	return nil
}

// median is the ratio, new over old, in the median of the turns: those of one
// round stand beside one another, so that what disturbs one disturbs the other.
func (r *row) median() float64 {
	var ratios []float64
	for i, old := range r.ms[0] {
		ratios = append(ratios, r.ms[1][i]/old)
	}
	slices.Sort(ratios)
	return (ratios[len(ratios)/2] + ratios[(len(ratios)-1)/2]) / 2
}

// least is the ratio of the shortest times, which other work on the machine made no longer.
func (r *row) least() float64 { return slices.Min(r.ms[1]) / slices.Min(r.ms[0]) }

// slower is the rows that both ratios say to take longer by more than the
// tolerance: either alone is noise.
func (t *table) slower(tolerance float64) (rows []*row) {
	for _, r := range t.rows {
		if min(r.median(), r.least()) > 1+tolerance {
			rows = append(rows, r)
		}
	}
	return rows
}

// text is the table in Markdown.
func (t *table) text(slower []*row) string {
	text := &strings.Builder{}
	text.WriteString("| call | old, least ms | new, least ms | new/old, least | new/old, median | |\n|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		mark := ""
		if slices.Contains(slower, r) {
			mark = "slower"
		}
		fmt.Fprintf(text, "| %s | %.4g | %.4g | %.3f | %.3f | %s |\n", r.name, slices.Min(r.ms[0]), slices.Min(r.ms[1]), r.least(), r.median(), mark)
	}
	return text.String()
}
