package md

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
	"painless/internal/units"
	"painless/internal/vec"
)

// The trajectory of constant energy that all programs are to find: argon, fcc, 108
// atoms at 20 K, 1000 steps of 1 fs. A solid as cold is hardly chaotic, so that
// differences of rounding stay such.
const (
	peerSteps, peerEvery = 1000, 10
	peerCutoff           = 2.2 // σ: 7.48 Å, in a cell of 15.9 Å
	peerStep             = 1.0 // fs
)

// crystalInMotion is how the trajectory begins.
func crystalInMotion(t *testing.T) *Dynamics {
	s := fcc(math.Cbrt(4*37.2), 3)
	for i := range s.Positions { // away from where the cell is cut, so that no program folds what another does not
		for c := range 3 {
			s.Positions[i][c]++
		}
	}
	return simulation(t, argonFluid(peerCutoff, false), 40, Settings{TimeStep: peerStep, Seed: 23}, s)
}

// trajectoryOf is the positions of every peerEvery steps, the first included.
func trajectoryOf(t *testing.T, d *Dynamics) (frames [][][3]float64) {
	for range peerSteps / peerEvery {
		frames = append(frames, append([][3]float64{}, d.System.Positions...))
		advance(t, d, peerEvery)
	}
	return append(frames, append([][3]float64{}, d.System.Positions...))
}

// compareTrajectories says by how much two differ, and how far atoms came.
func compareTrajectories(t *testing.T, peer string, ours, theirs [][][3]float64, tolerance float64) {
	t.Helper()
	require.Len(t, theirs, len(ours))
	largest, moved := 0.0, 0.0
	for n := range ours {
		require.Len(t, theirs[n], len(ours[n]))
		for i := range ours[n] {
			largest = max(largest, vec.Distance(ours[n][i], theirs[n][i]))
			moved = max(moved, vec.Distance(ours[n][i], ours[0][i]))
		}
		if n == 1 || n == len(ours)/10 || n == len(ours)-1 {
			t.Logf("%s: step %d: %.2g Å apart; atoms have come as far as %.2f Å", peer, n*peerEvery, largest, moved)
		}
	}
	assert.Less(t, largest, tolerance, "%s, Å", peer)
	assert.Greater(t, moved, 0.2, "%s, Å", peer)
}

// ASE's velocity Verlet, in its own units: their constants of nature are older.
func TestInteropASEDynamics(t *testing.T) {
	if os.Getenv("PAINLESS_REQUIRE_INTEROP") == "" {
		t.Skip("ten seconds of Python: make interop runs this test")
	}
	d := crystalInMotion(t)
	p := argonFluid(peerCutoff, false)
	var velocities [][3]float64
	for _, v := range d.System.Velocities {
		velocities = append(velocities, vec.Scale(v, units.ASETime))
	}
	job, err := json.Marshal(map[string]any{
		"numbers": d.System.Numbers, "positions": d.System.Positions, "cell": d.System.Cells[0], "masses": d.System.Masses, "velocities": velocities,
		"sigma": p.sigma, "epsilon": p.epsilon, "cutoff": p.cutoff, "timestep": peerStep / units.ASETime, "every": peerEvery, "steps": peerSteps,
	})
	require.NoError(t, err)
	command := peertest.Python(t, "ase", "python3-ase", "testdata/peer.py")
	command.Stdin = bytes.NewReader(job)
	var frames [][][3]float64
	for lines := json.NewDecoder(bytes.NewReader(output(t, command))); lines.More(); {
		var frame [][3]float64
		require.NoError(t, lines.Decode(&frame))
		frames = append(frames, frame)
	}
	compareTrajectories(t, "ASE", trajectoryOf(t, d), frames, 1e-12)
}

// output is what a program prints.
func output(t *testing.T, command *exec.Cmd) []byte {
	t.Helper()
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	require.NoError(t, err, "%s\n%s", complaints.String(), out)
	return out
}

