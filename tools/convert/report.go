package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/nn"
)

// provenance is where a file came from, as text to go with its weights.
func provenance(path string, c *checkpoint.Checkpoint) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := map[string]string{"converted_by": "painless", "source": filepath.Base(path), "source_format": c.Format, "source_sha256": hex.EncodeToString(sum.Sum(nil))}
	if c.Key != "" {
		p["source_key"] = c.Key
	}
	return p, nil
}

// result is what became of a conversion.
type result struct {
	in, out           *checkpoint.Checkpoint
	network           *nn.Network
	changes           []string
	readSize, outSize int64
	difference        float64 // of the energies, eV per atom
}

func (r *result) report(w io.Writer, s settings) {
	where := "at the top level"
	if r.in.Key != "" {
		where = "under " + strconv.Quote(r.in.Key)
	}
	fmt.Fprintf(w, "read     %s: %s, %d bytes, %s, %s\n", s.in, r.in.Format, r.readSize, tensors(r.in), where)
	for _, key := range r.in.OtherKeys {
		fmt.Fprintf(w, "         there are others under %q: -key %s takes them\n", key, key)
	}
	c := r.network.Config
	fmt.Fprintf(w, "network  hidden_dim %d, num_interactions %d, num_rbf %d, cutoff %v, max_z %d: %d parameters\n",
		c.HiddenDim, c.NumInteractions, c.NumRBF, c.Cutoff, c.MaxZ, r.network.Parameters)
	for _, change := range r.changes {
		fmt.Fprintf(w, "changed  %s\n", change)
	}
	energies := "the same energies"
	if r.difference > 0 {
		energies = fmt.Sprintf("energies that differ by up to %.2g eV per atom", r.difference)
	}
	fmt.Fprintf(w, "wrote    %s: %s, %d bytes, %s; read back: the same tensors, and %s of benzene and water\n", s.out, s.to, r.outSize, tensors(r.out), energies)
}

// tensors is how many there are, of which types and names.
func tensors(c *checkpoint.Checkpoint) string {
	names := c.Names()
	var types []string
	seen := map[checkpoint.DType]bool{}
	for _, name := range names {
		if t, _ := c.Tensor(name); !seen[t.DType()] {
			seen[t.DType()] = true
			types = append(types, t.DType().String())
		}
	}
	return fmt.Sprintf("%d tensors of %s, %s to %s", len(names), strings.Join(types, ", "), names[0], names[len(names)-1])
}
