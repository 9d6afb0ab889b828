package data

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"painless/internal/units"
)

// i-PI's comment lines, such as
//
//	# CELL(abcABC): a b c α β γ Step: 10 Bead: 0 positions{atomic_unit} cell{atomic_unit}
//
// abcABC is lengths and the angles between b and c, a and c, a and b, in degrees, of a
// cell with a along x and b in the xy plane; H is such a cell as a matrix, whose
// columns are the vectors; GENH is any cell, whose rows are the vectors. Every cell is
// periodic.
var (
	ipiCell = regexp.MustCompile(`CELL[({\[](abcABC|H|GENH)[)}\]]:(.*)`)
	ipiUnit = regexp.MustCompile(`(\w+)\{(\w*)\}`)
)

// ipiPositions is i-PI's names of what are positions.
var ipiPositions = set("positions", "x_centroid")

func isIPI(line string) bool {
	if !strings.ContainsAny(line, "{[(") {
		return false
	}
	return ipiCell.MatchString(line) || slices.ContainsFunc(ipiUnit.FindAllStringSubmatch(line, -1), func(m []string) bool { return ipiPositions[m[1]] })
}

// readIPI reads the cell and the units. Both units must be there, as old versions
// wrote none, whatever they were.
func (h *header) readIPI(line string) (err error) {
	h.unit = 0
	cellUnit := 0.0
	for _, m := range ipiUnit.FindAllStringSubmatch(line, -1) {
		switch {
		case m[1] == "CELL": // as in CELL{abcABC}
		case m[1] == "cell":
			cellUnit, err = lengthUnit(m[2])
		case ipiPositions[m[1]]:
			h.unit, err = lengthUnit(m[2])
		default:
			err = fmt.Errorf("expected positions, found %.40s", m[1])
		}
		if err != nil {
			return fmt.Errorf("i-PI's comment line: %w", err)
		}
	}
	if h.unit == 0 {
		return errors.New("i-PI's comment line: expected the unit of the positions, as in positions{angstrom}, found none")
	}
	m := ipiCell.FindStringSubmatch(line)
	if m == nil {
		h.warn("i-PI states no cell here: the structure is read as isolated")
		return nil
	}
	if cellUnit == 0 {
		return errors.New("i-PI's comment line: expected the unit of the cell, as in cell{angstrom}, found none")
	}
	if h.Cell, err = parseIPICell(m[1], m[2], cellUnit); err != nil {
		return fmt.Errorf("i-PI's comment line: CELL(%s): %w", m[1], err)
	}
	h.PBC = [3]bool{true, true, true}
	return nil
}

// lengthUnit is a unit of i-PI's in Å.
func lengthUnit(name string) (float64, error) {
	switch strings.ToLower(name) {
	case "angstrom", "ase":
		return 1, nil
	case "atomic_unit":
		return units.Bohr, nil
	case "nanometer":
		return 10, nil
	case "picometer":
		return 0.01, nil
	}
	return 0, fmt.Errorf("expected lengths in angstrom, atomic_unit, nanometer or picometer, found %.40q", name)
}

func parseIPICell(kind, text string, unit float64) (cell [3][3]float64, err error) {
	n := 9
	if kind == "abcABC" {
		n = 6
	}
	words := strings.Fields(text)
	x, err := parseFloats(strings.Join(words[:min(n, len(words))], " "), n)
	if err != nil {
		return cell, err
	}
	switch kind {
	case "abcABC":
		x, err = cellOf([3]float64(x), [3]float64(x[3:]))
		if err != nil {
			return cell, err
		}
	case "H":
		if x[3] != 0 || x[6] != 0 || x[7] != 0 {
			return cell, fmt.Errorf("expected an upper triangular matrix, whose columns are the vectors, found %.60q", text)
		}
		x[1], x[3], x[2], x[6], x[5], x[7] = x[3], x[1], x[6], x[2], x[7], x[5]
	}
	for i := range x {
		x[i] *= unit
		cell[i/3][i%3] = x[i]
	}
	return cell, finite("cell", x)
}

// cellOf is the cell with a along x and b in the xy plane, row by row, [9], from its
// lengths and the angles between b and c, a and c, a and b, in degrees.
func cellOf(lengths, angles [3]float64) ([]float64, error) {
	for k := range 3 {
		if !(lengths[k] > 0) || !(angles[k] > 0 && angles[k] < 180) {
			return nil, fmt.Errorf("expected lengths above 0 and angles between 0 and 180, found %v and %v", lengths, angles)
		}
	}
	a, b, c := lengths[0], lengths[1], lengths[2]
	α, β, γ := cosine(angles[0]), cosine(angles[1]), cosine(angles[2])
	sin := math.Sqrt(1 - γ*γ)
	y := (α - β*γ) / sin
	z := 1 - β*β - y*y
	if !(z > 0) {
		return nil, fmt.Errorf("expected the angles of a cell, found %v", angles)
	}
	return []float64{a, 0, 0, b * γ, b * sin, 0, c * β, c * y, c * math.Sqrt(z)}, nil
}

// cosine is that of an angle in degrees: of a right angle it is 0.
func cosine(degrees float64) float64 {
	if degrees == 90 {
		return 0
	}
	return math.Cos(degrees * math.Pi / 180)
}
