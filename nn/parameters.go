package nn

import "painless/kernels/cpu"

// Parameter is a tensor of weights, and where it begins in an array of all of them.
type Parameter struct {
	Name  string // as in a checkpoint
	Shape []int
	First int
}

// Size is the number of its elements.
func (p *Parameter) Size() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Parameters returns the tensors that learn, in a checkpoint's order, and how many
// elements they have: all but the radial functions' centres and widths.
func (c Config) Parameters() (list []Parameter, size int) {
	for s := range c.specs() {
		if s.name == "rbf.centers" || s.name == "rbf.widths" {
			continue
		}
		p := Parameter{s.name, s.shape, size}
		list = append(list, p)
		size += p.Size()
	}
	return list, size
}

// WithWeights returns a network of the form of n, with the radial functions of n
// and other weights, [size] in the order of Parameters.
func (n *Network) WithWeights(weights []float64) *Network {
	values := map[string][]float64{"rbf.centers": n.Centers, "rbf.widths": n.Widths}
	list, _ := n.Config.Parameters()
	for _, p := range list {
		values[p.Name] = weights[p.First : p.First+p.Size()]
	}
	return assemble(n.Config, values)
}

// Weights returns the network's weights in the order of Parameters.
func (n *Network) Weights() []float64 {
	_, size := n.Config.Parameters()
	flat := make([]float64, size)
	v := view(n.Config, flat)
	copy(v.embedding, n.Embedding)
	put := func(to layerView[float64], from *Linear) {
		copy(to.weight, from.Weight)
		copy(to.bias, from.Bias)
	}
	for k := range n.Blocks {
		from, to := &n.Blocks[k], &v.blocks[k]
		for i := range from.Filter {
			put(to.filter[i], &from.Filter[i])
			put(to.update[i], &from.Update[i])
		}
		for i := range from.Mixing {
			copy(to.mixing[3*i:], from.Mixing[i][:])
		}
	}
	for i := range n.Head {
		put(v.head[i], &n.Head[i])
	}
	return flat
}

// layerView is a layer's part of an array of all weights.
type layerView[T cpu.Float] struct{ weight, bias []T }

// weightsView is the parts of an array of all weights, or of a gradient by them.
type weightsView[T cpu.Float] struct {
	embedding []T
	blocks    []blockView[T]
	head      [3]layerView[T]
}

type blockView[T cpu.Float] struct {
	filter, update [2]layerView[T]
	mixing         []T
}

// view is the parts of an array in the order of Parameters.
func view[T cpu.Float](c Config, flat []T) (v weightsView[T]) {
	list, _ := c.Parameters()
	next := func() []T {
		p := &list[0]
		list = list[1:]
		return flat[p.First : p.First+p.Size()]
	}
	layer := func() layerView[T] { return layerView[T]{next(), next()} }
	v.embedding = next()
	for range c.NumInteractions {
		v.blocks = append(v.blocks, blockView[T]{filter: [2]layerView[T]{layer(), layer()}, update: [2]layerView[T]{layer(), layer()}, mixing: next()})
	}
	for i := range v.head {
		v.head[i] = layer()
	}
	return v
}
