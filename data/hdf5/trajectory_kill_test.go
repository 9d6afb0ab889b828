//go:build hdf5 && cgo && unix

package hdf5

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data/trajectory"
	"painless/internal/systems"
)

// water is frames of 81 atoms.
func water(k int) *trajectory.Frame {
	f := &trajectory.Frame{Structure: systems.WaterBox(3, 3, 3), Step: int64(k), Time: float64(k)}
	f.Positions[0][0] = float64(k)
	f.Velocities, f.Forces = f.Positions, f.Positions
	energy := float64(k)
	f.Energy = &energy
	return f
}

const killed = "PAINLESS_TEST_TRAJECTORY" // the file that the process that is to be killed writes

// TestTrajectoryWriter is that process: it says each frame that is written.
func TestTrajectoryWriter(t *testing.T) {
	path := os.Getenv(killed)
	if path == "" {
		t.Skip("it is run by TestTrajectoryKilled")
	}
	w, err := AppendTrajectory(path, water(0).Numbers, 1<<40, nil)
	require.NoError(t, err)
	for k := int(w.LastStep()) + 1; ; k++ {
		require.NoError(t, w.Write(water(k)))
		fmt.Println(k)
	}
}

// A process that is killed at any moment, right after or within a write, leaves a
// file that opens and has all frames that it said it had written, in order; the
// next one goes on with it.
func TestTrajectoryKilled(t *testing.T) {
	kills := 8
	if os.Getenv("PAINLESS_LONG") != "" {
		kills = 200
	}
	path := filepath.Join(t.TempDir(), "a.h5")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	rng := rand.New(rand.NewPCG(1, 1))
	marked, extra := 0, 0
	for range kills {
		p := exec.Command(os.Args[0], "-test.run", "^TestTrajectoryWriter$")
		p.Env = append(os.Environ(), killed+"="+path)
		out, err := p.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, p.Start())
		lines, said := bufio.NewScanner(out), -1
		for range 2 + rng.IntN(6) {
			require.True(t, lines.Scan())
			said, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
		}
		time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
		require.NoError(t, p.Process.Kill())
		for lines.Scan() {
			said, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
		}
		p.Wait()
		head, err := os.ReadFile(path)
		require.NoError(t, err)
		if head[11] != 0 {
			marked++
		}
		steps, energies, positions := readMotion(t, path, "particles/all/position/step"), readMotion(t, path, "observables/potential_energy/value"), readMotion(t, path, "particles/all/position/value")
		n := len(positions) / (3 * 81)
		require.Contains(t, []int{said + 1, said + 2}, n)
		extra += n - said - 1
		for k := range n {
			require.Equal(t, []float64{float64(k), float64(k), float64(k)}, []float64{steps[k], energies[k], positions[3*81*k]})
		}
	}
	t.Logf("%d kills: %d files marked as open, %d frames that were not said", kills, marked, extra)
	w, err := AppendTrajectory(path, water(0).Numbers, 1<<40, nil)
	require.NoError(t, err)
	assert.NoError(t, w.Close())
}
