package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"painless/checkpoint"
)

// stateFormat is what a run's state calls itself.
const stateFormat = "painless training 2"

// header is the text of a state: all but the numbers of each weight.
type header struct {
	Format   string          `json:"format"`
	Model    ModelState      `json:"model"`
	Settings Settings        `json:"settings"`
	Progress Progress        `json:"progress"`
	Elements map[int]float64 `json:"element_energies"` // eV, by atomic number
	Known    []int           `json:"known_elements"`
	Updates  int64           `json:"updates"`
	Train    string          `json:"train_sha256"` // of the structures and labels
	Valid    string          `json:"valid_sha256"`
	Notes    Notes           `json:"notes"`
}

// Notes is what the caller keeps in a state, such as a command line.
type Notes map[string]string

// Save writes, as safetensors, all that Restore needs to go on to the same bits.
func (t *Trainer) Save(w io.Writer, notes Notes) error {
	progress := t.Progress
	progress.Seconds = t.Elapsed()
	text, err := json.Marshal(header{
		Format: stateFormat, Model: t.Model.State(), Settings: t.Settings, Progress: progress, Elements: t.Elements, Known: t.Known, Updates: t.optimizer.Step,
		Train: t.train.Hash(), Valid: t.valid.Hash(), Notes: notes,
	})
	if err != nil {
		return err
	}
	var tensors []checkpoint.Named
	for _, x := range t.numbers() {
		values := make([]float64, len(x.values))
		for i, v := range x.values {
			values[i] = float64(v)
		}
		tensor, err := checkpoint.FromFloat64s([]int{len(values)}, values).Convert(checkpoint.Float32)
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: x.name, Tensor: tensor})
	}
	return checkpoint.New(nil, tensors...).WriteSafetensors(w, map[string]string{"state": string(text)})
}

type named struct {
	name   string
	values []float32
}

// numbers is what a run has of each weight.
func (t *Trainer) numbers() []named {
	return []named{{"weights", t.Model.Weights}, {"average", t.average}, {"best", t.best}, {"first_moment", t.optimizer.First}, {"second_moment", t.optimizer.Second}}
}

// State is a run that Open has read and that Restore goes on with.
type State struct {
	header
	file *checkpoint.Checkpoint
}

// OpenState reads what Save wrote. Errors name the file, and say what is damaged or
// of another kind.
func OpenState(path string) (*State, error) {
	c, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	s := &State{file: c}
	text, ok := c.Metadata["state"].(string)
	switch {
	case !ok:
		err = errors.New("expected the state of a training run, which painless train writes beside its student")
	default:
		if err = json.Unmarshal([]byte(text), &s.header); err == nil && s.Format != stateFormat {
			err = fmt.Errorf("the state of a run of another version of painless: expected %q, found %.60q", stateFormat, s.Format)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), c.Close())
	}
	return s, nil
}

// Close closes the file.
func (s *State) Close() error { return s.file.Close() }

// Restore goes on with a run, on the same structures: others are an error.
func (s *State) Restore(train, valid *Set, threads int) (*Trainer, error) {
	for _, c := range []struct{ what, want, found string }{{"to train on", s.Train, train.Hash()}, {"to validate with", s.Valid, valid.Hash()}} {
		if c.want != c.found {
			return nil, fmt.Errorf("the structures %s are not those that the run began with: expected the hash %.16s…, found %.16s…", c.what, c.want, c.found)
		}
	}
	if err := s.fits(); err != nil {
		return nil, fmt.Errorf("damaged state: %w", err)
	}
	m, err := s.Model.Model()
	if err != nil {
		return nil, fmt.Errorf("damaged state: %w", err)
	}
	t, err := New(m, s.Elements, s.Known, train, valid, s.Settings, threads)
	if err != nil {
		return nil, fmt.Errorf("damaged state: %w", err)
	}
	t.Progress, t.optimizer.Step = s.Progress, s.Updates
	t.before = s.Progress.Seconds
	if t.Next < 0 || t.Next >= train.Len() || t.Epoch < 0 {
		err = fmt.Errorf("structure %d of epoch %d: expected one of %d", t.Next, t.Epoch, train.Len())
	}
	if t.Best < 0 || t.Best > max(0, len(t.Rows)-1) {
		err = fmt.Errorf("the best validation is %d: expected one of %d", t.Best, len(t.Rows))
	}
	for _, x := range t.numbers() {
		if err == nil {
			err = s.read(x)
		}
	}
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("damaged state: %w", err)
	}
	return t, nil
}

// fits compares the model's sizes with the weights that are there, before there is
// made room for more.
func (s *State) fits() error {
	c := s.Model.Config
	for _, n := range []int{c.HiddenDim, c.NumInteractions, c.NumRBF, c.MaxZ} {
		if n < 1 || n > 1<<12 {
			return fmt.Errorf("network of %+v: expected sizes from 1 to 4096", c)
		}
	}
	want := newLayout(c).size
	if tensor, ok := s.file.Tensor("weights"); !ok || tensor.Len() != want {
		return fmt.Errorf("network of %+v: expected a tensor of its %d weights", c, want)
	}
	return nil
}

func (s *State) read(x named) error {
	tensor, ok := s.file.Tensor(x.name)
	if !ok || !slices.Equal(tensor.Shape, []int{len(x.values)}) {
		return fmt.Errorf("tensor %s: expected one of %d numbers", x.name, len(x.values))
	}
	values, err := tensor.Values()
	if err != nil {
		return fmt.Errorf("tensor %s: %w", x.name, err)
	}
	i := 0
	for v := range values {
		x.values[i] = float32(v)
		i++
	}
	return nil
}

// Hash returns the SHA-256 of the structures and their labels, in hexadecimal
// digits: it identifies them, however they were stored.
func (s *Set) Hash() string {
	h := sha256.New()
	write(h, s.start)
	h.Write(s.numbers)
	write(h, s.positions)
	write(h, s.forces)
	write(h, s.energies)
	for k := range s.Len() {
		if c, ok := s.cells[k]; ok {
			write(h, k, c.vectors, c.pbc)
		}
		if stress, ok := s.stresses[k]; ok {
			write(h, k, stress)
		}
		if e, ok := s.atomEnergies[k]; ok {
			write(h, k, e)
		}
		if c, ok := s.curvatures[k]; ok {
			write(h, k, c.direction, c.product)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func write(h hash.Hash, values ...any) {
	for _, v := range values {
		switch x := v.(type) {
		case int:
			v = int64(x)
		case []int:
			wide := make([]int64, len(x))
			for i, n := range x {
				wide[i] = int64(n)
			}
			v = wide
		}
		_ = binary.Write(h, binary.LittleEndian, v) // a hash takes all
	}
}
