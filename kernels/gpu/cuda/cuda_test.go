package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// On a machine without a GPU, with the tag and without, Open says what is
// missing and what to do, and the program goes on.
func TestOpenWithoutGPU(t *testing.T) {
	d, err := Open(0)
	if err == nil {
		assert.NoError(t, d.Close())
		_, err = Open(1000)
	}
	assert.ErrorContains(t, err, "GPU")
}
