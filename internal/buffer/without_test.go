package buffer

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithout(t *testing.T) {
	for _, test := range []struct {
		gone        []bool
		want, spans []int
	}{
		{[]bool{false, false, false, false}, []int{1, 2, 3, 4}, []int{10, 11, 12, 13, 14}},
		{[]bool{true, false, false, true}, []int{2, 3}, []int{12}},
		{[]bool{false, true, true, false}, []int{1, 4}, []int{10, 11, 13, 14}},
		{[]bool{true, true, true, true}, []int{}, []int{}},
	} {
		list, spans := []int{1, 2, 3, 4}, []int{10, 11, 12, 13, 14}
		got, gotSpans := Without(list, test.gone), WithoutSpans(spans, []int{0, 2, 2, 3, 5}, test.gone)
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.spans, gotSpans)
		for _, x := range append(list[len(got):], spans[len(gotSpans):]...) {
			assert.Zero(t, x, "what is behind holds nothing")
		}
	}
}
