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
