package lammps

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/internal/vec"
)

// Whole on one rank, exchange on one, two and four say of 3,000 atoms of water what
// painless says, with the energies and stresses of single atoms, in any box.
func TestInteropWater(t *testing.T) {
	for _, c := range []struct {
		model  string
		tilted bool
	}{{"default", true}, {student(t, "original"), false}, {student(t, "original"), true}, {student(t, "tiny"), false}, {student(t, "tiny"), true}} {
		box := water(10, 10, 10, c.tilted)
		for _, way := range []struct {
			ranks         int
			style, newton string
		}{{1, "", ""}, {1, "mode exchange", ""}, {2, "threads 1", "off"}, {4, "mode exchange", ""}} {
			name := fmt.Sprintf("%s, tilted %v, %+v", c.model, c.tilted, way)
			agree(t, name, c.model, execute(t, way.ranks, &box, input{model: c.model, style: way.style, newton: way.newton}))
		}
	}
}

// distance is the largest between atoms of two structures in the same cell.
func distance(a, b *painless.Structure) (largest float64) {
	for i := range a.Positions {
		d := vec.Distance(a.Positions[i], b.Positions[i])
		for _, shift := range a.Cell { // LAMMPS may have wrapped one of them
			for _, sign := range []float64{-1, 1} {
				moved := b.Positions[i]
				for c := range 3 {
					moved[c] += sign * shift[c]
				}
				d = min(d, vec.Distance(a.Positions[i], moved))
			}
		}
		largest = max(largest, d)
	}
	return largest
}

