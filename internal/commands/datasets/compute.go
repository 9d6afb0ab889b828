package datasets

import (
	"context"
	"errors"
	"slices"

	"painless"
	"painless/atoms"
)

// Computer computes structures some at a time, and does without those that
// cannot be.
type Computer struct {
	Batch  painless.Batch // those that are computed
	Result painless.Result
	Failed []Failure // the others

	indices []int
}

// Failure is what keeps a structure from being computed.
type Failure struct {
	Index int
	Err   error
}

// Compute computes structures, and returns the indices of those in the batch;
// until the first failure only if strict.
func (c *Computer) Compute(ctx context.Context, p painless.Potential, structures []*atoms.Structure, strict bool) (computed []int, err error) {
	c.Failed, c.indices = c.Failed[:0], c.indices[:0]
	for i := range structures {
		c.indices = append(c.indices, i)
	}
	for {
		c.Batch.Reset()
		for _, i := range c.indices {
			c.Batch.Append(structures[i])
		}
		err := p.Compute(ctx, &c.Batch, &c.Result)
		var which *painless.StructureError
		if !errors.As(err, &which) {
			slices.SortFunc(c.Failed, func(a, b Failure) int { return a.Index - b.Index })
			return c.indices, err
		}
		failure := Failure{c.indices[which.Index], which.Err}
		if strict { // an earlier one may show yet
			c.Failed, c.indices = append(c.Failed[:0], failure), c.indices[:which.Index]
		} else {
			c.Failed, c.indices = append(c.Failed, failure), slices.Delete(c.indices, which.Index, which.Index+1)
		}
	}
}
