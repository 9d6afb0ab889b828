package validate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"painless/internal/commands/cli"
)

// listed is how many of the worst structures the table lists; -json has more of them, and
// all of those that were not validated.
const listed = 5

// print is the report as tables for people, in meV.
func (r *report) print(w io.Writer) {
	read := 0
	for _, d := range r.Datasets {
		read += d.Read
	}
	fmt.Fprintf(w, "%d of %s, %s\n", r.Structures, cli.Counted(read, "structure"), cli.Counted(r.Atoms, "atom"))
	r.compare(w, "", (*modelReport).summary)
	fmt.Fprintf(w, "\nms a structure: by the clock, %s, other work of the machine in it; painless bench measures speed\n", cli.Counted(r.Threads, "thread"))
	r.compare(w, "force RMSE by element, meV/Å", (*modelReport).elements)
	r.compare(w, "energy MAE by size, meV/atom", (*modelReport).energySizes)
	r.compare(w, "force RMSE by size, meV/Å", (*modelReport).forceSizes)
	for i := range r.Models {
		r.Models[i].printWorst(w)
	}
	printLacks(w, "without a label that was looked for", r.Unlabelled)
	printLacks(w, "whose Hessian along a direction is passed over", r.PassedOver)
	for _, m := range r.Models {
		printLacks(w, "that "+m.Name+" could not compute", m.Failed)
	}
}

// entry is a row of a model: a name and a number; no number where there is none.
type entry struct{ name, number string }

// compare prints the entries of all models side by side, without rows that have no number.
func (r *report) compare(w io.Writer, title string, entries func(*modelReport) []entry) {
	head, rows := []string{title}, [][]string{}
	for i := range r.Models {
		head = append(head, r.Models[i].Name)
		for _, e := range entries(&r.Models[i]) {
			if e.number == "" {
				continue
			}
			at := slices.IndexFunc(rows, func(row []string) bool { return row[0] == e.name })
			if at < 0 {
				at, rows = len(rows), append(rows, make([]string, len(r.Models)+1))
				rows[at][0] = e.name
			}
			rows[at][i+1] = e.number
		}
	}
	printTable(w, head, rows)
}

