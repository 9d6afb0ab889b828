// Package scores compares energies and forces with labels: the sums over errors,
// the compositions of structures, and the energies of the elements that fit best.
package scores

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"painless/internal/vec"
)

// Deviation is sums over errors, predicted − label.
type Deviation struct {
	N       int
	Abs     float64 // Σ|e|
	Squares float64 // Σe²
	Largest float64 // max |e|
}

// Add adds an error.
func (d *Deviation) Add(e float64) {
	d.N++
	d.Abs += math.Abs(e)
	d.Squares += e * e
	d.Largest = math.Max(d.Largest, math.Abs(e))
}

// Merge adds sums over other errors: those of a structure are summed alone, as
// fewer additions to a large sum lose fewer digits.
func (d *Deviation) Merge(o Deviation) {
	d.N += o.N
	d.Abs += o.Abs
	d.Squares += o.Squares
	d.Largest = math.Max(d.Largest, o.Largest)
}

// MAE is the mean of |e|; NaN where there are no errors, as RMSE is.
func (d *Deviation) MAE() float64 { return d.Abs / float64(d.N) }

// RMSE is the root of the mean of e².
func (d *Deviation) RMSE() float64 { return math.Sqrt(d.Squares / float64(d.N)) }

// moments is a mean and the sum of squares about it.
type moments struct{ n, mean, squares float64 }

// merge adds numbers: Chan, Golub and LeVeque's update (1979).
func (m *moments) merge(x []float64) {
	mean, variance := stat.PopMeanVariance(x, nil)
	n := float64(len(x))
	delta, total := mean-m.mean, m.n+n
	m.mean += delta * n / total
	m.squares += variance*n + delta*delta*m.n*n/total
	m.n = total
}

// Forces is the errors of force components, eV/Å.
type Forces struct {
	All      Deviation
	Elements [AtomicNumbers]Deviation // by atomic number
	Directed int                      // atoms where neither the label nor what was predicted is 0

	labels     moments
	cosines    float64 // Σ of the cosine between the two over those atoms
	components []float64
}

// Add adds the errors of a structure of N atoms, and returns them alone.
func (f *Forces) Add(numbers []int, labels, predicted [][3]float64) (all Deviation) {
	f.components = f.components[:0]
	cosines := 0.0
	for i, want := range labels {
		got := predicted[i]
		var atom Deviation
		for c := range want {
			atom.Add(got[c] - want[c])
		}
		f.Elements[numbers[i]].Merge(atom)
		all.Merge(atom)
		f.components = append(f.components, want[:]...)
		if lengths := vec.Norm(got) * vec.Norm(want); lengths > 0 {
			f.Directed++
			cosines += vec.Dot(got, want) / lengths
		}
	}
	f.cosines += cosines
	f.All.Merge(all)
	f.labels.merge(f.components)
	return all
}

// R2 is the share of the labels' variance that is predicted; nil where they have none.
func (f *Forces) R2() *float64 {
	if f.labels.squares == 0 {
		return nil
	}
	r2 := 1 - f.All.Squares/f.labels.squares
	return &r2
}

// Cosine is the mean cosine of the angle between predicted and label; nil where there is none.
func (f *Forces) Cosine() *float64 {
	if f.Directed == 0 {
		return nil
	}
	cosine := f.cosines / float64(f.Directed)
	return &cosine
}
