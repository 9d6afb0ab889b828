package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"painless/data"
	"painless/data/hdf5/h5"
)

// Reader reads the structures of a data set, in order or by their number. It
// holds a block of each dataset, however large that is.
type Reader struct {
	path       string
	in         io.Closer // nil once it is closed
	file       *h5.File
	structures layout
	next       int
}

// layout is how a file has its structures.
type layout interface {
	Len() int
	NumAtoms(k int) int
	frame(f *data.Frame, k int) error // adds structure k with its labels
}

// Open opens a data set and checks that its datasets agree. Errors name the
// file, the dataset, the index, what was expected and what was found.
func Open(path string) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file", path)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, in: in}
	if r.file, err = h5.Open(in, info.Size()); err == nil {
		r.structures, err = openLayout(r.file, info.Size())
		r.file.Renew()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), in.Close())
	}
	return r, nil
}

// Len is the number of structures.
func (r *Reader) Len() int { return r.structures.Len() }

// NumAtoms is the number of atoms of structure k, counted from 0.
func (r *Reader) NumAtoms(k int) int { return r.structures.NumAtoms(k) }

// Seek makes structure k, from 0 to Len, the next. A compressed chunk is read
// as a whole, so that structures in ascending order are the fastest.
func (r *Reader) Seek(k int) error {
	if k < 0 || k > r.Len() {
		return fmt.Errorf("%s: expected a structure from 0 to %d, found %d", r.path, r.Len(), k)
	}
	r.next = k
	r.file.Renew()
	return nil
}

// Read is the next structure with its labels, or io.EOF after the last one. A
// label that the file lacks is not in the frame; its warnings say whose layout the
// file has, if it is not the training side's. Where there is no pbc, a cell
// is periodic along all three vectors. An error is about one structure; the
// following call reads the one after it.
func (r *Reader) Read() (*data.Frame, error) {
	if r.in == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	if r.next == r.Len() {
		return nil, io.EOF
	}
	k := r.next
	r.next++
	f := &data.Frame{}
	if err := r.structures.frame(f, k); err != nil {
		return nil, fmt.Errorf("%s: structure %d: %w", r.path, k, err)
	}
	return f, nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.in == nil {
		return nil
	}
	err := r.in.Close()
	r.in = nil
	return err
}

// openLayout opens the layout that a file of size bytes has: another project's
// where there is nothing of the training side's.
func openLayout(file *h5.File, size int64) (layout, error) {
	root, err := file.Root()
	if err != nil {
		return nil, err
	}
	if own, err := root.Lookup(structures); err != nil || own != nil {
		p := &packed{}
		return p, p.open(root, size)
	}
	if p := findProject(file, root, groupsOfMolecules+1); p != nil {
		m := &molecules{project: *p, file: file, size: size}
		return m, m.find(root, "", groupsOfMolecules)
	}
	links, err := root.Links()
	if err != nil {
		return nil, err
	}
	var names []string
	const most = 5
	for _, l := range links[:min(len(links), most)] {
		names = append(names, fmt.Sprintf("/%.40s", l.Name))
	}
	if len(links) > most {
		names = append(names, fmt.Sprintf("and %d more", len(links)-most))
	}
	return nil, fmt.Errorf("expected a layout that docs/datasets.md describes: the training side's, with %s and more, or that of ANI-1x, SPICE, QM7-X or MACE; found %s",
		splitsName, cmp.Or(strings.Join(names, ", "), "nothing"))
}
