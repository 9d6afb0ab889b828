package nn

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSchedule(t *testing.T) {
	assert.Equal(t, []step{
		{embed, 0}, {message, 0}, {update, 0},
		{exchangeStates, 1}, {message, 1}, {update, 1},
		{exchangeStates, 2}, {message, 2}, {turn, 2},
		{exchangeGradients, 2}, {messageBackward, 2}, {updateBackward, 1},
		{exchangeGradients, 1}, {messageBackward, 1}, {updateBackward, 0},
		{exchangeGradients, 0}, {messageBackward, 0}, {collect, 0},
	}, schedule(3, false))
	assert.Equal(t, []step{{embed, 0}, {message, 0}, {turn, 0}, {exchangeGradients, 0}, {messageBackward, 0}, {collect, 0}}, schedule(1, false))
	assert.Equal(t, []step{{embed, 0}, {message, 0}, {update, 0}, {exchangeStates, 1}, {message, 1}, {turn, 1}, {collect, 0}}, schedule(2, true))
}

func TestParts(t *testing.T) {
	net := Config{NumInteractions: 3}
	for k, want := range [][2][]int{{{0, 2}, {0, 1, 2}}, {{0, 1, 2}, {0, 1, 2}}, {{0, 1, 2}, {0}}} {
		assert.Equal(t, want, [2][]int{net.FilterParts(k), net.UpdateParts(k)})
	}
	one := Config{NumInteractions: 1}
	assert.Equal(t, []int{0}, one.UpdateParts(0))
}
