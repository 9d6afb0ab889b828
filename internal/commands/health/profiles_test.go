package health

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

func (h *Card) torsion(molecule string) Torsion {
	for _, t := range h.Torsions {
		if t.Molecule == molecule {
			return t
		}
	}
	return Torsion{}
}

func (h *Card) contact(a, b string) Contact {
	for _, c := range h.Contacts {
		if c.Elements == [2]string{a, b} {
			return c
		}
	}
	return Contact{}
}

// Half a turn moves the atoms on one side of a bond as a whole, and the barriers that
// GFN2-xTB has are the textbook's: kcal/mol from experiment and high-level theory, of which it may be 40 % off.
func TestTurns(t *testing.T) {
	const kcal = 0.0433641 // eV
	textbook := map[string]float64{"ethane": 2.9 * kcal, "butane": 5.5 * kcal, "butadiene": 6.2 * kcal, "methyl formate": 13 * kcal, "acetamide": 17 * kcal}
	all := torsions()
	require.Len(t, all, len(textbook))
	for _, turn := range all {
		assert.InEpsilon(t, textbook[turn.Molecule], turn.GFN2, 0.4, turn.Molecule)
		require.Len(t, turn.structures, 13)
		first, last := turn.structures[0], turn.structures[12]
		for i, r := range first.Positions {
			bond, distance := false, math.Inf(1)
			for j, other := range first.Positions {
				if d := vec.Distance(r, other); i != j && d < 1.65 {
					assert.InDelta(t, d, vec.Distance(last.Positions[i], last.Positions[j]), 1e-9, "%s: a bond of %d and %d", turn.Molecule, i, j)
					bond, distance = true, math.Min(d, distance)
				}
			}
			assert.True(t, bond && distance > 0.9, "%s: atom %d at %v Å", turn.Molecule, i, distance)
		}
	}
	// Ethane is the same after a third of a turn.
	ethane := all[0]
	for k := range 5 {
		assert.InDelta(t, ethane.gfn2[k], ethane.gfn2[k+8], 1e-3)
	}
}

// The card's numbers against structures made and computed here, in float64 with exact filters.
func TestTorsionsAndContactsIndependently(t *testing.T) {
	for _, name := range []string{"tiny", "ultra_tiny"} {
		network := load(t, testdata+name+".pt")
		h, energyOf := healthOf(t, network), compute(t, network)
		require.Len(t, h.Torsions, 5)
		require.Len(t, h.Contacts, 28)

		acetamide := frames("torsions.xyz", torsionsFile)[4].Structure
		n, axis := acetamide.Positions[2], vec.Sub(acetamide.Positions[2], acetamide.Positions[1])
		lowest, highest := math.Inf(1), math.Inf(-1)
		for k := range 13 {
			s := atoms.Structure{Numbers: acetamide.Numbers, Positions: append([][3]float64{}, acetamide.Positions...)}
			for _, hydrogen := range []int{7, 8} {
				r := aroundAxis(vec.Sub(s.Positions[hydrogen], n), axis, float64(k)*math.Pi/12)
				for c := range r {
					r[c] += n[c]
				}
				s.Positions[hydrogen] = r
			}
			e, _ := energyOf(s)
			lowest, highest = math.Min(lowest, e), math.Max(highest, e)
		}
		assert.InDelta(t, highest-lowest, h.torsion("acetamide").Barrier, 1e-4)

		meeting := func(d float64) float64 { // two waters, oxygen to oxygen
			s := atoms.Structure{Numbers: []int{8, 1, 1, 8, 1, 1}, Positions: [][3]float64{
				{0, 0, 0}, {-0.5691, 0, 0.7722}, {-0.5691, 0, -0.7722}, {d, 0, 0}, {d + 0.5691, 0, 0.7722}, {d + 0.5691, 0, -0.7722}}}
			e, _ := energyOf(s)
			return e
		}
		oxygens := h.contact("O", "O")
		require.Positive(t, oxygens.WallAt)
		assert.InDelta(t, meeting(oxygens.WallAt)-meeting(50), oxygens.Wall, 1e-4)
		if oxygens.At > 0 {
			assert.InDelta(t, 1, meeting(oxygens.At)-meeting(50), 0.1, "between two distances")
		}
	}
}

