package dataset

import (
	"fmt"
	"slices"

	"painless/data"
	"painless/internal/commands/cli"
)

// label is one that frames have at a key, and get at its own name.
type label struct {
	flag, key, name string

	lacking  int    // frames
	first    string // of them
	replaced int    // frames whose other label of that name went
}

// move renames what the key names in a list. What has the label's name otherwise
// is another calculation's, and goes even where the key names nothing.
func move[T any](l *label, list []T, name func(*T) *string, where string) []T {
	if l.key == l.name || l.key == "" {
		return list
	}
	found, before := false, len(list)
	list = slices.DeleteFunc(list, func(x T) bool { return *name(&x) == l.name })
	for i := range list {
		if *name(&list[i]) == l.key {
			*name(&list[i]), found = l.name, true
		}
	}
	if len(list) < before {
		l.replaced++
	}
	if !found {
		l.lack(where)
	}
	return list
}

// lack counts a frame without the label.
func (l *label) lack(where string) {
	if l.lacking++; l.lacking == 1 {
		l.first = where
	}
}

func (c *converter) rename(f *data.Frame, where string) error {
	for _, l := range []*label{&c.energy, &c.forces, &c.stress} {
		if l.key == "" { // under any of the names that it is read at
			f.Drop(data.LabelNames(l.name)...)
		}
	}
	f.Info = move(&c.energy, f.Info, func(field *data.Field) *string { return &field.Key }, where)
	if name, notes := f.ForcesColumn(c.forces.key); notes != nil {
		f.Column(name).Name = data.ForcesKey
		f.Warnings = append(f.Warnings, notes...)
	}
	f.Columns = move(&c.forces, f.Columns, func(column *data.Column) *string { return &column.Name }, where)
	return c.moveStress(f, where)
}

// moveStress is move for a stress, which may be in another shape.
func (c *converter) moveStress(f *data.Frame, where string) error {
	l := &c.stress
	if l.key == "" {
		return nil
	}
	_, before := f.Get(l.name)
	found, notes, err := f.MoveStress(l.key)
	if err != nil {
		return err
	}
	f.Warnings = append(f.Warnings, notes...)
	if l.key == l.name {
		return nil
	}
	if !found {
		f.Drop(l.name)
		l.lack(where)
	}
	if before {
		l.replaced++
	}
	return nil
}

// check is an error where none of the frames has the label, of which n were written.
func (l *label) check(n int) error {
	if l.lacking >= n {
		return fmt.Errorf("%s %s: no structure has it", l.flag, l.key)
	}
	return nil
}

// says is what became of the label, if it is worth a word.
func (l *label) says() (lines []string) {
	if l.lacking > 0 {
		lines = append(lines, fmt.Sprintf("%s without %s, the first is %s", cli.Counted(l.lacking, "structure"), l.key, l.first))
	}
	if l.replaced > 0 {
		lines = append(lines, fmt.Sprintf("left out another %s of %s", l.name, cli.Counted(l.replaced, "structure")))
	}
	return lines
}
