package gpu

type collectKernels struct{ sumGroups, reduce, reduceChunks, addChunks, both entry }

func (k *collectKernels) stem() stem {
	k.sumGroups, k.reduce = entry{name: "sum_groups", threads: blockThreads}, entry{name: "reduce", threads: blockThreads}
	k.reduceChunks, k.addChunks = entry{name: "reduce_chunks", threads: blockThreads}, entry{name: "add_chunks", threads: blockThreads}
	k.both = entry{name: "sum_and_reduce", threads: blockThreads}
	return stem{"collect.ptx", []*entry{&k.sumGroups, &k.reduce, &k.reduceChunks, &k.addChunks, &k.both}}
}

// SumGroups adds up force [groups, N, 12] to the atoms' forces, eV/Å, put in
// the order that they were given in, and their shares of the virial [N, 9], eV.
func (k *Kernels) SumGroups(forces Array[[3]float32], virials Array[[9]float32], force Array[float32], order Array[int32], groups int) error {
	n := forces.n
	if err := sizedSums(forces, virials, force, order, groups); err != nil || n == 0 {
		return err
	}
	return k.run(&k.sums.sumGroups, blocks(12*n), forces.arg(), virials.arg(), force.arg(), order.arg(), integer(groups), integer(n))
}

func sizedSums(forces Array[[3]float32], virials Array[[9]float32], force Array[float32], order Array[int32], groups int) error {
	n := forces.n
	ordered := n
	if order.n > 0 {
		ordered = order.n
	}
	return sized("sum groups", length{"virials", virials.n, n}, length{"force", force.n, groups * n * 12}, length{"order", ordered, n})
}

// chunk is how many atoms of a structure one block reduces, CHUNK in collect.cuh.
const chunk = 4 * blockThreads

// Chunks is how many sums of chunks Reduce needs room for: none where every structure is one.
func (b *Structures) Chunks() int {
	if b.Largest <= chunk {
		return 0
	}
	return b.First.n - 1 + b.Numbers.n/chunk
}

// Reduce is the energy, eV, and the virial, eV, of every structure; without virials the energy alone. chunks is
// room for the sums of b's chunks.
func (k *Kernels) Reduce(results, chunks Array[[10]float64], energy Array[float32], virials Array[[9]float32], b *Structures) error {
	n := energy.n
	if virials.n == 0 {
		n = 0
	}
	if err := sized("reduce", length{"first", b.First.n, results.n + 1}, length{"energy", energy.n, b.Numbers.n}, length{"virials", virials.n, n},
		length{"chunks", chunks.n, b.Chunks()}); err != nil || results.n == 0 {
		return err
	}
	each := Dim{X: results.n}
	if chunks.n == 0 {
		return k.run(&k.sums.reduce, each, results.arg(), energy.arg(), virials.argOrNone(), b.First.arg())
	}
	if err := k.run(&k.sums.reduceChunks, Dim{X: chunks.n}, results.arg(), chunks.arg(), energy.arg(), virials.argOrNone(), b.First.arg(),
		integer(results.n)); err != nil {
		return err
	}
	return k.run(&k.sums.addChunks, each, results.arg(), chunks.arg(), b.First.arg())
}

// SumAndReduce is SumGroups and Reduce in one launch, for structures of few atoms.
func (k *Kernels) SumAndReduce(results Array[[10]float64], forces Array[[3]float32], virials Array[[9]float32], force Array[float32], order Array[int32],
	energy Array[float32], b *Structures, groups int) error {
	if err := sizedSums(forces, virials, force, order, groups); err != nil {
		return err
	}
	if err := sized("sum and reduce", length{"first", b.First.n, results.n + 1}, length{"energy", energy.n, forces.n}); err != nil || results.n == 0 {
		return err
	}
	return k.run(&k.sums.both, Dim{X: results.n}, results.arg(), forces.arg(), virials.arg(), force.arg(), order.arg(), energy.arg(), b.First.arg(),
		integer(groups), integer(forces.n))
}
