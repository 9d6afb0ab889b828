package md

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"painless/atoms"
)

// stateFormat is what a checkpoint of a simulation calls itself. The older one had no
// limits, and not what they are measured from.
const (
	stateFormat      = "painless simulation 2"
	olderStateFormat = "painless simulation 1"
)

// state is a simulation between two steps. Of the neighbour list nothing is
// needed, as its pairs are the same however they are found; of the random
// numbers nothing but the seed, as they belong to replica, atom and step.
type state struct {
	Format   string    `json:"format"`
	Model    string    `json:"model"` // the potential's hash
	Name     string    `json:"name,omitempty"`
	Step     int64     `json:"step"`
	Settings Settings  `json:"settings"`
	Replicas []int     `json:"replicas"`
	States   []replica `json:"states"`
	Failed   []failed  `json:"failed,omitempty"`
	Limits   numbers   `json:"limits,omitempty"` // temperature, drift, distance, force; none where no guard watched

	Start      []int     `json:"start"`
	Numbers    []int     `json:"numbers"`
	PBC        [][3]bool `json:"pbc"`
	Fixed      [][3]bool `json:"fixed,omitempty"`
	Cells      numbers   `json:"cells"`      // Å
	Positions  numbers   `json:"positions"`  // Å
	Velocities numbers   `json:"velocities"` // Å/fs
	Masses     numbers   `json:"masses"`     // u
}

// Identity is of the potential that a simulation is one with.
type Identity struct {
	Hash string // of its file: the potential is the same where this is
	Name string // for people
}

func (i Identity) String() string {
	if i.Name == "" {
		return fmt.Sprintf("%.80s", i.Hash)
	}
	return fmt.Sprintf("%.200s (%.16s…)", i.Name, i.Hash)
}

type failed struct {
	Replica int    `json:"replica"`
	Step    int64  `json:"step"`
	Reason  string `json:"reason"`
}

// numbers is float64s to the bit: in JSON, their little-endian bytes in base64.
type numbers []float64

// MarshalText writes the numbers.
func (n numbers) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 8*len(n))
	for _, x := range n {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads the numbers.
func (n *numbers) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%8 != 0 {
		return errors.New("expected numbers of 8 bytes in base64")
	}
	*n = make(numbers, 0, len(raw)/8)
	for ; len(raw) > 0; raw = raw[8:] {
		*n = append(*n, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return nil
}

func flat(vectors [][3]float64) (n numbers) {
	for i := range vectors {
		n = append(n, vectors[i][:]...)
	}
	return n
}

func (n numbers) vectors() (vectors [][3]float64) {
	for ; len(n) >= 3; n = n[3:] {
		vectors = append(vectors, [3]float64(n))
	}
	return vectors
}

// Save writes all that Restore needs to go on to the same bits, with that model, and
// what a guard needs to stop it where it would have stopped. A simulation that stands
// within a step is an error.
func (d *Dynamics) Save(w io.Writer, model Identity) error {
	if err := d.isWhole(); err != nil {
		return err
	}
	s := d.System
	x := state{
		Format: stateFormat, Model: model.Hash, Name: model.Name, Step: d.Step, Settings: d.Settings, Replicas: s.Replicas, States: d.replicas,
		Start: s.Start, Numbers: s.Numbers, PBC: s.PBC, Fixed: s.Fixed,
		Positions: flat(s.Positions), Velocities: flat(s.Velocities), Masses: s.Masses,
	}
	x.Settings.Bonds = d.bonds.list // those of replicas that left are forgotten
	for i := range s.Cells {
		x.Cells = append(x.Cells, flat(s.Cells[i][:])...)
	}
	if d.limits.Force != 0 {
		for _, limit := range d.limits.numbers() {
			x.Limits = append(x.Limits, *limit)
		}
	}
	for _, f := range d.Failed {
		x.Failed = append(x.Failed, failed{f.Replica, f.Step, f.Err.Error()})
	}
	return json.NewEncoder(w).Encode(x)
}

// Restore reads what Save wrote, for the same potential: another model is an
// error, as is what is damaged.
func Restore(r io.Reader, potential Potential, model Identity) (*Dynamics, error) {
	var x state
	if err := json.NewDecoder(r).Decode(&x); err != nil {
		return nil, fmt.Errorf("expected a checkpoint of a simulation: %w", err)
	}
	if x.Format == olderStateFormat {
		return nil, fmt.Errorf("expected %q, found %q, of an older version, without the limits and what they are measured from: begin a new run with the last frame of its trajectory", stateFormat, x.Format)
	}
	if x.Format != stateFormat {
		return nil, fmt.Errorf("expected %q, found %.60q", stateFormat, x.Format)
	}
	if x.Model != model.Hash {
		return nil, fmt.Errorf("the simulation is one with the model %v: expected that one, found %v", Identity{x.Model, x.Name}, model)
	}
	system, err := x.system()
	if err != nil {
		return nil, fmt.Errorf("damaged checkpoint of a simulation: %w", err)
	}
	d, err := begin(potential, system, x.Settings)
	if err != nil {
		return nil, err
	}
	copy(system.Velocities, x.Velocities.vectors()) // as they were, to the bit: New takes drift away
	if len(x.States) != system.Len() {
		return nil, fmt.Errorf("damaged checkpoint of a simulation: %d states of %d replicas", len(x.States), system.Len())
	}
	if limits := d.limits.numbers(); len(x.Limits) == len(limits) {
		for i, limit := range limits {
			*limit = x.Limits[i]
		}
	} else if len(x.Limits) > 0 {
		return nil, fmt.Errorf("damaged checkpoint of a simulation: expected %d limits, found %d", len(limits), len(x.Limits))
	}
	d.Step, d.replicas = x.Step, x.States
	for _, f := range x.Failed {
		d.Failed = append(d.Failed, Failure{f.Replica, f.Step, errors.New(f.Reason)})
	}
	return d, nil
}

// system is the atoms of a state, whose arrays must belong together.
func (x *state) system() (*System, error) {
	s := &System{
		Batch:      atoms.Batch{Numbers: x.Numbers, Positions: x.Positions.vectors(), Start: x.Start, PBC: x.PBC},
		Velocities: x.Velocities.vectors(), Masses: x.Masses, Fixed: x.Fixed, Replicas: x.Replicas,
	}
	for cells := x.Cells; len(cells) >= 9; cells = cells[9:] {
		s.Cells = append(s.Cells, [3][3]float64(cells[:9].vectors()))
	}
	if len(x.Cells) != 9*len(s.Cells) || len(x.Positions) != 3*len(s.Positions) || len(x.Velocities) != 3*len(s.Velocities) {
		return nil, errors.New("expected three numbers a vector, and nine a cell")
	}
	return s, s.Check()
}
