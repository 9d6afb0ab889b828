//go:build !hdf5 || !cgo

package hdf5

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutTheTagSaysWhatToDo(t *testing.T) {
	_, createErr := Create("x.h5", Options{})
	_, appendErr := Append("x.h5")
	_, trajectoryErr := CreateTrajectory("x.h5", nil, false)
	_, resumeErr := AppendTrajectory("x.h5", nil, 0, nil)
	for _, err := range []error{createErr, appendErr, trajectoryErr, resumeErr} {
		assert.ErrorContains(t, err, "x.h5: this binary was built without libhdf5")
		assert.ErrorContains(t, err, "apt install gcc libhdf5-dev")
		assert.ErrorContains(t, err, "CGO_ENABLED=1 go build -tags hdf5 ./tools/painless")
	}
}
