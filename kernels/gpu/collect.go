package gpu

// SumSlices adds up force [slices, N, 12] to the atoms' forces, eV/Å, put in
// the order that they were given in, and their shares of the virial [N, 9], eV.
func (k *Kernels) SumSlices(forces Array[[3]float32], virials Array[[9]float32], force Array[float32], order Array[int32], slices int) error {
	n := forces.n
	lengths := []length{{"virials", virials.n, n}, {"force", force.n, slices * n * 12}}
	if order.n > 0 {
		lengths = append(lengths, length{"order", order.n, n})
	}
	if err := sized("sum slices", lengths...); err != nil || n == 0 {
		return err
	}
	grid, block := threads(12 * n)
	return k.run(k.sumSlices, grid, block, 0, forces.arg(), virials.arg(), force.arg(), order.arg(), Int(slices), Int(n))
}

// Reduce is the energy, eV, and the virial, eV, of every structure.
func (k *Kernels) Reduce(results Array[[10]float64], energy Array[float32], virials Array[[9]float32], b *Structures) error {
	if err := sized("reduce", length{"first", b.First.n, results.n + 1}, length{"virials", virials.n, energy.n}); err != nil || results.n == 0 {
		return err
	}
	return k.run(k.reduce, Dim{X: results.n}, Dim{X: 256}, 0, results.arg(), energy.arg(), virials.arg(), b.First.arg())
}
