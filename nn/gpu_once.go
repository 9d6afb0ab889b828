package nn

// inOne is whether a batch goes through the network in one launch, whose blocks wait for each other: few atoms of isolated
// structures, of which all pairs are looked at. The same bits come out. Not where such a launch has failed: where another one
// that waits takes its place, each may wait for the other.
func (e *gpuEngine) inOne() bool {
	return !e.weights.exact && !e.shares.energies && !e.shares.virials && !e.apart && e.input.Buckets == 0 && e.onceShare() > 0
}

// onceShare is how many atoms a share of one launch has; 0 if there is none.
func (e *gpuEngine) onceShare() int {
	return e.kernels.Share(&e.weights.ofOne, e.input.Numbers.Len(), e.input.First.Len()-1)
}