func TestContactOf(t *testing.T) {
	for name, c := range map[string]struct {
		energies []float64 // at 3, 2, 1, 0.5 and 0.3 Å, from 10 eV apart
		want     Contact
	}{
		"a wall":               {[]float64{-0.2, 0, 2, 8, 30}, Contact{At: 1.5, Well: -0.2, Wall: 30, WallAt: 0.3}},
		"a hole in it":         {[]float64{-0.2, 0, 2, 1.5, 30}, Contact{At: 1.5, Well: -0.2, Wall: 2, WallAt: 1}},
		"rounding is no hole":  {[]float64{-0.2, 0, 2, 1.99, 30}, Contact{At: 1.5, Well: -0.2, Wall: 30, WallAt: 0.3}},
		"nothing but the well": {[]float64{-0.2, -0.5, -1, -2, -1}, Contact{Well: -2}},
		"too low":              {[]float64{0.1, 0.2, 0.9, 0.1, -3}, Contact{Well: -3, Wall: 0.9, WallAt: 1}},
		"at once":              {[]float64{1.5, 2, 3, 4, 5}, Contact{At: 3, Wall: 5, WallAt: 0.3}},
	} {
		energies := []float64{10}
		for _, e := range c.energies {
			energies = append(energies, 10+e)
		}
		var got Contact
		got.measure([]float64{3, 2, 1, 0.5, 0.3}, energies)
		for _, pair := range [][2]float64{{c.want.At, got.At}, {c.want.Well, got.Well}, {c.want.Wall, got.Wall}, {c.want.WallAt, got.WallAt}} {
			assert.InDelta(t, pair[0], pair[1], 1e-9, name)
		}
	}
}

func TestProfileVerdicts(t *testing.T) {
	for _, c := range []struct {
		torsion Torsion
		contact Contact
		want    [3]Grade // torsions, contacts, dimers
		says    string
	}{
		{Torsion{Barrier: 0.9, GFN2: 1}, Contact{Wall: 10, At: 2, GFN2At: 2.05}, [3]Grade{Good, Good, Good}, "conformers come and go as they should"},
		{Torsion{Barrier: 0.9, GFN2: 1, RMS: 0.1}, Contact{Wall: 2, At: 2, GFN2At: 2.2}, [3]Grade{Fair, Fair, Fair}, "hot or packed starts may fuse"},
		{Torsion{Barrier: 0.035, GFN2: 0.998}, Contact{Wall: 1, GFN2At: 2}, [3]Grade{Poor, Poor, Poor}, "turning acetamide's C–N bond takes 0.035 eV, and 1 eV in GFN2-xTB"},
		{Torsion{Barrier: 3, GFN2: 1}, Contact{Wall: 10, At: 2, GFN2At: 2, Well: -0.5, GFN2Well: -0.2}, [3]Grade{Poor, Good, Poor}, "attract by 0.5 eV, and by 0.2 eV in GFN2-xTB"},
		{Torsion{GFN2: 1}, Contact{Wall: 10, At: 2, GFN2At: 2}, [3]Grade{Poor, Good, Good}, "takes 0 eV"},
		{Torsion{Barrier: 1, GFN2: 1}, Contact{GFN2At: 1}, [3]Grade{Good, Poor, Poor}, "nothing keeps molecules apart where H and O meet"},
	} {
		c.torsion.Molecule, c.torsion.Bond, c.contact.Elements = "acetamide", "C–N", [2]string{"H", "O"}
		h := &Card{Molecules: make([]Molecule, 1), Pairs: make([]Pair, 1), Torsions: []Torsion{{Barrier: 1, GFN2: 1}, c.torsion}, Contacts: []Contact{{Wall: 50}, c.contact}}
		h.Verdicts = verdicts(h)
		g := h.grades()
		assert.Equal(t, c.want, [3]Grade{g["torsions"], g["contacts"], g["dimers"]}, c.says)
		text := ""
		for _, v := range h.Verdicts {
			text += v.Text + "\n"
		}
		assert.Contains(t, text, c.says)
	}
	h := &Card{Molecules: make([]Molecule, 1), Pairs: make([]Pair, 1)}
	assert.Len(t, verdicts(h), 5, "what was not measured is not graded")
}

// A student of few elements is held to what it knows.
func TestFewElements(t *testing.T) {
	network := load(t, testdata+"ultra_tiny.pt")
	network.Elements = []int{1, 6}
	h := healthOf(t, network)
	require.Len(t, h.Torsions, 3)
	require.Len(t, h.Contacts, 1)
	assert.Equal(t, [2]string{"C", "C"}, h.Contacts[0].Elements, "hydrogen is brought by water")
}

// What was seen of a student that was trained without fluorine, and with too few torsions.
func TestTrainedProfiles(t *testing.T) {
	const path = "../../../../shared/models/healthy_tiny.pt"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no development data beside the project; its own testdata is tested")
	}
	h := healthOf(t, load(t, path))
	assert.InDelta(t, 0.303, h.torsion("acetamide").Barrier, 0.02, "eV; GFN2-xTB has 0.998 there")
	assert.InDelta(t, 0.074, h.torsion("ethane").Barrier, 0.01)
	assert.Equal(t, Poor, h.grades()["torsions"])
	assert.Greater(t, h.contact("O", "O").Wall, 100.0)
	assert.Less(t, h.contact("F", "F").Well, -20.0)
	assert.Equal(t, Poor, h.grades()["dimers"])
}
