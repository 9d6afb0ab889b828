package train

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/commands/cli"
)

// bent is n frames of a molecule of water in no order, as a harmonic student gives them
// energies and forces, times what the units make of these.
func bent(n int, energy, force float64) string {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	var text strings.Builder
	for range n {
		a, b := 0.96+0.08*rng.NormFloat64(), 0.96+0.08*rng.NormFloat64()
		fa, fb := -40*force*(a-0.96), -40*force*(b-0.96)
		fmt.Fprintf(&text, "3\nProperties=species:S:1:pos:R:3:forces:R:3 energy=%.9f\nO 0 0 0 %.9f %.9f 0\nH %.9f 0 0 %.9f 0 0\nH 0 %.9f 0 0 %.9f 0\n",
			energy*(20*((a-0.96)*(a-0.96)+(b-0.96)*(b-0.96))-140), -fa, -fb, a, fa, b, fb)
	}
	return text.String()
}

// Units show where frames are in no order, in each set, between them, beside the student
// to begin with, and in forces beyond -max-force; what is right passes.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	const kcal, hartree = 23.060548, 1 / 27.211386
	file := func(n int, energy, force float64) string {
		return writeFile(t, path(fmt.Sprintf("%d-%.3g-%.3g.xyz", n, energy, force)), bent(n, energy, force))
	}
	good, valid := file(80, 1, 1), file(30, 1, 1)
	small := []string{"-size", "16,1,8", "-visits", "2400", "-rate", "5e-3"}
	start := path("start.pt")
	_, stderr, err := run(t, t.Context(), append(small, "-valid", valid, "-o", start, good)...)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	from := []string{"-from", start, "-visits", "1"}
	for name, c := range map[string]struct {
		args               []string
		train, valid, says string
	}{
		"sign":                   {small, file(80, 1, -1), valid, "forces of the wrong sign: gradients, perhaps; -mixed-units trains all the same"},
		"gradients in kcal":      {append(small, "-max-force", "1e9"), file(80, 1, -kcal), valid, "forces of the wrong sign: gradients, perhaps, and energies in eV beside forces in kcal/mol/Å"},
		"forces in kcal":         {small, file(80, 1, kcal), valid, "have one beyond -max-force 60 eV/Å: the largest force of a structure is"},
		"forces in kcal, larger": {append(small, "-max-force", "1e9"), file(80, 1, kcal), valid, "energies in eV beside forces in kcal/mol/Å"},
		"valid in kcal":          {append(small, "-max-force", "1e9"), good, file(30, kcal, kcal), "times what the energies of the elements say, which are off by"},
		"valid's forces":         {append(small, "-max-force", "1e9"), good, file(30, 1, kcal), "energies in eV beside forces in kcal/mol/Å"},
		"from, sign":             {from, file(80, 1, -1), valid, "forces of the wrong sign"},
	} {
		out := path("out.pt")
		_, _, err := run(t, t.Context(), append(append([]string{"-valid", c.valid, "-o", out}, c.args...), c.train)...)
		assert.ErrorContains(t, err, c.says, name)
		assert.NoFileExists(t, out, name)
		if !strings.Contains(c.says, "-max-force") {
			_, stderr, err = run(t, t.Context(), append(append([]string{"-mixed-units", "-valid", c.valid, "-o", path("mixed.pt"), "-visits", "1", "-force"}, without(c.args, "-visits")...), c.train)...)
			require.NotEqual(t, 1, cli.Code(err), "%s: %v", name, err)
			assert.Contains(t, stderr, strings.Split(c.says, ";")[0], name)
		}
	}

	// Another draw of the same labels passes beside the student.
	for says, labels := range map[string][2]float64{"": {1, 1}, "energies contradict those of the start": {hartree, 1}} {
		_, stderr, err := run(t, t.Context(), append(from, "-mixed-units", "-force", "-valid", valid, "-o", path("from.pt"), file(81, labels[0], labels[1]))...)
		require.NotEqual(t, 1, cli.Code(err), err)
		assert.Contains(t, stderr, says)
		assert.Equal(t, says == "", stderr == "", stderr)
	}
}

