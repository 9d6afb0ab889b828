package validate

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// offsets is the energies c_z of the elements that fit the errors e_k of
// structures with n_kz atoms of element z best: least Σ_k (e_k − Σ_z n_kz c_z)².
type offsets struct {
	elements []int     // atomic numbers, ascending
	energies []float64 // c, eV; of all that fit equally well, those of least Σc²
	rank     int       // of n: how many c the compositions can tell apart
}

const (
	// blockRows is how many structures are factorized at once.
	blockRows = 512
	// tiny is the share of the largest singular value below which one counts as 0.
	tiny = 1e-10
)

// fitOffsets fits the errors that are numbers; nil where there are no more of
// them than unknowns. Memory does not grow with the structures: their rows
// (n_k | e_k) are reduced to a triangle R block by block (QR of R and the next
// block), and R's singular values give the rank and the solution.
func fitOffsets(structures []structure, cs []composition, errors []float64) *offsets {
	o := &offsets{}
	column, rows := o.columns(structures, cs, errors)
	if rows == 0 {
		return nil
	}
	width := len(o.elements) + 1
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
		c := cs[structures[k].composition]
		for i, z := range c.numbers {
			block.Set(width+used, column[z], float64(c.counts[i]))
		}
		block.Set(width+used, width-1, e)
		if used++; used == blockRows {
			factorize()
		}
	}
	factorize()

	var svd mat.SVD
	if !svd.Factorize(triangle.Slice(0, width-1, 0, width-1), mat.SVDThin) {
		return nil
	}
	if o.rank = svd.Rank(tiny); rows <= o.rank {
		return nil
	}
	var solution mat.VecDense
	svd.SolveVecTo(&solution, triangle.ColView(width-1).(*mat.VecDense).SliceVec(0, width-1), o.rank)
	o.energies = solution.RawVector().Data
	return o
}

// columns gives each element that occurs a column, and counts the rows.
func (o *offsets) columns(structures []structure, cs []composition, errors []float64) (column map[int]int, rows int) {
	var occurs [atomicNumbers]bool
	for k, e := range errors {
		if !math.IsNaN(e) {
			rows++
			for _, z := range cs[structures[k].composition].numbers {
				occurs[z] = true
			}
		}
	}
	column = map[int]int{}
	for z, ok := range occurs {
		if ok {
			column[z] = len(o.elements)
			o.elements = append(o.elements, z)
		}
	}
	return column, rows
}

// residuals is the errors without the offsets; NaN where there is no error.
func (o *offsets) residuals(structures []structure, cs []composition, errors []float64) []float64 {
	shift := make([]float64, len(cs))
	var energy [atomicNumbers]float64
	for i, z := range o.elements {
		energy[z] = o.energies[i]
	}
	for i, c := range cs {
		for k, z := range c.numbers {
			shift[i] += float64(c.counts[k]) * energy[z]
		}
	}
	left := make([]float64, len(errors))
	for k := range left {
		left[k] = shift[structures[k].composition]
	}
	return floats.SubTo(left, errors, left)
}
