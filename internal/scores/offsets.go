package scores

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Offsets is the energies c_z of the elements that fit the errors e_k of structures
// with N_k atoms, n_kz of them of element z, best.
type Offsets struct {
	Elements []int     // atomic numbers, ascending
	Energies []float64 // c, eV; of all that fit equally well, those of least Σc²
	Rank     int       // of n: how many c the compositions can tell apart
}

const (
	// blockRows is how many structures are factorized at once.
	blockRows = 512
	// tiny is the share of the largest singular value below which one counts as 0.
	tiny = 1e-10
)

// FitOffsets fits the errors that are numbers, of structures whose compositions in cs
// have these indices: least Σ_k (e_k − Σ_z n_kz c_z)². It is nil where there are no more
// of them than unknowns.
func FitOffsets(of []int32, cs []Composition, errors []float64) *Offsets {
	return fit(of, cs, errors, func(*Composition) float64 { return 1 })
}

// FitOffsetsPerAtom is FitOffsets to errors per atom: least Σ_k ((e_k − Σ_z n_kz c_z)/N_k)².
func FitOffsetsPerAtom(of []int32, cs []Composition, errors []float64) *Offsets {
	return fit(of, cs, errors, func(c *Composition) float64 { return 1 / float64(c.Atoms) })
}

// fit takes memory that does not grow with the structures: their rows, (n_k | e_k)
// times a weight, are reduced to a triangle R block by block (QR of R and the next
// block), and R's singular values give the rank and the solution.
func fit(of []int32, cs []Composition, errors []float64, weight func(*Composition) float64) *Offsets {
	o := &Offsets{}
	column, rows := o.columns(of, cs, errors)
	if rows == 0 {
		return nil
	}
	width := len(o.Elements) + 1
	triangle, used := mat.NewDense(width, width, nil), 0
	block := mat.NewDense(width+blockRows, width, nil)
	factorize := func() {
		block.Slice(0, width, 0, width).(*mat.Dense).Copy(triangle)
		var qr mat.QR
		qr.Factorize(block.Slice(0, width+used, 0, width))
		var r mat.Dense
		qr.RTo(&r)
		triangle.Copy(r.Slice(0, width, 0, width))
		block.Zero()
		used = 0
	}
	for k, e := range errors {
		if math.IsNaN(e) {
			continue
		}
		c := &cs[of[k]]
		w := weight(c)
		for i, z := range c.Numbers {
			block.Set(width+used, column[z], w*float64(c.Counts[i]))
		}
		block.Set(width+used, width-1, w*e)
		if used++; used == blockRows {
			factorize()
		}
	}
	factorize()

	var svd mat.SVD
	if !svd.Factorize(triangle.Slice(0, width-1, 0, width-1), mat.SVDThin) {
		return nil
	}
	if o.Rank = svd.Rank(tiny); rows <= o.Rank {
		return nil
	}
	var solution mat.VecDense
	svd.SolveVecTo(&solution, triangle.ColView(width-1).(*mat.VecDense).SliceVec(0, width-1), o.Rank)
	o.Energies = solution.RawVector().Data
	return o
}

// columns gives each element that occurs a column, and counts the rows.
func (o *Offsets) columns(of []int32, cs []Composition, errors []float64) (column map[int]int, rows int) {
	var occurs [AtomicNumbers]bool
	for k, e := range errors {
		if !math.IsNaN(e) {
			rows++
			for _, z := range cs[of[k]].Numbers {
				occurs[z] = true
			}
		}
	}
	column = map[int]int{}
	for z, ok := range occurs {
		if ok {
			column[z] = len(o.Elements)
			o.Elements = append(o.Elements, z)
		}
	}
	return column, rows
}

// Residuals returns the errors without the offsets; NaN where there is no error.
func (o *Offsets) Residuals(of []int32, cs []Composition, errors []float64) []float64 {
	shift := make([]float64, len(cs))
	var energy [AtomicNumbers]float64
	for i, z := range o.Elements {
		energy[z] = o.Energies[i]
	}
	for i, c := range cs {
		for k, z := range c.Numbers {
			shift[i] += float64(c.Counts[k]) * energy[z]
		}
	}
	left := make([]float64, len(errors))
	for k := range left {
		left[k] = shift[of[k]]
	}
	return floats.SubTo(left, errors, left)
}
