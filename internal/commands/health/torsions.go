package health

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"painless/atoms"
	"painless/internal/vec"
	"painless/nn"
)

// torsions.xyz is molecules at GFN2-xTB's minima, a bond of each (axis, the atoms that
// turn about it) and GFN2-xTB's energies on the way; internal/dev/student/health.py wrote it.
//
//go:embed torsions.xyz
var torsionsFile []byte

// turnStep is between the energies of torsions.xyz, degrees.
const turnStep = 15

// Torsion is half a turn of a part of a molecule about a bond, the rest as it is.
// Barriers are the highest energy on the way less the lowest.
type Torsion struct {
	Molecule string  `json:"molecule"`
	Bond     string  `json:"bond"`
	Barrier  float64 `json:"barrier_ev"`
	GFN2     float64 `json:"gfn2_barrier_ev"`
	RMS      float64 `json:"rms_ev"` // from GFN2-xTB's energies, each less its mean

	structures []atoms.Structure
	gfn2       []float64 // eV, of the structures
}

// torsions is the turns, not yet computed.
func torsions() (all []Torsion) {
	for _, frame := range frames("torsions.xyz", torsionsFile) {
		info := map[string]string{}
		for _, f := range frame.Info {
			info[f.Key] = f.Value
		}
		t := Torsion{Molecule: info["name"], Bond: info["bond"], gfn2: numbers[float64](info["gfn2"])}
		t.GFN2 = span(t.gfn2)
		axis, turns := numbers[int](info["axis"]), numbers[int](info["turns"])
		for k := range t.gfn2 {
			t.structures = append(t.structures, turned(frame.Structure, axis, turns, float64(k*turnStep)*math.Pi/180))
		}
		all = append(all, t)
	}
	return all
}

// turned is a structure some of whose atoms are turned about the line through two others.
func turned(s atoms.Structure, axis, turns []int, angle float64) atoms.Structure {
	s.Positions = slices.Clone(s.Positions)
	from, to := s.Positions[axis[0]], s.Positions[axis[1]]
	k := vec.Scale(vec.Sub(to, from), 1/vec.Distance(from, to))
	sin, cos := math.Sincos(angle)
	for _, i := range turns { // Rodrigues' formula
		r := vec.Sub(s.Positions[i], from)
		along, cross := vec.Dot(k, r), vec.Cross(k, r)
		for c := range r {
			s.Positions[i][c] = from[c] + r[c]*cos + cross[c]*sin + k[c]*along*(1-cos)
		}
	}
	return s
}

// torsions turns the bonds of molecules that the network knows, as users compute them.
func (e *examiner) torsions(ctx context.Context, h *Card, network *nn.Network) error {
	for _, t := range torsions() {
		if !network.KnowsAll(t.structures[0].Numbers) {
			continue
		}
		var r nn.Result
		if !e.float32(ctx, h, &r, t.structures...) {
			return ctx.Err()
		}
		t.compare(r.Energy)
		h.Torsions = append(h.Torsions, t)
	}
	return nil
}

// compare takes the energies of the structures.
func (t *Torsion) compare(energies []float64) {
	t.Barrier = span(energies)
	mean, gfn2 := stat.Mean(energies, nil), stat.Mean(t.gfn2, nil)
	square := 0.0
	for i, e := range energies {
		d := e - mean - (t.gfn2[i] - gfn2)
		square += d * d
	}
	t.RMS = math.Sqrt(square / float64(len(energies)))
}

func span(energies []float64) float64 { return floats.Max(energies) - floats.Min(energies) }

// farness is how many times larger or smaller the barrier is than GFN2-xTB's.
func (t *Torsion) farness() float64 { return math.Max(t.Barrier/t.GFN2, t.GFN2/t.Barrier) }

func torsionVerdict(h *Card) Verdict {
	worst, rms := h.Torsions[0], 0.0
	for _, t := range h.Torsions {
		if t.farness() > worst.farness() {
			worst = t
		}
		rms = math.Max(rms, t.RMS)
	}
	v := Verdict{Topic: "torsions", Text: fmt.Sprintf("turning %s's %s bond takes %.2g eV, and %.2g eV in GFN2-xTB (the farthest of %d; profiles within %.2g eV RMS): ",
		worst.Molecule, worst.Bond, worst.Barrier, worst.GFN2, len(h.Torsions), rms)}
	switch far := worst.farness(); {
	case far <= 1.25 && rms <= 0.06:
		v.Grade = Good
		v.Text += "conformers come and go as they should"
	case far <= 2:
		v.Grade = Fair
		v.Text += "bonds that should turn do; do not trust how often, nor conformers' energies"
	default:
		v.Grade = Poor
		v.Text += "molecules twist as they should not, or cannot where they should; do not trust conformers"
	}
	return v
}
