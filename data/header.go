package data

import (
	"fmt"
	"slices"
	"strings"

	"painless/internal/vec"
)

// header is a frame without atoms, and what its comment line says of their lines.
type header struct {
	*Frame
	properties string  // the value of Properties
	unit       float64 // of the positions, Å
	types      bool    // numbers in place of elements are a program's types of atoms
	babel      bool    // Open Babel's vectors follow the atoms
}

// readHeader reads a comment line: extended XYZ, i-PI's, LAMMPS's, key=value pairs
// alone, which ASE reads as extended XYZ too, or free text.
func readHeader(line string) (header, error) {
	h := header{Frame: &Frame{}, unit: 1}
	line = strings.TrimSpace(strings.ReplaceAll(line, "\r", " ")) // which Python takes for the end of a line
	if strings.Contains(line, "=") {
		c, err := parseComment(line)
		must := slices.ContainsFunc(structureKeys[:], func(key string) bool { return gives(line, key) })
		if err == nil && (must || c.pairs() || c.means()) {
			return h, h.extended(c)
		}
		if must {
			return h, err
		}
	}
	h.Plain = true
	if line != "" {
		h.Info = []Field{{Comment, line}}
	}
	line = line[:min(len(line), maxText)]
	if isIPI(line) {
		return h, h.readIPI(line)
	}
	if line == "Atoms" || strings.HasPrefix(line, "Atoms. Timestep:") {
		h.types = true
		h.warn("LAMMPS states no cell here: the structure is read as isolated")
		return h, nil
	}
	if h.babel = strings.Contains(line, "%PBC"); h.babel {
		line = strings.ReplaceAll(line, "%PBC", "")
	}
	words := textWords(line)
	if err := h.otherCell(words); err != nil {
		return h, err
	}
	h.numbersInRow(words)
	h.otherUnits(words)
	return h, nil
}

// pairs says whether a comment is nothing but key=value with plain keys.
func (c *comment) pairs() bool {
	return c.flags == 0 && !c.odd && len(c.fields) > 0 && !slices.ContainsFunc(c.fields, func(f Field) bool {
		return strings.ContainsFunc(f.Key, func(r rune) bool { return !isWordRune(r) })
	})
}

// means says whether a key is one of the structure's but for its capitals.
func (c *comment) means() bool {
	return slices.ContainsFunc(c.fields, func(f Field) bool { return meant(f) != "" })
}

// meant is the structure's key that a field means in other capitals; none where the
// value is not of its kind, as in lattice=fcc.
func meant(f Field) string {
	switch {
	case strings.EqualFold(f.Key, keyLattice) && isNumbers(f.Value, 9),
		strings.EqualFold(f.Key, keyProperties) && strings.Contains(f.Value, ":"),
		strings.EqualFold(f.Key, keyPBC) && isPBC(f.Value):
		i := slices.IndexFunc(structureKeys[:], func(key string) bool { return strings.EqualFold(f.Key, key) })
		return structureKeys[i]
	}
	return ""
}

// extended takes the fields of a comment in key=value pairs.
func (h *header) extended(c comment) error {
	if c.odd {
		h.warn("the comment's quotes do not pair: those within words, and backslashes, may be read as letters")
	}
	if c.hidden {
		h.warn("Lattice, Properties or pbc within a quoted value is not read")
	}
	given := map[string]string{}
	for _, f := range c.fields {
		if slices.Contains(structureKeys[:], f.Key) {
			if first, twice := given[f.Key]; twice && first != f.Value {
				h.warnTwice(f.Key)
			}
			given[f.Key] = f.Value
		}
	}
	var info []Field // what is left
	for _, f := range c.fields {
		key := f.Key
		if _, exact := given[key]; exact {
			continue
		}
		if as := meant(f); as != "" {
			if _, taken := given[as]; !taken {
				given[as] = f.Value
				h.warn(fmt.Sprintf("%s is read as %s", key, as))
				continue
			}
		}
		info = append(info, f)
	}
	if err := h.setInfo(info); err != nil {
		return err
	}
	return h.setStructure(given, info)
}

// setInfo keeps the last of the fields of each key, in the place of the first.
func (h *header) setInfo(fields []Field) error {
	at := make(map[string]int, len(fields))
	for _, f := range fields {
		if i, there := at[f.Key]; there {
			if h.Info[i].Value != f.Value {
				h.warnTwice(f.Key)
			}
			h.Info[i].Value = f.Value
			continue
		}
		at[f.Key] = len(h.Info)
		h.Info = append(h.Info, f)
	}
	if len(h.Info) > maxFields {
		return errFields
	}
	return nil
}

// setStructure reads the values of the structure's keys, and looks for a cell and
// units in the other fields.
func (h *header) setStructure(given map[string]string, info []Field) (err error) {
	h.properties = given[keyProperties]
	lattice, hasLattice := given[keyLattice]
	if hasLattice {
		if err := h.setLattice(lattice); err != nil {
			return fmt.Errorf("key Lattice: %w", err)
		}
		h.PBC = [3]bool{true, true, true}
	}
	pbc, hasPBC := given[keyPBC]
	if hasPBC {
		if h.PBC, err = parsePBC(pbc); err != nil {
			return err
		}
	}
	_, h.types = h.Get("Timestep") // of LAMMPS and OVITO
	words := fieldWords(info)
	if isolated := hasPBC && h.PBC == [3]bool{}; !hasLattice && !isolated {
		if err := h.otherCell(words); err != nil {
			return err
		}
	}
	if err := h.unitFields(); err != nil {
		return err
	}
	h.otherUnits(words)
	h.electronFields()
	return nil
}

func (f *Frame) setLattice(text string) error {
	numbers, err := parseFloats(text, 9)
	if err != nil {
		return err
	}
	for i, x := range numbers {
		if !vec.Finite(x) {
			return fmt.Errorf("expected finite numbers, found %v", x)
		}
		f.Cell[i/3][i%3] = x
	}
	return nil
}

func (f *Frame) warnTwice(key string) {
	f.warn(fmt.Sprintf("%.40s stands twice: the last is read", key))
}

func (f *Frame) warn(text string) {
	const most = 20 // more tell nothing
	if len(f.Warnings) < most && !slices.Contains(f.Warnings, text) {
		f.Warnings = append(f.Warnings, text)
	}
}
