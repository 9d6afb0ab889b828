package datasets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
)

// picky computes structures of more than 0 atoms, whose energy is the first
// atom's number. It looks from the last to the first.
type picky struct {
	painless.Potential // whose other methods nobody calls
	err                error
}

func (p picky) Compute(_ context.Context, b *painless.Batch, r *painless.Result) error {
	if p.err != nil {
		return p.err
	}
	r.Energy = r.Energy[:0]
	for k := range slices.Backward(b.PBC) {
		if b.Start[k] == b.Start[k+1] {
			return &painless.StructureError{Index: k, Err: fmt.Errorf("nothing in %d", k)}
		}
	}
	for k := range b.PBC {
		r.Energy = append(r.Energy, float64(b.Numbers[b.Start[k]]))
	}
	return nil
}

func TestCompute(t *testing.T) {
	for _, c := range []struct {
		numbers        []int // of the only atom; 0 for none
		energies       []float64
		failed, strict []int
		before         []float64
	}{
		{[]int{1, 2, 3}, []float64{1, 2, 3}, nil, nil, []float64{1, 2, 3}},
		{[]int{1, 0, 3, 0, 5}, []float64{1, 3, 5}, []int{1, 3}, []int{1}, []float64{1}},
		{[]int{0, 0}, nil, []int{0, 1}, []int{0}, nil},
		{nil, nil, nil, nil, nil},
	} {
		var structures []*atoms.Structure
		for _, z := range c.numbers {
			s := &atoms.Structure{}
			if z > 0 {
				s.Numbers, s.Positions = []int{z}, make([][3]float64, 1)
			}
			structures = append(structures, s)
		}
		var computer Computer
		run := func(strict bool) (energies []float64, failed []int) {
			computed, err := computer.Compute(t.Context(), picky{}, structures, strict)
			require.NoError(t, err)
			require.Len(t, computer.Result.Energy, len(computed))
			for k, i := range computed {
				assert.Equal(t, float64(c.numbers[i]), computer.Result.Energy[k])
				energies = append(energies, computer.Result.Energy[k])
			}
			for _, f := range computer.Failed {
				failed = append(failed, f.Index)
			}
			return energies, failed
		}
		energies, failed := run(false)
		assert.Equal(t, c.energies, energies)
		assert.Equal(t, c.failed, failed)
		energies, failed = run(true)
		assert.Equal(t, c.before, energies)
		assert.Equal(t, c.strict, failed)
	}
	broken := errors.New("broken")
	_, err := (&Computer{}).Compute(t.Context(), picky{err: broken}, nil, false)
	assert.ErrorIs(t, err, broken)
}
