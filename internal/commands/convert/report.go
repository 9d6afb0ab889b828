package convert

import (
	"fmt"
	"io"
	"strings"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/nn"
	"painless/student"
)

// report is what became of a conversion.
type report struct {
	Read struct {
		file
		Key    string   `json:"key"` // "" is the top level
		Others []string `json:"others,omitempty"`
	} `json:"read"`
	Network struct {
		architecture
		CutoffFrom string `json:"cutoff_from"`
		Parameters int    `json:"parameters"`
	} `json:"network"`
	Changes    []string `json:"changes"`
	Wrote      file     `json:"wrote"`
	Difference float64  `json:"energy_difference"` // of benzene and water, eV per atom
}

// architecture is nn.Config in JSON.
type architecture struct {
	HiddenDim       int     `json:"hidden_dim"`
	NumInteractions int     `json:"num_interactions"`
	NumRBF          int     `json:"num_rbf"`
	Cutoff          float64 `json:"cutoff"`
	MaxZ            int     `json:"max_z"`
}

// file is what is in a file.
type file struct {
	Path    string   `json:"file"`
	Format  string   `json:"format"`
	Bytes   int64    `json:"bytes"`
	Tensors int      `json:"tensors"`
	DTypes  []string `json:"dtypes"`
	First   string   `json:"first"` // names of tensors
	Last    string   `json:"last"`
}

// describe says what the tensors are of a file that is now at path and is called name.
func describe(name, path, format string, tensors []checkpoint.Named) (f file, err error) {
	size, err := student.Size(path)
	if err != nil {
		return file{}, err
	}
	f = file{Path: name, Format: format, Bytes: size, Tensors: len(tensors), First: tensors[0].Name, Last: tensors[len(tensors)-1].Name}
	seen := map[checkpoint.DType]bool{}
	for _, named := range tensors {
		if dtype := named.Tensor.DType(); !seen[dtype] {
			seen[dtype] = true
			f.DTypes = append(f.DTypes, dtype.String())
		}
	}
	return f, nil
}

func (f *file) String() string {
	return fmt.Sprintf("%s: %s, %d bytes, %d tensors of %s, %s to %s", f.Path, f.Format, f.Bytes, f.Tensors, strings.Join(f.DTypes, ", "), f.First, f.Last)
}

func (r *report) describeNetwork(f *nn.Found) {
	r.Network.architecture, r.Network.CutoffFrom, r.Network.Parameters = architecture(f.Network.Config), f.CutoffFrom, f.Network.Parameters
}

func (r *report) print(w io.Writer, json bool) error {
	if json {
		return jsonfile.Encode(w, r)
	}
	text := &strings.Builder{}
	fmt.Fprintf(text, "read     %v, %s\n", &r.Read.file, cli.Place(r.Read.Key))
	n := r.Network
	fmt.Fprintf(text, "network  hidden_dim %d, num_interactions %d, num_rbf %d, cutoff %v, max_z %d: %d parameters\n",
		n.HiddenDim, n.NumInteractions, n.NumRBF, n.Cutoff, n.MaxZ, n.Parameters)
	fmt.Fprintf(text, "cutoff   %v Å, %s\n", n.Cutoff, n.CutoffFrom)
	for _, change := range r.Changes {
		fmt.Fprintf(text, "changed  %s\n", change)
	}
	energies := "the same energies"
	if r.Difference > 0 {
		energies = fmt.Sprintf("energies that differ by up to %.2g eV per atom", r.Difference)
	}
	fmt.Fprintf(text, "wrote    %v; read back: the same tensors, and %s of benzene and water\n", &r.Wrote, energies)
	_, err := io.WriteString(w, text.String())
	return err
}
