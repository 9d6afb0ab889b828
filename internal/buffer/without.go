package buffer

// Without returns list without the elements that are gone, in its memory.
func Without[E any](list []E, gone []bool) []E {
	kept := list[:0]
	for k, e := range list {
		if !gone[k] {
			kept = append(kept, e)
		}
	}
	clear(list[len(kept):])
	return kept
}

// WithoutSpans returns list without the spans that are gone, in its memory. Span k is
// the elements start[k] up to start[k+1].
func WithoutSpans[E any](list []E, start []int, gone []bool) []E {
	kept := list[:0]
	for k, g := range gone {
		if !g {
			kept = append(kept, list[start[k]:start[k+1]]...)
		}
	}
	clear(list[len(kept):])
	return kept
}
