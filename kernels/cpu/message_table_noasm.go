//go:build (!amd64 && !arm64) || purego

package cpu

func (t *Table[T]) messageForward(out, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	return false
}

func (t *Table[T]) messageBackward(gin *State[T], grad []PairGrad[T], g, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	return false
}
