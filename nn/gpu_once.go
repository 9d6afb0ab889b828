package nn

// inOne is whether a batch goes through the network in one launch, whose blocks wait for each other: few atoms of isolated
// structures, of which all pairs are looked at. The same bits come out. Not where such a launch has failed: where another one
// that waits takes its place, each may wait for the other.
func (e *gpuEngine) inOne() bool {
	return !e.weights.exact && !e.energyOnly && !e.shares.energies && !e.shares.virials && !e.apart && e.input.Buckets == 0 && e.kernels.Share(&e.weights.ofOne, e.input.Numbers.Len()) > 0
}
