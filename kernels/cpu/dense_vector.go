//go:build (amd64 || arm64) && !purego

package cpu

import "unsafe"

// narrowRows is how many rows of a panel that is not whole are computed at a time.
const narrowRows = 24

// double is the first of at least n numbers, which are float64.
func double[T Float](s []T, n int) *float64 { return (*float64)(unsafe.Pointer(pointer(s, n))) }

// narrowPanel computes the first columns of a panel: all of them, aside.
func narrowPanel[T Float](dst, x, panel, bias []T, rows, stride, in, columns int) {
	var wide [narrowRows * panelWidth]T
	for from := 0; from < rows; from += narrowRows {
		few := min(rows-from, narrowRows)
		densePanel(wide[:], x[from*in:], panel, bias, few, panelWidth, in)
		for r := range few {
			copy(dst[(from+r)*stride:][:columns], wide[r*panelWidth:])
		}
	}
}
