package hdf5

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"painless/data/hdf5/h5"
)

// Others is what the file has beside the layout, and a Reader passes over: the
// paths of objects, and the groups whose attributes are not the metadata's. Of
// another project's layout it is what the first molecule has.
func (r *Reader) Others() (others []string, err error) {
	if r.in == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	if m, ok := r.structures.(*molecules); ok {
		others, err := m.passed()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
		return others, nil
	}
	for _, group := range []string{"", structures, labels, metadata} {
		found, err := othersOf(r.file, group)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", r.path, group+"/", err)
		}
		others = append(others, found...)
	}
	return others, nil
}

func othersOf(file *h5.File, path string) (others []string, err error) {
	group, err := file.Lookup(path)
	if err != nil || group == nil {
		return nil, err
	}
	attributes, err := group.Attributes()
	if err != nil {
		return nil, err
	}
	if len(attributes) > 0 && path != metadata {
		others = append(others, "attributes of "+cmp.Or(path, "/"))
	}
	links, err := group.Links()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if !slices.Contains(objects, path+"/"+l.Name) {
			others = append(others, path+"/"+l.Name)
		}
	}
	return others, nil
}

// passed is what the first molecule has that is not read.
func (m *molecules) passed() ([]string, error) {
	if len(m.list) == 0 {
		return nil, nil
	}
	group, err := m.file.Open(m.list[0].link)
	if err != nil {
		return nil, err
	}
	return m.passedOf(group, m.list[0].path, "")
}

// passedOf is for what is at a path of the molecule's group, which ends with /.
func (m *molecules) passedOf(group *h5.Object, molecule, path string) (names []string, err error) {
	links, err := group.Links()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		at := path + l.Name
		switch {
		case slices.Contains(m.paths(), at):
		case slices.ContainsFunc(m.paths(), func(read string) bool { return strings.HasPrefix(read, at+"/") }):
			child, err := m.file.Open(l)
			if err != nil {
				return nil, err
			}
			below, err := m.passedOf(child, molecule, at+"/")
			if err != nil {
				return nil, err
			}
			names = append(names, below...)
		default:
			names = append(names, molecule+"/"+at)
		}
	}
	return names, nil
}
