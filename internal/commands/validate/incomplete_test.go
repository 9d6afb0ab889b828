package validate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
)

// What cannot be computed, or compared, is counted and listed, and the rest is there.
func TestIncomplete(t *testing.T) {
	const head = "Properties=species:S:1:pos:R:3:forces:R:3 "
	path := writeFile(t, "some.extxyz", strings.Join([]string{
		"2\n" + head + "energy=-1\nH 0 0 0 0.1 0 0\nH 0.7 0 0 -0.1 0 0\n",        // 0: whole
		"2\n" + head + "energy=-1\nH 0 0 0 0 0 0\nO 0 0 0 0 0 0\n",               // 1: on the same point
		"1\n" + head + "\nH 0 0 0 1 0 0\n",                                       // 2: no energy
		"1\nProperties=species:S:1:pos:R:3 energy=-2\nH 0 0 0\n",                 // 3: no forces
		"1\n" + head + "energy=nan\nH 0 0 0 1 inf 0\n",                           // 4: no numbers
		"1\n" + head + "energy=-1\nMd 0 0 0 0 0 0\n",                             // 5: unknown to the network
		"0\n" + head + "energy=0\n",                                              // 6: nothing there
		"1\n" + head + "energy=-1 stress=\"1 0 0 0 1 0 0 0 1\"\nH 0 0 0 1 0 0\n", // 7: stress of no volume
		"2\n" + head + "energy=-3\nH 0 0 0 0.2 0 0\nH 0.8 0 0 -0.2 0 0\n",        // 8: whole
	}, ""))
	listed := "painless: " + path + ": frame 1, line 5: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å\n" +
		"painless: " + path + ": frame 5, line 18: atom 0 has atomic number 101: the network knows 1 to 100\n"
	for _, batch := range []string{"1", "4", "32"} {
		r := runWith(t, "", t.TempDir(), listed, "-model", ultraModel, "-batch", batch, path)
		assert.Equal(t, 2, cli.Code(r.err))
		assert.EqualError(t, r.err, "not every structure was validated: 7 of 9 lack a label or could not be computed, as listed")
		reasons := func(list []lack) (text []string) {
			for _, l := range list {
				assert.Equal(t, path, l.File)
				text = append(text, fmt.Sprintf("%d %s: %s", l.Frame, l.Formula, l.Reason))
			}
			return text
		}
		assert.Equal(t, []string{
			"2 H: no energy in the comment line",
			"3 H: no column forces:R:3",
			"4 H: energy: expected finite numbers, found NaN",
			"4 H: forces of atom 0: expected finite numbers, found +Inf",
			"6 : no atoms",
			"7 H: stress: expected a periodic cell with a volume, found none",
		}, reasons(r.Unlabelled))
		m := r.Models[0]
		assert.Equal(t, []string{
			"1 HO: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å",
			"5 Md: atom 0 has atomic number 101: the network knows 1 to 100",
		}, reasons(m.Failed))
		assert.Equal(t, 9, r.Structures)
		assert.Equal(t, 5, m.Computed)
		assert.Equal(t, 4, m.Energy.N)
		assert.Equal(t, 3*6, m.Forces.N)
		assert.Nil(t, m.Stress)
		assert.Contains(t, r.table, "\n5 structures without a label that was looked for:\n")
		assert.Contains(t, r.table, "\n2 structures that ultra_tiny could not compute:\n")
		for _, l := range append(r.Unlabelled, m.Failed...) {
			assert.Contains(t, r.table, fmt.Sprintf("  %s, frame %d: %s: %s\n", path, l.Frame, l.Formula, l.Reason))
		}
	}
}

