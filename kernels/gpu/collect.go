package gpu

import _ "embed" // the PTX

//go:embed collect.ptx
var collectPTX string

type collectKernels struct{ sumGroups, reduce entry }

func (k *collectKernels) stem() stem {
	k.sumGroups, k.reduce = entry{name: "sum_groups", threads: blockThreads}, entry{name: "reduce", threads: blockThreads}
	return stem{"collect.ptx", collectPTX, []*entry{&k.sumGroups, &k.reduce}}
}

// SumGroups adds up force [groups, N, 12] to the atoms' forces, eV/Å, put in
// the order that they were given in, and their shares of the virial [N, 9], eV.
func (k *Kernels) SumGroups(forces Array[[3]float32], virials Array[[9]float32], force Array[float32], order Array[int32], groups int) error {
	n := forces.n
	ordered := n
	if order.n > 0 {
		ordered = order.n
	}
	if err := sized("sum groups", length{"virials", virials.n, n}, length{"force", force.n, groups * n * 12}, length{"order", ordered, n}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.sums.sumGroups, blocks(12*n), forces.arg(), virials.arg(), force.arg(), order.arg(), integer(groups), integer(n))
}

// Reduce is the energy, eV, and the virial, eV, of every structure.
func (k *Kernels) Reduce(results Array[[10]float64], energy Array[float32], virials Array[[9]float32], b *Structures) error {
	if err := sized("reduce", length{"first", b.First.n, results.n + 1}, length{"virials", virials.n, energy.n}); err != nil || results.n == 0 {
		return err
	}
	return k.run(&k.sums.reduce, Dim{X: results.n}, results.arg(), energy.arg(), virials.arg(), b.First.arg())
}
