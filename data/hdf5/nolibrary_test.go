//go:build !cgo

package hdf5

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutCgoSaysWhatToDo(t *testing.T) {
	_, openErr := Open("x.h5")
	_, createErr := Create("x.h5", Options{})
	_, appendErr := Append("x.h5")
	for _, err := range []error{openErr, createErr, appendErr} {
		assert.ErrorContains(t, err, "libhdf5-dev")
	}
}