// LAMMPS in its units metal, whose factor of kinetic energies is 6e-8 from CODATA's,
// as it is and with masses that make up for it, and in units of ε, σ and the mass.
func TestInteropLAMMPSDynamics(t *testing.T) {
	const metal = 1.0364269e-4 // eV per u (Å/ps)², LAMMPS's
	d := crystalInMotion(t)
	p := argonFluid(peerCutoff, false)
	mass := d.System.Masses[0]
	reduced := lammpsUnits{"lj", p.sigma, p.sigma * math.Sqrt(mass*units.MassVelocity2/p.epsilon), p.epsilon, mass}
	runs := []struct {
		units     lammpsUnits
		tolerance float64 // Å
	}{
		{reduced, 1e-12},
		{lammpsUnits{"metal", 1, 1000, 1, metal / (units.MassVelocity2 * 1e-6)}, 1e-12},
		{lammpsUnits{"metal", 1, 1000, 1, 1}, 1e-6},
	}
	var theirs [][][][3]float64
	for _, r := range runs {
		theirs = append(theirs, r.units.trajectory(t, d))
	}
	ours := trajectoryOf(t, d)
	for n, r := range runs {
		compareTrajectories(t, fmt.Sprintf("LAMMPS, units %s, masses over %.9f", r.units.name, r.units.mass), ours, theirs[n], r.tolerance)
	}
}

// lammpsUnits is units of LAMMPS in ours.
type lammpsUnits struct {
	name                       string
	length, time, energy, mass float64 // Å, fs, eV, u
}

// trajectory runs LAMMPS from where a simulation stands.
func (u lammpsUnits) trajectory(t *testing.T, d *Dynamics) (frames [][][3]float64) {
	t.Helper()
	p, s := argonFluid(peerCutoff, false), d.System
	var data strings.Builder
	fmt.Fprintf(&data, "argon\n\n%d atoms\n1 atom types\n", s.NumAtoms())
	for c, axis := range []string{"x", "y", "z"} {
		fmt.Fprintf(&data, "0 %.17g %slo %shi\n", s.Cells[0][c][c]/u.length, axis, axis)
	}
	fmt.Fprintf(&data, "\nMasses\n\n1 %.17g\n\nAtoms\n\n", s.Masses[0]/u.mass)
	for i, r := range s.Positions {
		fmt.Fprintf(&data, "%d 1 %.17g %.17g %.17g\n", i+1, r[0]/u.length, r[1]/u.length, r[2]/u.length)
	}
	fmt.Fprintf(&data, "\nVelocities\n\n")
	for i, v := range s.Velocities {
		v = vec.Scale(v, u.time/u.length)
		fmt.Fprintf(&data, "%d %.17g %.17g %.17g\n", i+1, v[0], v[1], v[2])
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "argon.data"), []byte(data.String()), 0o600))
	command := exec.Command(peertest.LAMMPS(t), "-log", "none")
	command.Dir = dir
	command.Stdin = strings.NewReader(fmt.Sprintf(`units %s
atom_style atomic
read_data argon.data
pair_style lj/cut %.17g
pair_coeff 1 1 %.17g %.17g
neigh_modify every 1 delay 0 check yes
timestep %.17g
fix 1 all nve
dump 1 all custom %d argon.dump id xu yu zu
dump_modify 1 sort id format float %%.17g
run %d
`, u.name, p.cutoff/u.length, p.epsilon/u.energy, p.sigma/u.length, peerStep/u.time, peerEvery, peerSteps))
	output(t, command)
	dump, err := os.ReadFile(filepath.Join(dir, "argon.dump"))
	require.NoError(t, err)
	return readDump(t, dump, u.length)
}

// readDump reads lines of id, x, y and z after each heading of a frame.
func readDump(t *testing.T, dump []byte, length float64) (frames [][][3]float64) {
	t.Helper()
	for text := range strings.SplitSeq(string(dump), "ITEM: TIMESTEP\n") {
		_, rows, found := strings.Cut(text, "ITEM: ATOMS id xu yu zu")
		if !found {
			continue
		}
		var frame [][3]float64
		for row := range strings.Lines(strings.TrimSpace(rows)) {
			var id int
			var x [3]float64
			_, err := fmt.Sscan(row, &id, &x[0], &x[1], &x[2])
			require.NoError(t, err)
			require.Equal(t, len(frame)+1, id)
			frame = append(frame, vec.Scale(x, length))
		}
		frames = append(frames, frame)
	}
	return frames
}
