package nn

import (
	"errors"

	"painless/internal/buffer"
	"painless/kernels/gpu"
)

// gpuShares is what a call is asked for of single atoms, and has them in, in the order in which the network has the
// atoms. They are copied when all else is done, and by themselves, so that calls without them are as they were.
type gpuShares struct {
	energies, virials bool

	energy []float32
	virial [][9]float32
	order  []int32
}

// share fills the atoms' shares in.
func (e *gpuEngine) share(r *Result) error {
	s := &e.shares
	r.AtomEnergy, r.AtomVirial = r.AtomEnergy[:0], r.AtomVirial[:0]
	if !s.energies && !s.virials {
		return nil
	}
	s.order = buffer.Resize(s.order, e.search.Order.Len())
	if err := errors.Join(gpu.Download(e.memory, s.order, e.search.Order), e.downloadShares()); err != nil {
		return err
	}
	r.AtomEnergy, r.AtomVirial = buffer.Resize(r.AtomEnergy, len(s.energy)), buffer.Resize(r.AtomVirial, len(s.virial))
	at := func(i int) int {
		if len(s.order) == 0 {
			return i
		}
		return int(s.order[i])
	}
	for i, energy := range s.energy {
		r.AtomEnergy[at(i)] = float64(energy)
	}
	for i := range s.virial {
		r.AtomVirial[at(i)] = halfOf(&s.virial[i])
	}
	return nil
}

// downloadShares copies what is asked for to the host.
func (e *gpuEngine) downloadShares() error {
	s := &e.shares
	s.energy, s.virial = s.energy[:0], s.virial[:0]
	var errs []error
	if s.energies {
		s.energy = buffer.Resize(s.energy, e.energy.Len())
		errs = append(errs, gpu.Download(e.memory, s.energy, e.energy))
	}
	if s.virials {
		s.virial = buffer.Resize(s.virial, e.virials.Len())
		errs = append(errs, gpu.Download(e.memory, s.virial, e.virials))
	}
	return errors.Join(append(errs, e.dev.Synchronize())...)
}

// halfOf is an atom's share of the virial, of Σ ∂E/∂x ⊗ x over its edges: half of each pair's −∂E/∂x ⊗ x.
func halfOf(sum *[9]float32) (share [3][3]float64) {
	for k, w := range sum {
		share[k/3][k%3] = -0.5 * float64(w)
	}
	return share
}
