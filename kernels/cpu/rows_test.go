package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// Rows of a group's width go through vector code where the machine has it.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, width := range []int{1, 7, GroupWidth} {
		for _, n := range []int{0, 1, 5} {
			t.Run(fmt.Sprintf("width=%d/n=%d", width, n), func(t *testing.T) {
				const to, from = 19, 33
				dst, src := normal[float32](rng, 5*to), normal[float32](rng, 5*from)
				copied, added := append([]float32(nil), dst...), append([]float32(nil), dst...)
				CopyRows(copied, to, src, from, width, n)
				AddRows(added, to, src, from, width, n)
				for i := range 5 {
					for f := range to {
						wantCopied, wantAdded := dst[i*to+f], dst[i*to+f]
						if i < n && f < width {
							wantCopied, wantAdded = src[i*from+f], dst[i*to+f]+src[i*from+f]
						}
						assert.Equal(t, wantCopied, copied[i*to+f])
						assert.Equal(t, wantAdded, added[i*to+f])
					}
				}
			})
		}
	}
}

// What is packed of a list of atoms is what each has, group by group, and comes back where it was, in vector code and
// in Go: whole groups of features, and narrower ones; past the caches or not, wherever rows begin.
func TestAtomRows(t *testing.T) {
	const atoms, first = 9, 4
	rng := rand.New(rand.NewPCG(3, 4))
	for _, h := range []int{4, GroupWidth, 2*GroupWidth + 8, 3 * GroupWidth} {
		for i, list := range [][]int32{{}, {8}, {8}, {3, 0, 8, 3}, {3, 0, 8, 3}, {3, 0, 8, 3}} {
			past, off := i > 1, []int{0, 0, 0, 1, 8, 0}[i] // from a boundary of 64 bytes
			t.Run(fmt.Sprintf("h=%d/list=%v/past=%v/off=%d", h, list, past, off), func(t *testing.T) {
				state := State[float32]{normal[float32](rng, atoms*h), normal[float32](rng, atoms*3*h)}
				room := make([]float32, len(list)*4*h+1+32)
				rows := room[(64-int(uintptr(unsafe.Pointer(&room[0]))%64))/4%16+off:]
				PackRows(rows, state, list, atoms, h, past)
				assert.Zero(t, rows[len(list)*4*h], "nothing behind the rows")
				to := State[float32]{make([]float32, atoms*h), make([]float32, atoms*3*h)}
				UnpackRows(to, rows, first, len(list), atoms, h)
				row := rows
				for n, i := range list {
					for f := range h {
						width, group := min(GroupWidth, h-f/GroupWidth*GroupWidth), f/GroupWidth*GroupWidth
						at := func(atom, part int) int { return atoms*part*group + atom*part*width + f - group }
						assert.Equal(t, state.S[at(int(i), 1)], row[4*group+f-group])
						assert.Equal(t, state.S[at(int(i), 1)], to.S[at(first+n, 1)])
						for c := range 3 {
							assert.Equal(t, state.V[at(int(i), 3)+c*width], row[4*group+(c+1)*width+f-group])
							assert.Equal(t, state.V[at(int(i), 3)+c*width], to.V[at(first+n, 3)+c*width])
						}
					}
					row = row[4*h:]
				}
				moved := 0 // but for what was unpacked all is as it was
				for _, x := range slices.Concat(to.S, to.V) {
					if x != 0 {
						moved++
					}
				}
				assert.Equal(t, 4*h*len(list), moved)
			})
		}
	}
}