// without is arguments without a flag and its value.
func without(args []string, flag string) (rest []string) {
	for i := 0; i < len(args); i++ {
		if args[i] == flag {
			i++
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
}

// Labels that nothing has are refused, not figures of 0; what was asked to be left out is
// no figure.
func TestLabelsThatNothingHas(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	good, valid := writeFile(t, path("train.xyz"), bent(20, 1, 1)), writeFile(t, path("valid.xyz"), bent(10, 1, 1))
	usual := []string{"-size", "16,1,8", "-visits", "32", "-valid", valid, "-o", path("s.pt"), "-log", path("log.csv")}
	for says, args := range map[string][]string{
		"no structure has energy under the name REF_energy: expected it in some, or -energy-key '' to train on forces alone": {"-energy-key", "REF_energy"},
		"no structure has forces under the name grad: expected it in some, or -forces-key '' to train on energies alone":     {"-forces-key", "grad"},
		"-atom-energies 1: no structure to train on has atoms' energies, the column energies:R:1":                            {"-atom-energies", "1"},
		"-hessian-weight 0.1: no structure to train on has the columns hessian_direction:R:3 and hessian_product:R:3":        {"-hessian-weight", "0.1"},
		"-stress-weight 0.1: no structure to train on has a stress":                                                          {"-stress-weight", "0.1"},
		"train.xyz: no structure has a label that the loss weighs: expected one whose weight is above 0: -energy-weight, -f": {"-energy-weight", "0", "-force-weight", "0"},
	} {
		_, _, err := run(t, t.Context(), append(append(usual, args...), good)...)
		assert.ErrorContains(t, err, says)
		assert.NoFileExists(t, path("s.pt"))
	}
	bad := writeFile(t, path("bad.xyz"), "2\nProperties=species:S:1:pos:R:3:forces:R:3:hessian_direction:R:3:hessian_product:R:2 energy=-1\nH 0 0 0 0 0 0 1 0 0 1 0\nH 0.7 0 0 0 0 0 0 0 0 1 0\n")
	_, stderr, err := run(t, t.Context(), append(append(usual, "-hessian-weight", "0.1"), good, bad)...)
	assert.ErrorContains(t, err, "which label -hessian writes; of 1 structure the columns are there, without a Hessian along a direction that can be used")
	assert.Contains(t, stderr, "column hessian_product: expected three real numbers an atom, R:3, found R:2\n")
	for key, column := range map[string]string{"-energy-key": "energy", "-forces-key": "force"} {
		stdout, _, err := run(t, t.Context(), append(append(usual, "-force", key, ""), good)...)
		require.NoError(t, err)
		assert.Contains(t, stdout, "–")
		file, err := os.Open(path("log.csv"))
		require.NoError(t, err)
		rows, err := csv.NewReader(file).ReadAll()
		require.NoError(t, file.Close())
		require.NoError(t, err)
		for i, name := range rows[0] {
			if strings.Contains(name, "_hessian_") {
				assert.Empty(t, rows[1][i])
			} else if strings.HasPrefix(name, "valid_") && !strings.HasPrefix(name, "valid_loss") {
				assert.Equal(t, strings.HasPrefix(name, "valid_"+column), rows[1][i] == "", "%s without %s", name, column)
			}
		}
	}
}

// curvedSprings is n frames of H2, a spring of 40 eV/Å², with its Hessian along x of the first atom times a factor.
func curvedSprings(n int, factor float64) string {
	var text strings.Builder
	for k := range n {
		d := 0.7 + 0.2*(float64(k)+0.5)/float64(n)
		f := 40 * (d - 0.75)
		fmt.Fprintf(&text, "2\nProperties=species:S:1:pos:R:3:forces:R:3:hessian_direction:R:3:hessian_product:R:3 energy=%.9f\nH 0 0 0 %.9f 0 0 1 0 0 %g 0 0\nH %.9f 0 0 %.9f 0 0 0 0 0 %g 0 0\n",
			20*(d-0.75)*(d-0.75)-31, f, 40*factor, d, -f, -40*factor)
	}
	return text.String()
}

// Hessians are learned, counted and in the log; of the wrong sign they are refused, and where
// nothing to validate with has one that is said.
func TestHessian(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	good, valid, bare := writeFile(t, path("train.xyz"), curvedSprings(40, 1)), writeFile(t, path("valid.xyz"), curvedSprings(7, 1)), writeFile(t, path("bare.xyz"), hydrogen(0.8, -31, 1))
	usual := []string{"-size", "16,1,8", "-visits", "400", "-every", "20", "-rate", "5e-3", "-o", path("s.pt"), "-log", path("log.csv"), "-force", "-hessian-weight", "0.1"}
	stdout, _, err := run(t, t.Context(), append(usual, "-valid", valid, good)...)
	require.NoError(t, err)
	assert.Contains(t, stdout, "; 40 with a Hessian along a direction, taken as eV/Å²\n")
	file, err := os.Open(path("log.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	figures := map[string][]float64{}
	for _, name := range []string{"valid_hessian_mae_eV_per_A", "valid_hessian_rmse_eV_per_A", "train_hessian_mae_eV_per_A"} {
		column := slices.Index(rows[0], name)
		require.Positive(t, column, name)
		for k, row := range rows[1:] {
			if k == 0 && strings.HasPrefix(name, "train") {
				assert.Empty(t, row[column], "before the first step")
				continue
			}
			x, err := strconv.ParseFloat(row[column], 64)
			require.NoError(t, err)
			figures[name] = append(figures[name], x)
		}
		assert.Less(t, figures[name][len(figures[name])-1], 0.5*figures["valid_hessian_mae_eV_per_A"][0], name)
	}
	for k, mae := range figures["valid_hessian_mae_eV_per_A"] {
		assert.Greater(t, figures["valid_hessian_rmse_eV_per_A"][k], mae, "errors across the bond are smaller")
	}

	_, stderr, err := run(t, t.Context(), append(usual, "-valid", bare, good)...)
	assert.NotEqual(t, 1, cli.Code(err), err)
	assert.Contains(t, stderr, bare+": no structure has a Hessian along a direction: the loss of validations, which says which one is best, is without that term")

	wrong := writeFile(t, path("wrong.xyz"), curvedSprings(40, -1))
	_, _, err = run(t, t.Context(), append(usual, "-valid", valid, wrong)...)
	assert.ErrorContains(t, err, wrong+": the Hessian along a direction is negative in 40 of 40 structures")
	_, stderr, err = run(t, t.Context(), append(usual, "-valid", valid, "-mixed-units", wrong)...)
	assert.NotEqual(t, 1, cli.Code(err), err)
	assert.Contains(t, stderr, "negative in 40 of 40 structures")

	far := func(factor float64) string { // no structure is near another one
		var text strings.Builder
		for k := range 30 {
			fmt.Fprintf(&text, "%d\nProperties=species:S:1:pos:R:3:hessian_direction:R:3:hessian_product:R:3 energy=%d\n", k+2, -31-k)
			fmt.Fprintf(&text, "H 0 0 0 1 0 0 %g 0 0\nH 0.75 0 0 0 0 0 %g 0 0\n", 40*factor, -40*factor)
			for i := range k {
				fmt.Fprintf(&text, "He %d 0 0 0 0 0 0 0 0\n", 3*(i+1))
			}
		}
		return text.String()
	}
	for factor, says := range map[float64]string{1: "", 23.060548: "the Hessian binds 30 hydrogens by 922 on average, where 10 to 20 eV/Å² are usual: are products in"} {
		in := writeFile(t, path("far.xyz"), far(factor))
		_, stderr, err = run(t, t.Context(), append(usual, "-forces-key", "", "-valid", valid, in)...)
		assert.NotEqual(t, 1, cli.Code(err), err)
		assert.Equal(t, says == "", !strings.Contains(stderr, "hydrogens"), stderr)
		assert.Contains(t, stderr, says)
	}

	kcal := writeFile(t, path("kcal.xyz"), curvedSprings(40, 23.060548))
	const says = ": products of the Hessian contradict how forces change between structures that are near one another: they are 23.06 times as large"
	_, _, err = run(t, t.Context(), append(usual, "-valid", valid, kcal)...)
	assert.ErrorContains(t, err, kcal+says)
	assert.ErrorContains(t, err, "kcal/mol/Å²; expected eV/Å² times the direction; -mixed-units trains all the same")
	_, stderr, err = run(t, t.Context(), append(usual, "-valid", valid, "-mixed-units", kcal)...)
	assert.NotEqual(t, 1, cli.Code(err), err)
	assert.Contains(t, stderr, kcal+says)
}

// A run of a version whose rows had fewer figures goes on, and its log has none in their place.
func TestOlderRowsGoOn(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	in, valid := writeFile(t, path("train.xyz"), curvedSprings(40, 1)), writeFile(t, path("valid.xyz"), curvedSprings(7, 1))
	_, stderr, err := run(t, t.Context(), "-size", "16,1,8", "-visits", "400", "-rate", "5e-3", "-o", path("s.pt"), "-hessian-weight", "0.1", "-valid", valid, in)
	require.NoError(t, err, stderr)
	c, err := checkpoint.Open(path("s.pt.state"))
	require.NoError(t, err)
	defer c.Close()
	state, ok := c.Metadata["state"].(string)
	require.True(t, ok)
	older := regexp.MustCompile(`,"(hessian_rmse|products|curved)":[^,}]*`).ReplaceAllString(state, "")
	older = regexp.MustCompile(`("norm":[^,}]*),"hessian_mae":[^,}]*`).ReplaceAllString(older, "$1")
	require.Less(t, len(older), len(state))
	file, err := os.Create(path("older.state"))
	require.NoError(t, err)
	require.NoError(t, c.WriteSafetensors(file, map[string]string{"state": older}))
	require.NoError(t, file.Close())
	_, stderr, err = run(t, t.Context(), "-resume", "-state", path("older.state"), "-o", path("s.pt"), "-log", path("log.csv"), "-force", "-valid", valid, in)
	require.NoError(t, err, stderr)
	text, err := os.ReadFile(path("log.csv"))
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for name, blank := range map[string]bool{"train_hessian_mae_eV_per_A": true, "valid_hessian_rmse_eV_per_A": true, "valid_hessian_mae_eV_per_A": false} {
		assert.Equal(t, blank, rows[len(rows)-1][slices.Index(rows[0], name)] == "", name)
	}
}

// What is only counted is shown by its first frames.
func TestFirstFramesAreNamed(t *testing.T) {
	dir := t.TempDir()
	frames := bent(20, 1, 1)
	in := writeFile(t, filepath.Join(dir, "train.xyz"), frames+hydrogen(0.5, 5, 75)+frames+hydrogen(0.8, -31, 1))
	valid := writeFile(t, filepath.Join(dir, "valid.xyz"), bent(10, 1, 1)+hydrogen(0.8, -31, 1))
	stdout, stderr, err := run(t, t.Context(), "-size", "16,1,8", "-visits", "1", "-valid", valid, "-o", filepath.Join(dir, "s.pt"), in)
	require.NoError(t, err)
	assert.Contains(t, stdout, "left out: 1 held out for validation, 20 there already, 1 with a force beyond -max-force")
	assert.Contains(t, stderr, in+": frame 20, line 101: the force on atom 0 is 75 eV/Å: expected at most 60")
	assert.Contains(t, stderr, in+": frame 21, line 105: is structure 0 of those that are there already")
	assert.Contains(t, stderr, in+": frame 41, line 205: is structure 10 of those held out for validation")
	assert.Contains(t, stderr, "further frames there already are counted, and not listed")
	assert.NotContains(t, stderr, "frame 24")
}

// Labels that are missing or cannot be used are shown by their first frames, of each file
// and label, and all are counted.
func TestFirstLacksAreNamed(t *testing.T) {
	dir := t.TempDir()
	good := curvedSprings(20, 1)
	const bare = "2\nProperties=species:S:1:pos:R:3:forces:R:3\nH 0 0 0 1 0 0\nH %v 0 0 -1 0 0\n"
	const half = "2\nProperties=species:S:1:pos:R:3:hessian_direction:R:3:hessian_product:R:3 energy=-31\nH 0 0 0 1 0 0 40 0 0\nH %v 0 0 0 0 0 0 0 0\n"
	text := good
	for k := range 5 {
		text += fmt.Sprintf(bare, 1+0.1*float64(k)) + fmt.Sprintf(half, 2+0.1*float64(k))
	}
	in := writeFile(t, filepath.Join(dir, "train.xyz"), text)
	valid := writeFile(t, filepath.Join(dir, "valid.xyz"), curvedSprings(7, 1)+strings.Replace(bare, "%v", "0.6", 1))
	stdout, stderr, err := run(t, t.Context(), "-size", "16,1,8", "-visits", "64", "-rate", "5e-3", "-hessian-weight", "0.1", "-valid", valid, "-o", filepath.Join(dir, "s.pt"), in)
	require.NotEqual(t, 1, cli.Code(err), err)
	want := "painless: " + valid + ": frame 7, line 29: no energy in the comment line\n"
	for k := range 5 {
		frame, line := 20+2*k, 81+8*k
		switch k {
		case 0, 1, 2:
			want += fmt.Sprintf("painless: %s: frame %d, line %d: no energy in the comment line\n", in, frame, line) +
				fmt.Sprintf("painless: %s: frame %d, line %d: no column forces:R:3\n", in, frame+1, line+4) +
				fmt.Sprintf("painless: %s: frame %d, line %d: the Hessian's product adds up to 40 eV/Å² of its direction over the atoms, whose own are 40 in all: expected 0, as moving all atoms changes no force\n", in, frame+1, line+4)
		case 3:
			for _, label := range []string{"energy", "forces", hessian} {
				want += fmt.Sprintf("painless: further frames of %s without %s are counted, and not listed\n", in, label)
			}
		}
	}
	assert.Equal(t, want, stderr)
	assert.Contains(t, stdout, "; 5 without "+hessian+"; 5 without energy; 5 without forces; 20 with a Hessian along a direction")
}
