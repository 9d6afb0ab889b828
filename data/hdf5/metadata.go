package hdf5

import "fmt"

// Metadata is the attributes of /metadata: texts, float64s, int64s, bools, and
// slices of these. It is empty where there are none.
func (r *Reader) Metadata() (map[string]any, error) {
	if r.in == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	m, err := r.metadata()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r.path, metadata, err)
	}
	return m, nil
}

func (r *Reader) metadata() (map[string]any, error) {
	m := map[string]any{}
	group, err := r.file.Lookup(metadata)
	if err != nil || group == nil {
		return m, err
	}
	attributes, err := group.Attributes()
	if err != nil {
		return nil, err
	}
	for _, a := range attributes {
		if m[a.Name], err = a.Value(); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", a.Name, err)
		}
	}
	return m, nil
}
