package health

import (
	"fmt"
	"math"
)

// Verdict is what a measurement means for molecular dynamics.
type Verdict struct {
	Topic string `json:"topic"`
	Grade Grade  `json:"grade"`
	Text  string `json:"text"`
}

// Grade is how good that is.
type Grade string

// The grades, the best first.
const (
	Good Grade = "good"
	Fair Grade = "fair"
	Poor Grade = "poor"
)

// thermal is kT at 300 K, eV: what moves energies less than this gets lost in
// the motion of the atoms.
const thermal = 0.025852

// Walls, eV: what thermal motion never climbs, and what it seldom does.
const (
	highWall = 200 * thermal
	lowWall  = 40 * thermal
)

// small grades an energy that should be 0.
func small(energy float64) Grade {
	switch {
	case energy < 0.1*thermal:
		return Good
	case energy < thermal:
		return Fair
	}
	return Poor
}

// What float32 is allowed to lose: the tolerances that the tests hold it to
// against PyTorch in float64, eV per atom and over max(1, max |F|).
const (
	float32Energy = 5e-6
	float32Force  = 1e-5
)

// verdicts is one line a topic, of what was measured.
func verdicts(h *Card) []Verdict {
	all := []Verdict{rotationVerdict(h), cutoffVerdict(h), wallVerdict(h)}
	if len(h.Contacts) > 0 {
		all = append(all, contactVerdict(h), dimerVerdict(h))
	}
	if len(h.Torsions) > 0 {
		all = append(all, torsionVerdict(h))
	}
	if len(h.Kinks) > 0 {
		all = append(all, kinkVerdict(h.Kinks))
	}
	return append(all, symmetryVerdict(h), float32Verdict(h))
}

func rotationVerdict(h *Card) Verdict {
	worst, force := h.Molecules[0], 0.0
	for _, m := range h.Molecules {
		if m.TurnedEnergy > worst.TurnedEnergy {
			worst = m
		}
		force = math.Max(force, m.TurnedForce)
	}
	v := Verdict{"rotation", small(worst.TurnedEnergy),
		fmt.Sprintf("turning a molecule moves its energy by up to %.2g eV (%s, %.2g kT at 300 K) and a force by up to %.2g eV/Å: ",
			worst.TurnedEnergy, worst.Name, worst.TurnedEnergy/thermal, force)}
	switch v.Grade {
	case Good:
		v.Text += "no simulation will notice"
	case Fair:
		v.Text += "small beside the thermal motion; angular momentum is not conserved"
	default:
		v.Text += "molecules prefer directions of space, and angular momentum is not conserved; compare energies in one orientation only"
	}
	return v
}

func cutoffVerdict(h *Card) Verdict {
	worst := h.Pairs[0]
	for _, p := range h.Pairs {
		if math.Abs(p.Jump) > math.Abs(worst.Jump) {
			worst = p
		}
	}
	jump := math.Abs(worst.Jump)
	v := Verdict{"cutoff", small(jump), fmt.Sprintf("the energy jumps by up to %.2g eV (%s–%s, %.2g kT at 300 K) when a pair crosses the cutoff: ",
		jump, worst.Elements[0], worst.Elements[1], jump/thermal)}
	switch v.Grade {
	case Good:
		v.Text += "energy is conserved as well as the time step allows"
	case Fair:
		v.Text += "the energy of a long NVE run will wander"
	default:
		v.Text += "energy is not conserved where atoms come and go, as in liquids; use a thermostat, and do not trust NVE drifts or free energies across that distance"
	}
	return v
}

// wallGrade grades the lowest of walls, eV.
func wallGrade(wall float64) Grade {
	switch {
	case wall >= highWall:
		return Good
	case wall >= lowWall:
		return Fair
	}
	return Poor
}

func wallVerdict(h *Card) Verdict {
	worst := h.Pairs[0]
	for _, p := range h.Pairs {
		if p.Wall < worst.Wall {
			worst = p
		}
	}
	v := Verdict{Topic: "close atoms", Grade: wallGrade(worst.Wall), Text: fmt.Sprintf("the lowest wall between bonded and fused atoms is %.2g eV, at %.2f Å (%s–%s, %.2g kT at 300 K): ",
		worst.Wall, worst.WallAt, worst.Elements[0], worst.Elements[1], worst.Wall/thermal)}
	switch {
	case worst.Wall <= 0:
		v.Text = fmt.Sprintf("nothing keeps %s and %s apart: the energy falls until they fuse", worst.Elements[0], worst.Elements[1])
	case v.Grade == Good:
		v.Text += "atoms will not fall into each other"
	case v.Grade == Fair:
		v.Text += "safe at room temperature; hot starts and overlapping atoms may get stuck behind it"
	default:
		v.Text += "atoms may fall into each other; watch the shortest distance"
	}
	return v
}

func symmetryVerdict(h *Card) Verdict {
	moved, reordered := 0.0, 0.0
	for _, m := range h.Molecules {
		moved, reordered = math.Max(moved, m.MovedEnergy), math.Max(reordered, m.ReorderedEnergy)
	}
	v := Verdict{"symmetry", Good, fmt.Sprintf("moving a molecule changes its energy by up to %.1g eV and renumbering its atoms by up to %.1g eV: ", moved, reordered)}
	if math.Max(moved, reordered) < 1e-8 { // float64's rounding
		v.Text += "rounding only"
	} else {
		v.Grade = Poor
		v.Text += "expected rounding only; the weights are out of proportion"
	}
	return v
}

func float32Verdict(h *Card) Verdict {
	if h.Float32 != "" {
		return Verdict{"float32", Poor, "float32 gives no numbers (" + h.Float32 + "): use float64"}
	}
	energy, force := 0.0, 0.0
	for _, m := range h.Molecules {
		energy, force = math.Max(energy, m.Float32Energy), math.Max(force, m.Float32Force)
	}
	v := Verdict{"float32", Good, fmt.Sprintf("float32 differs from float64 by up to %.1g eV per atom, and in forces by up to %.1g of the largest (or of 1 eV/Å): ", energy, force)}
	if energy <= float32Energy && force <= float32Force {
		v.Text += "use it; energies are finite down to " + fmt.Sprint(pairLeast) + " Å"
	} else {
		v.Grade = Fair
		v.Text += "more than students of this kind lose; use float64 where energies are compared"
	}
	return v
}
