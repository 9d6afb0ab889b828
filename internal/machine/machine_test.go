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

// What is used is counted, in bytes.
func TestPeakMemory(t *testing.T) {
	if PeakMemory() == 0 {
		t.Skip("the system does not say it")
	}
	const size = 64 << 20
	block := make([]byte, size)
	for i := range block {
		block[i] = byte(i)
	}
	assert.Greater(t, PeakMemory(), int64(size))
	assert.Less(t, PeakMemory(), int64(64<<30))
	runtime.KeepAlive(block)
}
