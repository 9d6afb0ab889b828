package gpu

type embedKernels struct{ embed entry }

func (k *embedKernels) stem() stem {
	k.embed = entry{name: "embed", threads: blockThreads}
	return stem{"embed.ptx", []*entry{&k.embed}}
}

// State is {s, vx, vy, vz} of every atom and feature, [N, H].
type State = Array[[4]float32]

// Embed sets state to {embedding[Z_i], 0, 0, 0}; embedding is [max_z+1, h].
func (k *Kernels) Embed(state State, embedding Array[float32], numbers Array[int32], h int) error {
	n := numbers.n
	if err := sized("embed", length{"state", state.n, n * h}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.embedding.embed, blocks(n*h), state.arg(), embedding.arg(), numbers.arg(), integer(n), integer(h))
}
