package validate

import "math/rand/v2"

// sample takes some of a stream of things, each as likely as any other, however
// many there will be: reservoir sampling (Knuth, TAOCP 2, 3.4.2, algorithm R).
type sample[T any] struct {
	rng    *rand.Rand
	wanted int
	seen   int
	taken  []T // in no order
}

func newSample[T any](seed uint64, wanted int) *sample[T] {
	return &sample[T]{rng: rand.New(rand.NewPCG(seed, 0)), wanted: wanted}
}

// offer makes the next thing of the stream, if it is taken: perhaps for a while.
func (s *sample[T]) offer(thing func() T) {
	s.seen++
	if len(s.taken) < s.wanted {
		s.taken = append(s.taken, thing())
	} else if i := s.rng.IntN(s.seen); i < s.wanted {
		s.taken[i] = thing()
	}
}
