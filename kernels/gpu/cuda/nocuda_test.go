//go:build !cuda

package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOpenWithoutCUDA(t *testing.T) {
	d, err := Open(0)
	assert.Nil(t, d)
	assert.ErrorContains(t, err, "go build -tags cuda")
	_, err = Count()
	assert.ErrorContains(t, err, "go build -tags cuda")
}
