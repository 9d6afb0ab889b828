package cpu

// CopyRows copies n rows of width numbers, which begin to numbers apart in dst
// and from numbers apart in src.
func CopyRows[T Float](dst []T, to int, src []T, from, width, n int) {
	if n == 0 || copyRows(dst, to, src, from, width, n) {
		return
	}
	for i := range n {
		copy(dst[i*to:i*to+width], src[i*from:])
	}
}

// AddRows adds them to dst, one after another: to may be 0.
func AddRows[T Float](dst []T, to int, src []T, from, width, n int) {
	if n == 0 || addRows(dst, to, src, from, width, n) {
		return
	}
	for i := range n {
		d, s := dst[i*to:][:width], src[i*from:][:width]
		for f := range d {
			d[f] += s[f]
		}
	}
}

// PackRows writes what the atoms of a list have to rows, one an atom, of 4h numbers: group of features by group, the
// scalars and then x, y and z of the vectors. The state is that of so many atoms, group after group: S [groups][atoms,
// features] and V [groups][atoms, 3, features], which is not nil. With past, rows go past the caches where that can be: for
// more of them than caches hold, which would be read before they are written.
func PackRows[T Float](rows []T, from State[T], list []int32, atoms, h int, past bool) {
	if len(list) == 0 || packRows(rows, from, list, atoms, h, past) {
		return
	}
	for _, i := range list {
		for first := 0; first < h; first += GroupWidth {
			s, v := from.inGroup(int(i), first, atoms, h)
			copy(rows, s)
			copy(rows[len(s):], v)
			rows = rows[4*len(s):]
		}
	}
}

// UnpackRows is its reverse, for n atoms from first on.
func UnpackRows[T Float](to State[T], rows []T, first, n, atoms, h int) {
	if n == 0 || unpackRows(to, rows, first, n, atoms, h) {
		return
	}
	for i := first; i < first+n; i++ {
		for feature := 0; feature < h; feature += GroupWidth {
			s, v := to.inGroup(i, feature, atoms, h)
			copy(s, rows)
			copy(v, rows[len(s):])
			rows = rows[4*len(s):]
		}
	}
}

// inGroup is what atom i has of the group of features that begins with feature first.
func (a State[T]) inGroup(i, first, atoms, h int) (s, v []T) {
	width := min(GroupWidth, h-first)
	at := atoms*first + i*width
	return a.S[at:][:width], a.V[3*at:][:3*width]
}
