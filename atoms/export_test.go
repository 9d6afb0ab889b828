package atoms

// FoundAt is the positions that the last search saw.
func (l *NeighborList[T]) FoundAt() [][3]float64 { return l.candidates.found.Positions }

// Forget makes the next Build search again.
func (l *NeighborList[T]) Forget() { l.candidates.cutoff = 0 }
