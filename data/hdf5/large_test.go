//go:build hdf5 && cgo

package hdf5

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/data"
)

const (
	largeStructures = 100_000
	largeVariable   = "PAINLESS_LARGE_HDF5"
)

// large is a structure of the large set, of 4 to 23 atoms.
func large(k int) *data.Frame {
	f := &data.Frame{Structure: atoms.Structure{PBC: [3]bool{true, false, true}}}
	forces := make([][3]float64, 4+k%20)
	for i := range forces {
		x := float64(k%977)/3 + float64(i)
		f.Numbers = append(f.Numbers, 1+i%8)
		f.Positions = append(f.Positions, [3]float64{x, x * x, 1 / (1 + x)})
		forces[i] = [3]float64{-x, 0.1 * x, x / 7}
	}
	f.Set(data.EnergyKey, -float64(k)/3)
	f.SetStress([6]float64{1, 2, 3, 4, 5, float64(k)})
	f.SetVectors(data.ForcesKey, forces)
	return f
}

// TestLargeDataSet writes and reads 10^5 structures in a process of its own,
// whose largest resident memory it measures.
func TestLargeDataSet(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	if path := os.Getenv(largeVariable); path != "" {
		writeAndReadLarge(t, path)
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc to measure memory with")
	}
	child := exec.Command(os.Args[0], "-test.run=^TestLargeDataSet$", "-test.v")
	child.Env = append(os.Environ(), largeVariable+"="+t.TempDir()+"/large.h5")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	_, after, ok := strings.Cut(string(out), "VmHWM:")
	require.True(t, ok, string(out))
	var kB int
	_, err = fmt.Sscan(after, &kB)
	require.NoError(t, err)
	t.Logf("%d structures: at most %d MB of resident memory", largeStructures, kB/1000)
	assert.Less(t, kB, 300_000)
}

func writeAndReadLarge(t *testing.T, path string) {
	w, err := Create(path, Options{})
	require.NoError(t, err)
	defer w.Abort()
	for k := range largeStructures {
		require.NoError(t, w.Write(large(k)))
	}
	require.NoError(t, w.Close())
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, largeStructures, r.Len())
	require.Equal(t, 4+(largeStructures-1)%20, r.NumAtoms(largeStructures-1))
	for k := range largeStructures {
		f, err := r.Read()
		require.NoError(t, err)
		if k%100 == 0 {
			require.Equal(t, large(k), f)
		}
	}
	_, err = r.Read()
	require.Equal(t, io.EOF, err)
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	fmt.Println(string(status))
}