// A frame of a known extent that cannot be read costs that frame.
func TestUnreadableFrame(t *testing.T) {
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	want := validated(t, "-model", ultraModel, golden)
	path := writeFile(t, "bad.extxyz", "3\n\nH 0 0 0\nXx 0 0 1\nH 1 0 0\n"+string(text))
	const because = `atom 1: species: expected the symbol of an element, or its atomic number, found "Xx"`
	r := runWith(t, "", t.TempDir(), "painless: "+path+": frame 0, line 4: "+because+"\n", "-model", ultraModel, path)
	assert.Equal(t, 2, cli.Code(r.err))
	require.Len(t, r.Unlabelled, 1)
	assert.Equal(t, []any{0, 4, because}, []any{r.Unlabelled[0].Frame, r.Unlabelled[0].Line, r.Unlabelled[0].Reason})
	assert.Equal(t, want.Structures+1, r.Structures)
	assert.Equal(t, want.Models[0].Computed, r.Models[0].Computed)
	assert.Equal(t, want.Models[0].Forces, r.Models[0].Forces)

	for _, extra := range [][]string{{}, {"-max", "1"}, {"-batch", "1"}} {
		_, stderr, err := execute("", append(extra, "-strict", "-model", ultraModel, path)...)
		assert.EqualError(t, err, path+": frame 0, line 4: "+because)
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, stderr)
	}
	plain := writeFile(t, "plain.xyz", "1\n\nH 0 0 0\n1\n\nXx 0 0 0\n")
	_, _, err = execute("", "-model", ultraModel, plain)
	assert.EqualError(t, err, "not every structure was validated: 2 of 2 lack a label or could not be computed, as listed")
	assert.Equal(t, 2, cli.Code(err))
	point := writeFile(t, "point.extxyz", "2\nProperties=species:S:1:pos:R:3 energy=1\nH 0 0 0\nO 0 0 0\n")
	_, stderr, err := execute("", "-strict", "-model", ultraModel, "-forces-key", "", golden, point)
	assert.EqualError(t, err, point+": frame 0, line 1: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å")
	assert.Empty(t, stderr)
	_, stderr, err = execute("", "-model", ultraModel+","+tinyModel, "-forces-key", "", point)
	assert.EqualError(t, err, "no results: none of 1 structures could be read and computed, as listed")
	assert.Equal(t, 1, cli.Code(err))
	assert.Contains(t, stderr, point+": frame 0, line 1: tiny: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å\n")
}

func TestMaxAndSeed(t *testing.T) {
	draw := func(seed string) result {
		r := validated(t, "-model", ultraModel, "-max", "10", "-seed", seed, golden, testdata+"tiny.extxyz")
		require.NoError(t, r.err)
		return r
	}
	one, again, other := draw("1"), draw("1"), draw("2")
	assert.Equal(t, one.json, again.json)
	assert.Equal(t, 10, one.Structures)
	assert.Equal(t, 10, one.Models[0].Computed)
	assert.Equal(t, 10, one.Datasets[0].Selected+one.Datasets[1].Selected)
	assert.Equal(t, 45, one.Datasets[1].Read)
	assert.NotEqual(t, one.Models[0].Energy, other.Models[0].Energy)
	assert.True(t, strings.HasPrefix(one.table, "10 of 90 structures"), one.table)
	all := validated(t, "-model", ultraModel, "-max", "1000", golden)
	every := validated(t, "-model", ultraModel, golden)
	every.Models[0].MSEach, all.Models[0].MSEach = nil, nil
	assert.Equal(t, every.Models, all.Models, "more than there are is all")
}

// Standard input says the same as a file, of which some are drawn too.
func TestStandardInput(t *testing.T) {
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	for _, args := range [][]string{{}, {"-max", "9"}} {
		args = append(args, "-model", ultraModel)
		want, got := validated(t, append(args, golden)...), runWith(t, string(text), t.TempDir(), "", append(args, "-")...)
		require.NoError(t, got.err)
		assert.Equal(t, want.json, strings.ReplaceAll(got.json, `"file": "-"`, `"file": "`+golden+`"`))
	}
	_, _, err = execute(string(text)+"2\n\nH 0 0 0\n", "-model", ultraModel, "-")
	assert.ErrorContains(t, err, "-:")
	assert.ErrorContains(t, err, "expected 2 atoms, as line 510 says, found the end of the file after 1")
	_, _, err = execute(string(text), "-model", ultraModel, "-", "-")
	assert.EqualError(t, err, "-: expected a structure, found none")
}

func TestLabelKeys(t *testing.T) {
	r := validated(t, "-model", ultraModel, "-energy-key", "energy_f32", "-forces-key", "forces_f32", golden)
	require.NoError(t, r.err)
	assert.Equal(t, "energy_f32", r.EnergyKey)
	assert.Less(t, r.Models[0].Forces.RMSE, 1e-5)
	r = validated(t, "-model", ultraModel, "-energy-key", "REF_energy", golden)
	assert.Equal(t, 2, cli.Code(r.err))
	assert.ErrorContains(t, r.err, "45 of 45 lack a label")
	assert.Contains(t, r.table, "frame 0: H2, and 44 more structures: no REF_energy in the comment line; left out what else may be it: energy, energy_f32\n")
	assert.Equal(t, 1, strings.Count(r.table, "no REF_energy"))
	assert.Nil(t, r.Models[0].Energy)
	assert.Equal(t, 45, r.Models[0].Computed)
	assert.Equal(t, "no REF_energy in the comment line; left out what else may be it: energy, energy_f32", r.Unlabelled[0].Reason)
}
