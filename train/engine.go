package train

import (
	"context"

	"painless/kernels/cpu"
)

// EngineOptions of an engine.
type EngineOptions struct {
	Threads int // 0: as many as GOMAXPROCS. The results do not depend on it.
	Loss    Loss

	// Exact computes the filter network for every pair, in place of tables: the
	// yardstick for them.
	Exact bool
}

// Engine computes the gradient of the loss by the weights, in the arithmetic T.
type Engine[T cpu.Float] struct {
	model   *Model
	options EngineOptions
}

// NewEngine makes an engine for a model, whose weights it reads at each call.
func NewEngine[T cpu.Float](m *Model, o EngineOptions) (*Engine[T], error) {
	if err := o.Loss.Check(); err != nil {
		return nil, err
	}
	return &Engine[T]{model: m, options: o}, nil
}

// Close gives back memory and threads. It may be called twice.
func (e *Engine[T]) Close() {}

// Gradient computes the loss of a batch, and writes its gradient by the model's
// weights into grad [W]: exact to rounding, carried through the ties, and 0 for
// weights that are held. Once the engine has seen the largest batch it allocates
// nothing. The same batch gives the same bits with any number of threads. A batch
// that gives no numbers, and a ctx that ends, are errors.
func (e *Engine[T]) Gradient(ctx context.Context, batch []*Sample, grad []T) (Terms, error) {
	panic("follows")
}
