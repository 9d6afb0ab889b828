package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

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
