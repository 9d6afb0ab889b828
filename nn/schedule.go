package nn

// stage is a part of the network's work that the batch goes through as a whole:
// the one after it begins when it has ended for all atoms.
type stage int

const (
	embed             stage = iota // s_i = embedding[Z_i], v_i = 0
	exchangeStates                 // (s, v) of ghosts come from the ranks that own them
	message                        // adds what neighbours say to (s, v)
	update                         // changes every atom's (s, v) by itself
	turn                           // the last update, the readout, and both of them backwards
	exchangeGradients              // ∂E/∂(s, v) of ghosts come from the ranks that own them
	messageBackward
	updateBackward
	collect // energies, forces and virials out of those of atoms and pairs
)

// step is a stage of one block.
type step struct {
	stage stage
	block int
}

// schedule is what a network of so many blocks does, in order:
//
//	embed · message 0 · update 0 · … · message K−1 · turn · message′ K−1 · update′ K−2 · … · message′ 0 · collect
//
// and without the way back where energies alone are asked for. Both engines
// walk it.
//
// Before a message stand the places where ghosts, the atoms of a domain that
// other ranks own, get the state that they have there: once for each message
// but the first, whose state is the embedding, and once for each message on the
// way back. Messages are thus gathered: with its neighbours' states and
// gradients at hand a rank finds all that reaches its own atoms, so that
// nothing is summed across ranks, and forces on own atoms are whole. The other
// way, to add up what each rank found for the ghosts, needs one exchange less of
// the 2K−1, but exchanges in both directions and again one of forces, and its
// sums depend on who computed what.
func schedule(blocks int, energyOnly bool) (steps []step) {
	add := func(block int, stages ...stage) {
		for _, s := range stages {
			steps = append(steps, step{s, block})
		}
	}
	last := blocks - 1
	add(0, embed)
	for k := range blocks {
		if k > 0 {
			add(k, exchangeStates)
		}
		add(k, message)
		if k < last {
			add(k, update)
		}
	}
	add(last, turn)
	for k := last; k >= 0 && !energyOnly; k-- {
		add(k, exchangeGradients, messageBackward)
		if k > 0 {
			add(k-1, updateBackward)
		}
	}
	add(0, collect)
	return steps
}

// Which parts of its filter and of its update a block uses: the rows of the
// last layers of both whose results matter.
const allParts = 3

// FilterParts returns the parts of φ that block k uses, as indices of the thirds of
// the filter's last layer: φs, φv and φu, but not φv of the first block, where v is 0.
func (c Config) FilterParts(k int) []int {
	if k == 0 {
		return []int{0, 2}
	}
	return []int{0, 1, 2}
}

// UpdateParts returns the parts of the update that block k uses: a, g1 and g2, but
// not the gates of the last, whose vectors nobody reads.
func (c Config) UpdateParts(k int) []int {
	if k == c.NumInteractions-1 {
		return []int{0}
	}
	return []int{0, 1, 2}
}
