package health

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"

	"painless/atoms"
	"painless/nn"
)

// probes.xyz is a hydride for each element, at GFN2-xTB's minimum, whose first atom faces +x at the
// origin; contacts.csv what GFN2-xTB says of each two of them. internal/dev/student/health.py wrote both.
var (
	//go:embed probes.xyz
	probesFile []byte
	//go:embed contacts.csv
	contactsFile []byte
)

// Contact is two small molecules face to face, from afar until they are one in the
// other. Distances are between the two atoms that meet, energies from the molecules apart.
type Contact struct {
	Elements [2]string `json:"elements"`
	At       float64   `json:"at_angstrom"` // where the energy first comes to 1 eV; 0 where it never does
	Well     float64   `json:"well_ev"`     // the lowest energy outside of that
	Wall     float64   `json:"wall_ev"`     // the highest on the way inward until it falls again, to 0.3 Å
	WallAt   float64   `json:"wall_at_angstrom"`
	GFN2At   float64   `json:"gfn2_at_angstrom"`
	GFN2Well float64   `json:"gfn2_well_ev"`
}

const (
	contactEnergy = 1.0  // eV, of which contacts.csv has the distance
	apart         = 20.0 // Å beyond the cutoff: more than a probe is long
)

// contactDistances is the way inward, Å: finest where the energy comes to 1 eV.
var contactDistances = []float64{4.5, 4, 3.5, 3, 2.8, 2.6, 2.4, 2.2, 2, 1.8, 1.6, 1.4, 1.2, 1, 0.8, 0.5, 0.3}

// faced is two probes, the second turned round about z and moved along x.
func faced(a, b *atoms.Structure, distance float64) (s atoms.Structure) {
	s.Numbers = append(append(s.Numbers, a.Numbers...), b.Numbers...)
	s.Positions = append(s.Positions, a.Positions...)
	for _, r := range b.Positions {
		s.Positions = append(s.Positions, [3]float64{distance - r[0], -r[1], r[2]})
	}
	return s
}

// contacts brings molecules that the network knows together, as users compute them.
func (e *examiner) contacts(ctx context.Context, h *Card, network *nn.Network) error {
	probes := map[string]*atoms.Structure{}
	for _, frame := range frames("probes.xyz", probesFile) {
		probes[atoms.Symbol(frame.Numbers[0])] = &frame.Structure
	}
	rows, err := csv.NewReader(bytes.NewReader(contactsFile)).ReadAll()
	if err != nil {
		panic(err) // the file is part of the program
	}
	for _, row := range rows[1:] {
		a, b := probes[row[0]], probes[row[1]]
		if !network.KnowsAll(a.Numbers) || !network.KnowsAll(b.Numbers) {
			continue
		}
		structures := []atoms.Structure{faced(a, b, network.Cutoff+apart)}
		for _, d := range contactDistances {
			structures = append(structures, faced(a, b, d))
		}
		var r nn.Result
		if !e.float32(ctx, h, &r, structures...) {
			return ctx.Err()
		}
		gfn2 := numbers[float64](row[2] + " " + row[3])
		c := Contact{Elements: [2]string{row[0], row[1]}, GFN2At: gfn2[0], GFN2Well: gfn2[1]}
		c.measure(contactDistances, r.Energy)
		h.Contacts = append(h.Contacts, c)
	}
	return nil
}

// measure takes energies of the molecules apart, and then on the way inward.
func (c *Contact) measure(distances, energies []float64) {
	from, energies := energies[0], energies[1:]
	before, fallen := 0.0, false
	for i, d := range distances {
		energy := energies[i] - from
		if c.At == 0 {
			c.Well = math.Min(c.Well, energy)
			if energy >= contactEnergy {
				c.At = d
				if i > 0 {
					c.At += (distances[i-1] - d) * (energy - contactEnergy) / (energy - before)
				}
			}
		}
		if c.At == 0 || !fallen {
			if energy > c.Wall {
				c.Wall, c.WallAt = energy, d
			}
			fallen = c.At > 0 && energy < c.Wall-thermal
		}
		before = energy
	}
}

func contactVerdict(h *Card) Verdict {
	worst := h.Contacts[0]
	for _, c := range h.Contacts {
		if c.Wall < worst.Wall {
			worst = c
		}
	}
	v := Verdict{Topic: "contacts", Grade: wallGrade(worst.Wall), Text: fmt.Sprintf("the lowest wall between molecules is %.2g eV, at %.2f Å (%s–%s, %.2g kT at 300 K): ",
		worst.Wall, worst.WallAt, worst.Elements[0], worst.Elements[1], worst.Wall/thermal)}
	switch {
	case worst.Wall <= 0:
		v.Text = fmt.Sprintf("nothing keeps molecules apart where %s and %s meet", worst.Elements[0], worst.Elements[1])
	case v.Grade == Good:
		v.Text += "they will not fall into one another"
	case v.Grade == Fair:
		v.Text += "safe at room temperature; hot or packed starts may fuse"
	default:
		v.Text += "molecules fuse; liquids and clusters collapse"
	}
	return v
}

func dimerVerdict(h *Card) Verdict {
	nearest, deepest := h.Contacts[0], h.Contacts[0]
	for _, c := range h.Contacts {
		if c.displaced() > nearest.displaced() {
			nearest = c
		}
		if c.deepened() > deepest.deepened() {
			deepest = c
		}
	}
	v := Verdict{Topic: "dimers"}
	if nearest.At > 0 {
		v.Text = fmt.Sprintf("pressed to 1 eV, %s–%s are at %.2f Å, and at %.2f Å in GFN2-xTB; ", nearest.Elements[0], nearest.Elements[1], nearest.At, nearest.GFN2At)
	} else {
		v.Text = fmt.Sprintf("%s–%s meet at no cost of 1 eV; ", nearest.Elements[0], nearest.Elements[1])
	}
	v.Text += fmt.Sprintf("%s–%s attract by %.2g eV, and by %.2g eV in GFN2-xTB (the farthest of %d): ",
		deepest.Elements[0], deepest.Elements[1], math.Abs(deepest.Well), math.Abs(deepest.GFN2Well), len(h.Contacts))
	switch at, well := nearest.displaced(), deepest.deepened(); {
	case at <= 0.1 && well <= 2*thermal:
		v.Grade = Good
		v.Text += "molecules know their sizes, and hydrogen bonds"
	case at <= 0.3 && well <= 6*thermal:
		v.Grade = Fair
		v.Text += "densities and binding energies will be off"
	default:
		v.Grade = Poor
		v.Text += "do not trust what molecules do to one another"
	}
	return v
}

// displaced is how far the contact is from where GFN2-xTB has it, Å.
func (c *Contact) displaced() float64 { return math.Abs(c.At - c.GFN2At) }

// deepened is how much deeper or shallower the well is than GFN2-xTB's, eV.
func (c *Contact) deepened() float64 { return math.Abs(c.Well - c.GFN2Well) }
