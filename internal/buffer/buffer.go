// Package buffer is memory that is used again from call to call.
package buffer

// Resize returns buf with n elements, of any content. Memory grows
// geometrically and never shrinks, so that the steady state allocates nothing.
func Resize[E any](buf []E, n int) []E {
	if cap(buf) < n {
		return make([]E, n, n+n/4)
	}
	return buf[:n]
}
