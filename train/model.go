package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"painless/nn"
)

// Model is a network in training: its weights in one piece, and which of them are
// held, tied to others or kept for the energies of the elements.
type Model struct {
	Config          nn.Config
	Centers, Widths []float64 // of the radial functions, Å, [R]; not trained
	Weights         []float32 // in the order of the architecture's tensors

	// Free trains all weights. Otherwise the network is healthy: mixing matrices are
	// 1, so that energies do not change when a structure is turned, and the filters'
	// last biases are −W2·silu(b1), so that they do not jump at the cutoff.
	Free bool
	// Reserved keeps the last channel, and two units of each hidden layer of the
	// readout, for the energies of the elements: they are 0 while training goes on.
	Reserved bool

	layout layout
	held   []bool // weights that the optimizer does not move, [W]
}

// leastReserved is the smallest number of features of which a channel can be kept,
// and one unit of the readout's last layer be left.
const leastReserved = 12

// NewModel makes a model of random weights, the same for each seed: W1 ~ N(0, 1),
// b1 ~ N(0, 0.5), W2 ~ N(0, 0.4/√H) in filters, embeddings ~ N(0, 1), Xavier's
// uniform numbers elsewhere, biases 0. Configurations that no network has are errors.
func NewModel(c nn.Config, seed uint64, free bool) (*Model, error) {
	if c.HiddenDim < leastReserved {
		return nil, fmt.Errorf("%d features: expected at least %d", c.HiddenDim, leastReserved)
	}
	m := &Model{Config: c, Free: free, Reserved: true}
	for n := range max(0, c.NumRBF) {
		// As PyTorch's float32 linspace and full have them.
		m.Centers = append(m.Centers, float64(float32(c.Cutoff*float64(n)/float64(max(1, c.NumRBF-1)))))
		m.Widths = append(m.Widths, float64(float32(c.Cutoff/float64(c.NumRBF))))
	}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	m.randomise(rand.New(rand.NewPCG(seed, 0x7261696e)))
	m.clearHeld()
	m.Tie()
	return m, nil
}

func (m *Model) randomise(rng *rand.Rand) {
	normal := func(x []float32, sigma float64) {
		for i := range x {
			x[i] = float32(sigma * rng.NormFloat64())
		}
	}
	w, h := m.Weights, m.Config.HiddenDim
	for l := range m.layout.layers {
		limit := math.Sqrt(6 / float64(l.in+l.out))
		for i := range l.out * l.in {
			w[l.weight+i] = float32(limit * (2*rng.Float64() - 1))
		}
	}
	normal(w[m.layout.embedding:][:(m.Config.MaxZ+1)*h], 1)
	for k := range m.layout.blocks {
		b := &m.layout.blocks[k]
		normal(w[b.filter[0].weight:][:h*m.Config.NumRBF], 1)
		normal(w[b.filter[0].bias:][:h], 0.5)
		normal(w[b.filter[1].weight:][:3*h*h], 0.4/math.Sqrt(float64(h)))
		for i := range 3 {
			w[b.mixing+4*i] = 1
		}
	}
}

// prepare makes room for the weights and finds which of them are held. It refuses
// what is no architecture.
func (m *Model) prepare() error {
	c := m.Config
	// The allocation is bounded before it is made.
	if c.HiddenDim < 4 || c.HiddenDim > 4096 || c.NumInteractions < 1 || c.NumInteractions > 64 || c.NumRBF < 1 || c.NumRBF > 4096 || c.MaxZ < 1 || c.MaxZ > 1000 ||
		!(c.Cutoff > 0) || c.Cutoff > 100 {
		return fmt.Errorf("network of %+v: expected 4 to 4096 features, 1 to 64 interactions, 1 to 4096 radial functions, elements up to 1000 and a cutoff of at most 100 Å", c)
	}
	if len(m.Centers) != c.NumRBF || len(m.Widths) != c.NumRBF {
		return fmt.Errorf("%d centers and %d widths: expected %d", len(m.Centers), len(m.Widths), c.NumRBF)
	}
	for i := range m.Centers {
		if math.IsNaN(m.Centers[i]) || math.IsInf(m.Centers[i], 0) || !(math.Abs(m.Widths[i]) > 0) || math.IsInf(m.Widths[i], 0) {
			return fmt.Errorf("radial function %d has center %v and width %v: expected finite numbers, and a width other than 0", i, m.Centers[i], m.Widths[i])
		}
	}
	if m.Reserved && c.HiddenDim < leastReserved {
		return fmt.Errorf("%d features: expected at least %d where a channel is kept for the elements", c.HiddenDim, leastReserved)
	}
	m.layout = newLayout(c)
	m.Weights = make([]float32, m.layout.size)
	m.held = m.findHeld()
	return nil
}