// printTable aligns the first column left and the others right.
func printTable(w io.Writer, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	rows = append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w)
	for _, row := range rows {
		line := ""
		for c, cell := range row {
			blanks := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if c == 0 {
				line = cell + blanks
			} else {
				line += "  " + blanks + cell
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func (m *modelReport) summary() []entry {
	energy, forces, stress, hessian := orZero(m.Energy), orZero(m.Forces), orZero(m.Stress), orZero(m.Hessian)
	offsets := orZero(energy.Offsets)
	each := ""
	if m.MSEach != nil {
		each = strconv.FormatFloat(*m.MSEach, 'g', 3, 64)
	}
	return []entry{
		{"parameters", strconv.Itoa(m.Parameters)},
		{"structures computed", strconv.Itoa(m.Computed)},
		{"ms a structure", each},
		{"energy MAE, meV", milli(energy.N, energy.MAE)},
		{"energy RMSE, meV", milli(energy.N, energy.RMSE)},
		{"energy mean error, meV", milli(energy.N, energy.Bias)},
		{"energy R²", share(energy.R2)},
		{"energy MAE, meV/atom", milli(energy.N, energy.PerAtom.MAE)},
		{"energy RMSE, meV/atom", milli(energy.N, energy.PerAtom.RMSE)},
		{"energy MAE less offsets fitted per atom, meV", milli(offsets.N, offsets.MAE)},
		{"energy RMSE less offsets fitted per atom, meV", milli(offsets.N, offsets.RMSE)},
		{"energy MAE less offsets fitted per atom, meV/atom", milli(offsets.N, offsets.PerAtom.MAE)},
		{"energy RMSE less offsets fitted per atom, meV/atom", milli(offsets.N, offsets.PerAtom.RMSE)},
		{"force MAE, meV/Å", milli(forces.N, forces.MAE)},
		{"force RMSE, meV/Å", milli(forces.N, forces.RMSE)},
		{"force largest error, meV/Å", milli(forces.N, forces.Max)},
		{"force R²", share(forces.R2)},
		{"force cosine", share(forces.Cosine)},
		{"stress MAE, meV/Å³", milli(stress.N, stress.MAE)},
		{"stress RMSE, meV/Å³", milli(stress.N, stress.RMSE)},
		{"structures with a Hessian along a direction", some(hessian.Structures)},
		{"Hessian MAE along 1 Å, meV/Å", milli(hessian.N, hessian.MAE)},
		{"Hessian RMSE along 1 Å, meV/Å", milli(hessian.N, hessian.RMSE)},
	}
}

// some is a count, or nothing where there is none.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func orZero[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

func (m *modelReport) elements() (list []entry) {
	for _, e := range m.ByElement {
		list = append(list, entry{fmt.Sprintf("%-2s %9d atoms", e.Element, e.Atoms), milli(e.Forces.N, e.Forces.RMSE)})
	}
	return list
}

func (m *modelReport) energySizes() []entry {
	return m.sizes(func(s *sizeReport) string { e := orZero(s.EnergyPerAtom); return milli(e.N, e.MAE) })
}

func (m *modelReport) forceSizes() []entry {
	return m.sizes(func(s *sizeReport) string { f := orZero(s.Forces); return milli(f.N, f.RMSE) })
}

func (m *modelReport) sizes(number func(*sizeReport) string) (list []entry) {
	for i := range m.BySize {
		s := &m.BySize[i]
		list = append(list, entry{fmt.Sprintf("%d–%d atoms: %s", s.MinAtoms, s.MaxAtoms, cli.Counted(s.Structures, "structure")), number(s)})
	}
	return list
}

// printWorst lists the structures that the model is worst at.
func (m *modelReport) printWorst(w io.Writer) {
	var rows [][]string
	for _, s := range m.WorstForces[:min(listed, len(m.WorstForces))] {
		rows = append(rows, []string{s.String(), milli(1, *s.ForceRMSE), milli(1, *s.ForceMax)})
	}
	printTable(w, []string{m.Name + ": worst forces, meV/Å", "RMSE", "largest error"}, rows)
	rows = nil
	for _, s := range m.WorstEnergy[:min(listed, len(m.WorstEnergy))] {
		rows = append(rows, []string{s.String(), milli(1, *s.EnergyPerAtom), milli(1, *s.Energy)})
	}
	printTable(w, []string{m.Name + ": worst energies, meV", "per atom", "total"}, rows)
}

func (p place) String() string { return fmt.Sprintf("  %s, frame %d: %s", p.File, p.Frame, p.Formula) }

// printLacks lists structures that were not validated, or not wholly.
func printLacks(w io.Writer, what string, list []lack) {
	if len(list) == 0 {
		return
	}
	structures := map[int]bool{}
	for _, l := range list {
		structures[l.index] = true
	}
	fmt.Fprintf(w, "\n%s %s:\n", cli.Counted(len(structures), "structure"), what)
	reasons, count := []lack{}, map[string]int{} // each once, of the first structure
	for _, l := range list {
		if count[l.Reason]++; count[l.Reason] == 1 {
			reasons = append(reasons, l)
		}
	}
	for _, l := range reasons[:min(cli.Listed, len(reasons))] {
		others := ""
		if more := count[l.Reason] - 1; more > 0 {
			others = ", and " + cli.Counted(more, "more structure")
		}
		fmt.Fprintf(w, "%s%s: %s\n", l.place, others, l.Reason)
	}
	if more := len(reasons) - cli.Listed; more > 0 {
		fmt.Fprintf(w, "  and %s; -json lists all\n", cli.Counted(more, "more reason"))
	}
}

// milli is a number in thousandths, to four digits; none where n is 0.
func milli(n int, x float64) string {
	x *= 1000
	size := math.Abs(x)
	switch {
	case n == 0:
		return ""
	case x == 0:
		return "0"
	case size < 1e-3 || size >= 1e6:
		return strconv.FormatFloat(x, 'e', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', max(0, 3-int(math.Floor(math.Log10(size)))), 64)
}

// share is a number up to 1; none for nil.
func share(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', 5, 64)
}