// After 100 steps of dynamics, in which atoms go from rank to rank, all ways are at the
// same place: nearer to one another than to a run whose atoms began 1e-6 Å elsewhere,
// which is more than rounding moves them; and painless says the same of where they are.
func TestInteropDynamics(t *testing.T) {
	model, box := "default", water(6, 6, 6, true)
	const start = "velocity all create 600 4711 loop geom\nfix 1 all nve\ntimestep 0.0005\nthermo 50\n"
	run := func(ranks int, style, more string) *found {
		return execute(t, ranks, &box, input{model: model, style: style, run: start + more + "run 100"})
	}
	whole := run(1, "", "")
	agree(t, "whole", model, whole)
	elsewhere := run(1, "", "displace_atoms all random 1e-6 1e-6 1e-6 4711 units box\n")
	near, energies := distance(&whole.structure, &elsewhere.structure), abs(whole.total-elsewhere.total)
	t.Logf("begun 1e-6 Å elsewhere: %.1e Å and %.1e eV of %.1f eV", near, energies, whole.total)
	for _, way := range []struct {
		ranks int
		style string
	}{{1, "mode exchange"}, {2, ""}, {4, ""}} {
		name := fmt.Sprintf("%d ranks", way.ranks)
		f := run(way.ranks, way.style, "")
		agree(t, name, model, f)
		d := distance(&whole.structure, &f.structure)
		t.Logf("%s: %.1e Å and %.1e eV", name, d, abs(whole.total-f.total))
		assert.Less(t, d, near, name)
		assert.InEpsilon(t, whole.total, f.total, 1e-6, name)
		if way.ranks > 1 {
			before := execute(t, way.ranks, &box, input{model: model})
			crossed := 0
			for i := range f.owner {
				if f.owner[i] != before.owner[i] {
					crossed++
				}
			}
			assert.Greater(t, crossed, 5, "%s: atoms that crossed a border", name)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// Ranks without atoms, and without ghosts, take part, however the box is cut.
func TestInteropEmptyRanks(t *testing.T) {
	model := "default"
	cluster := water(3, 3, 2, false)
	cluster.PBC, cluster.Cell = [3]bool{}, [3][3]float64{{80}, {0, 80}, {0, 0, 80}}
	slab := water(4, 4, 3, true)
	slab.PBC = [3]bool{true, true, false}
	slab.Cell[2] = [3]float64{0, 0, 90}
	for _, c := range []struct {
		name, before, after string
		s                   painless.Structure
	}{
		{"cluster, slices", "processors 4 1 1", "", cluster},
		{"cluster, bricks", "processors 2 2 1", "", cluster},
		{"slab", "processors 1 1 4", "", slab},
		{"slab, tiles", "comm_style tiled", "balance 1.0 rcb", slab},
	} {
		f := execute(t, 4, &c.s, input{model: model, before: c.before, after: c.after})
		agree(t, c.name, model, f)
		ranks := map[float64]bool{}
		for _, rank := range f.owner {
			ranks[rank] = true
		}
		if c.after == "" {
			assert.Less(t, len(ranks), 4, "%s: some ranks are empty", c.name)
		} else {
			assert.Len(t, ranks, 4, c.name)
		}
	}
}

// What moves atoms and cells ends, on one rank and on several, where painless has the
// same forces and stress.
func TestInteropCommands(t *testing.T) {
	model, box := "default", water(4, 4, 4, true)
	for name, run := range map[string]string{
		"minimize":      "minimize 0 1e-6 15 100",
		"fix box/relax": "fix 1 all box/relax tri 0.0 vmax 0.001\nminimize 0 1e-6 10 100",
		"fix npt":       "velocity all create 300 1 loop geom\nfix 1 all npt temp 300 300 0.05 tri 0 0 0.5\ntimestep 0.0005\nrun 25",
		"fix deform":    "fix 1 all nve\nfix 2 all deform 1 x scale 0.99 xy delta 0.2\ntimestep 0.0005\nrun 20\nunfix 2\nrun 0",
		"two models": "fix 1 all nve\nrun 5\npair_style painless " + student(t, "ultra_tiny") + "\npair_coeff * * O H\nrun 5\n" +
			"pair_style painless " + model + "\npair_coeff * * O H\nrun 0",
	} {
		whole := execute(t, 1, &box, input{model: model, run: run})
		agree(t, name, model, whole)
		two := execute(t, 2, &box, input{model: model, run: run})
		agree(t, name+", 2 ranks", model, two)
		assert.InEpsilon(t, whole.energy, two.energy, 1e-5, name)
		for k := range 3 {
			assert.InDeltaSlice(t, whole.structure.Cell[k][:], two.structure.Cell[k][:], 1e-3, name)
		}
		assert.Positive(t, distance(&box, &whole.structure), name)
	}
}

// The style beside others, after clear, with more threads, and with the GPU's kernels.
func TestInteropManners(t *testing.T) {
	model, box := "default", water(3, 3, 3, false)
	plain := execute(t, 1, &box, input{model: model})
	agree(t, "plain", model, plain)
	threads := execute(t, 1, &box, input{model: model, style: "threads 2"})
	assert.Equal(t, plain.forces, threads.forces, "the same bits")

	again := input{model: model}
	again.run = "run 0\nclear\n" + again.script(&box)
	assert.Equal(t, plain.forces, execute(t, 1, &box, again).forces, "after clear")

	drop := water(1, 1, 2, false)
	drop.PBC, drop.Cell = [3]bool{}, [3][3]float64{{20}, {0, 20}, {0, 0, 20}}
	cpu := execute(t, 1, &drop, input{model: model})
	gpu := input{model: model, style: "device emulator"}
	for _, way := range []struct {
		ranks int
		in    input
	}{{1, gpu}, {2, input{model: model, style: gpu.style, before: "comm_style tiled", after: "balance 1.0 rcb"}}} {
		f := execute(t, way.ranks, &drop, way.in)
		assert.Equal(t, way.ranks, len(slices.Compact(slices.Sorted(slices.Values(f.owner)))))
		assert.InDelta(t, cpu.energy, f.energy, 1e-4)
		for i, force := range f.forces {
			assert.InDeltaSlice(t, cpu.forces[i][:], force[:], 1e-3)
		}
		assert.InDeltaSlice(t, cpu.energies, f.energies, 1e-4)
		for i, stress := range f.stresses {
			assert.InDeltaSlice(t, cpu.stresses[i][:], stress[:], 1e-3*bar)
		}
	}
	sums := regexp.MustCompile(`compute (energies|stresses|sums) .*\n| c_(energies|stresses|sums)\[?\d?\]?`) // without single atoms'
	alone := command(t, 1, &drop, sums.ReplaceAllString(gpu.script(&drop), ""))
	out, err := alone.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.InDelta(t, cpu.energy, numbers(t, alone.Dir+"/sums", 0)[0][0], 1e-4)

	lone := execute(t, 1, &box, input{model: model, after: "pair_style zbl 0.5 1.5\npair_coeff 1 1 8 8\npair_coeff 1 2 8 1\npair_coeff 2 2 1 1"})
	require.NotZero(t, lone.energy)
	for _, ranks := range []int{1, 2} {
		both := execute(t, ranks, &box, input{model: model, after: "pair_style hybrid/overlay painless " + model + " zbl 0.5 1.5\npair_coeff * * painless O H\n" +
			"pair_coeff 1 1 zbl 8 8\npair_coeff 1 2 zbl 8 1\npair_coeff 2 2 zbl 1 1"})
		assert.InDelta(t, plain.energy+lone.energy, both.energy, 1e-5)
		for i := range both.forces {
			for c := range 3 {
				assert.InDelta(t, plain.forces[i][c]+lone.forces[i][c], both.forces[i][c], 1e-3)
			}
		}
		for k := range both.stress {
			assert.InDelta(t, plain.stress[k]+lone.stress[k], both.stress[k], 1e-5)
		}
	}
}

// What make install puts under PREFIX runs, with the library that is there.
func TestInteropInstalled(t *testing.T) {
	model, box, prefix := "default", water(3, 3, 3, false), t.TempDir()
	c := command(t, 2, &box, (&input{model: model}).script(&box))
	out, err := exec.Command("make", "-s", "-C", "../..", "install", "PREFIX="+prefix).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for i, word := range c.Args {
		if filepath.Base(word) == "lmp_painless" {
			c.Args[i] = prefix + "/bin/lmp_painless"
		}
	}
	agree(t, "installed", model, executed(t, c, &box))
	libraries, err := exec.Command("ldd", prefix+"/bin/lmp_painless", prefix+"/lib/painlessplugin.so").CombinedOutput()
	require.NoError(t, err, "%s", libraries)
	assert.Equal(t, 2, strings.Count(string(libraries), "libpainless.so.0 => "+prefix+"/"), "%s", libraries)
}

// The script in docs/lammps.md prints on two ranks what it prints on one, and in the
// lines of the page; the numbers there are of the student that was the default one.
func TestInteropDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/lammps.md")
	require.NoError(t, err)
	blocks := strings.Split(string(page), "```\n") // text, script, text, output, …
	require.Greater(t, len(blocks), 3)
	rows := regexp.MustCompile(`(?m)^ +\d+( +-?[\d.]+){4}`)
	var printed [2][]float64
	for k := range printed {
		out, err := command(t, k+1, &painless.Structure{}, blocks[1]).CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, row := range rows.FindAllString(string(out), -1) {
			for word := range strings.FieldsSeq(row) {
				x, err := strconv.ParseFloat(word, 64)
				require.NoError(t, err)
				printed[k] = append(printed[k], x)
			}
		}
		if k == 1 {
			for line := range strings.Lines(rows.ReplaceAllString(blocks[3], "")) {
				if line = strings.TrimSpace(line); line != "" && line != "…" && !strings.HasPrefix(line, "$ ") {
					assert.Contains(t, string(out), line)
				}
			}
		}
	}
	require.Len(t, printed[0], 20)
	assert.InEpsilonSlice(t, printed[0][1:5], printed[1][1:5], 1e-6)
	assert.InEpsilonSlice(t, printed[0][16:], printed[1][16:], 1e-4)
}
