package machine

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMachine(t *testing.T) {
	here := Here()
	assert.NotEmpty(t, here.CPU)
	assert.Equal(t, runtime.NumCPU(), here.Cores)
	assert.Equal(t, runtime.Version(), here.Go)
	m := Machine{CPU: "abacus", Cores: 2, Go: "go1"}
	assert.Equal(t, "abacus, 2 cores, go1", m.String())
	m.GPU = "a GPU, 1.2"
	assert.Equal(t, "abacus, 2 cores, go1, a GPU, 1.2", m.String())
}