// FromNetwork makes a model of a network, to train it further. Where its last
// channel carries the energies of the elements, as Network writes them, they are
// taken out: elements has them, eV, by atomic number, and is nil otherwise. Unless
// free, a network is made healthy, which changes the energies of one that is not.
func FromNetwork(n *nn.Network, free bool) (m *Model, elements map[int]float64, err error) {
	m = &Model{Config: n.Config, Centers: slices.Clone(n.Centers), Widths: slices.Clone(n.Widths), Free: free}
	if err := m.prepare(); err != nil {
		return nil, nil, err
	}
	if err := m.copyFrom(n); err != nil {
		return nil, nil, err
	}
	if elements = m.unfold(); elements != nil {
		m.Reserved = true
		m.held = m.findHeld()
		m.clearReserved()
	}
	if !free {
		for k := range m.layout.blocks {
			mixing := m.Weights[m.layout.blocks[k].mixing:][:9]
			clear(mixing)
			mixing[0], mixing[4], mixing[8] = 1, 1, 1
		}
	}
	m.Tie()
	return m, elements, nil
}

// copyFrom takes a network's weights, and refuses one whose arrays do not belong together.
func (m *Model) copyFrom(n *nn.Network) error {
	var wrong error
	put := func(what string, at int, from []float64, size int) {
		if len(from) != size {
			wrong = errors.Join(wrong, fmt.Errorf("network, %s: expected %d numbers, found %d", what, size, len(from)))
			return
		}
		for i, x := range from {
			m.Weights[at+i] = float32(x)
		}
	}
	linear := func(what string, to layer, from *nn.Linear) {
		put(what, to.weight, from.Weight, to.out*to.in)
		put(what, to.bias, from.Bias, to.out)
	}
	if len(n.Blocks) != len(m.layout.blocks) {
		return fmt.Errorf("network: expected %d blocks, found %d", len(m.layout.blocks), len(n.Blocks))
	}
	put("embedding", m.layout.embedding, n.Embedding, (m.Config.MaxZ+1)*m.Config.HiddenDim)
	for k := range n.Blocks {
		from, to := &n.Blocks[k], &m.layout.blocks[k]
		for i := range 2 {
			linear(fmt.Sprintf("filter of block %d", k), to.filter[i], &from.Filter[i])
			linear(fmt.Sprintf("update of block %d", k), to.update[i], &from.Update[i])
		}
		for i := range 9 {
			m.Weights[to.mixing+i] = float32(from.Mixing[i/3][i%3])
		}
	}
	for i := range n.Head {
		linear("head", m.layout.head[i], &n.Head[i])
	}
	return wrong
}

// Network returns the network of these weights, which may be an average of a model's
// own: ties are made to hold, and the energies of the elements, eV, by atomic number,
// are put into the channel that is kept for them. Weights of another number, elements
// beyond MaxZ and energies that have no channel are errors.
func (m *Model) Network(weights []float32, elements map[int]float64) (*nn.Network, error) {
	if len(weights) != m.layout.size {
		return nil, fmt.Errorf("%d weights: expected %d", len(weights), m.layout.size)
	}
	w := slices.Clone(weights)
	m.tie(w)
	if err := m.fold(w, elements); err != nil {
		return nil, err
	}
	wide := func(at, n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(w[at+i])
		}
		return x
	}
	linear := func(l layer) nn.Linear {
		return nn.Linear{In: l.in, Out: l.out, Weight: wide(l.weight, l.out*l.in), Bias: wide(l.bias, l.out)}
	}
	n := &nn.Network{
		Config:    m.Config,
		Embedding: wide(m.layout.embedding, (m.Config.MaxZ+1)*m.Config.HiddenDim),
		Centers:   slices.Clone(m.Centers), Widths: slices.Clone(m.Widths),
		Blocks:     make([]nn.Block, len(m.layout.blocks)),
		Parameters: m.layout.size,
	}
	for k := range n.Blocks {
		from, to := &m.layout.blocks[k], &n.Blocks[k]
		for i := range 2 {
			to.Filter[i], to.Update[i] = linear(from.filter[i]), linear(from.update[i])
		}
		for i := range 9 {
			to.Mixing[i/3][i%3] = float64(w[from.mixing+i])
		}
	}
	for i := range n.Head {
		n.Head[i] = linear(m.layout.head[i])
	}
	return n, nil
}

// ModelState is all of a model but its weights, to be saved as JSON.
type ModelState struct {
	Config   nn.Config `json:"config"`
	Centers  []float64 `json:"centers"`
	Widths   []float64 `json:"widths"`
	Free     bool      `json:"free"`
	Reserved bool      `json:"reserved"`
}

// State returns all of the model but its weights.
func (m *Model) State() ModelState {
	return ModelState{Config: m.Config, Centers: m.Centers, Widths: m.Widths, Free: m.Free, Reserved: m.Reserved}
}

// Model returns the model of a state, whose weights are zero. A state that no model
// has is an error.
func (s ModelState) Model() (*Model, error) {
	m := &Model{Config: s.Config, Centers: slices.Clone(s.Centers), Widths: slices.Clone(s.Widths), Free: s.Free, Reserved: s.Reserved}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	return m, nil
}

// Decays tells for each weight whether decay is of use to it: those of the layers'
// matrices that are trained.
func (m *Model) Decays() []bool {
	decays := make([]bool, m.layout.size)
	for l := range m.layout.layers {
		for i := l.weight; i < l.weight+l.out*l.in; i++ {
			decays[i] = !m.held[i]
		}
	}
	return decays
}
