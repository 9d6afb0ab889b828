package export

import (
	"path/filepath"

	"painless/checkpoint"
	"painless/nn"
	"painless/student"
)

// Provenance returns where weights came from, for Options.Metadata: the name of
// the file at path, its hash and c's format, where in it the network was found,
// and where its cutoff is from.
func Provenance(path string, c *checkpoint.Checkpoint, f *nn.Found) (map[string]string, error) {
	hash, err := student.Hash(path)
	if err != nil {
		return nil, err
	}
	p := map[string]string{"converted_by": "painless", "source": filepath.Base(path), "source_format": c.Format, "source_sha256": hash,
		"source_cutoff": f.CutoffFrom}
	if f.Place != "" {
		p["source_key"] = f.Place
	}
	return p, nil
}
