package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/internal/systems"
	"painless/nn"
)

// taught is small molecules of H, C, N and O, shaken with these seeds, with the
// labels of a student of random weights.
func taught(t *testing.T, seeds ...uint64) *Set {
	t.Helper()
	c, err := checkpoint.Open("../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	network, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	teacher, err := nn.NewPotential(network, nn.Options{Threads: 1})
	require.NoError(t, err)
	defer teacher.Close()
	s := &Set{}
	var r nn.Result
	for _, m := range systems.Molecules() {
		if len(m.Numbers) > 12 || !allOf(m.Numbers, 1, 6, 7, 8) {
			continue
		}
		for _, seed := range seeds {
			rng := rand.New(rand.NewPCG(seed, uint64(s.Len())))
			x := m.Structure
			x.Positions = append([][3]float64(nil), x.Positions...)
			for i := range x.Positions {
				for c := range 3 {
					x.Positions[i][c] += 0.05 * rng.NormFloat64()
				}
			}
			require.NoError(t, teacher.Compute(t.Context(), atoms.NewBatch(x), &r))
			forces := append([][3]float64(nil), r.Forces...)
			require.NoError(t, s.Add(&x, &Labels{Energy: r.Energy[0], Forces: forces}, 5))
		}
	}
	return s
}

func allOf(numbers []int, known ...int) bool {
	for _, z := range numbers {
		found := false
		for _, k := range known {
			found = found || k == z
		}
		if !found {
			return false
		}
	}
	return true
}

var (
	smallest = nn.Config{HiddenDim: 16, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}
	quick    = Settings{Seed: 1, Batch: 4, Pairs: 1000, Total: 200, Every: 50, Rate: Rate{Peak: 5e-3, Warmup: 0.05, Final: 0.01}, Decay: 0.01, EMA: 0.9, Clip: 3, Loss: DefaultLoss}
)

// trainer begins a run.
func trainer(t *testing.T, training, valid *Set, s Settings, threads int) *Trainer {
	t.Helper()
	m, err := NewModel(smallest, s.Seed, false)
	require.NoError(t, err)
	o, elements := training.FitElements(), map[int]float64{}
	for i, z := range o.Elements {
		elements[z] = o.Energies[i]
	}
	x, err := New(m, elements, nil, training, valid, s, threads)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

// A student learns: on structures held out its errors fall to a share of those of one
// that knows the elements' energies alone, and its network gives total energies.
func TestLearns(t *testing.T) {
	training, valid := taught(t, 1, 2, 3, 4, 5, 6), taught(t, 7, 8)
	s := quick
	s.Total, s.Every = 1200, 600
	x := trainer(t, training, valid, s, 2)
	var rows []Row
	early, err := x.Run(t.Context(), Hooks{Validated: func(r Row, better bool) error {
		rows = append(rows, r)
		return nil
	}})
	require.NoError(t, err)
	assert.False(t, early)
	require.Len(t, rows, 3)
	first, last := rows[0].Valid, rows[2].Valid
	t.Logf("forces %.3g → %.3g eV/Å, R² %.3f; energies %.3g → %.3g eV/atom; loss %.3g → %.3g", first.ForceMAE, last.ForceMAE, last.ForceR2, first.EnergyMAE, last.EnergyMAE, rows[1].Loss, rows[2].Loss)
	assert.Less(t, last.ForceMAE, 0.5*first.ForceMAE)
	assert.Greater(t, last.ForceR2, 0.8)
	assert.Less(t, rows[2].Loss, rows[1].Loss)

	network, err := x.Student()
	require.NoError(t, err)
	assert.Equal(t, []int{1, 6, 7, 8}, network.Elements)
	again, err := valid.Validate(t.Context(), network, s.Loss, 1)
	require.NoError(t, err)
	assert.Equal(t, last, again)
}

// weightsOf is all that a run has of its weights.
func weightsOf(x *Trainer) (list [][]float32) {
	for _, n := range x.numbers() {
		list = append(list, append([]float32(nil), n.values...))
	}
	return list
}

// A run that is stopped anywhere, saved and gone on with ends at the bits of one that
// is not stopped, with whatever number of threads.
func TestResumesToTheBit(t *testing.T) {
	training, valid := taught(t, 1), taught(t, 3)
	want := trainer(t, training, valid, quick, 1)
	_, err := want.Run(t.Context(), Hooks{})
	require.NoError(t, err)

	got := trainer(t, training, valid, quick, 2)
	for k, steps := range []int64{0, 1, 13, 30, 1 << 40} {
		ctx, cancel := context.WithCancel(t.Context())
		hooks := Hooks{
			Stepped: func() error {
				if got.Steps >= steps {
					cancel()
				}
				return nil
			},
			Validated: func(Row, bool) error {
				if steps == 0 {
					cancel()
				}
				return nil
			},
		}
		_, err := got.Run(ctx, hooks)
		cancel()
		if steps == 1<<40 {
			require.NoError(t, err)
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		path := filepath.Join(t.TempDir(), "state")
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, got.Save(file, Notes{"k": "v"}))
		require.NoError(t, file.Close())
		state, err := OpenState(path)
		require.NoError(t, err)
		assert.Equal(t, Notes{"k": "v"}, state.Notes)
		got, err = state.Restore(training, valid, 1+k%2)
		require.NoError(t, err)
		t.Cleanup(got.Close)
		_, err = state.Restore(valid, training, 1)
		assert.ErrorContains(t, err, "the structures to train on are not those that the run began with")
		require.NoError(t, state.Close())
	}
	assert.Equal(t, weightsOf(want), weightsOf(got))
	for i := range want.Rows {
		want.Rows[i].Seconds, got.Rows[i].Seconds = 0, 0
	}
	assert.Equal(t, want.Rows, got.Rows)
}

// What is no state is refused, and so is a damaged one.
func TestStatesAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, metadata map[string]string, tensors ...checkpoint.Named) string {
		file, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, checkpoint.New(nil, tensors...).WriteSafetensors(file, metadata))
		require.NoError(t, file.Close())
		return file.Name()
	}
	one := checkpoint.Named{Name: "weights", Tensor: checkpoint.FromFloat64s([]int{1}, []float64{1})}
	for says, path := range map[string]string{
		"expected the state of a training run":                                                     write("a", map[string]string{}, one),
		`another version of painless: expected "painless training 2", found "painless training 1"`: write("b", map[string]string{"state": `{"format":"painless training 1"}`}, one),
		"unexpected end of JSON input":                                                             write("c", map[string]string{"state": `{"format"`}, one),
		"no such file":                                                                             filepath.Join(dir, "none"),
	} {
		_, err := OpenState(path)
		assert.ErrorContains(t, err, says)
	}
	training := taught(t, 1)
	for _, text := range []string{`{}`, `{"model":{"config":{"HiddenDim":16,"NumInteractions":2,"NumRBF":8,"Cutoff":5,"MaxZ":20}}}`, `{"progress":{"next":-1}}`} {
		h := training.Hash()
		state, err := OpenState(write("d", map[string]string{"state": `{"format":"painless training 2","train_sha256":"` + h + `","valid_sha256":"` + h + `",` + text[1:]}, one))
		if err != nil { // a comma before the end
			continue
		}
		_, err = state.Restore(training, training, 1)
		assert.ErrorContains(t, err, "damaged state")
		require.NoError(t, state.Close())
	}
}

// A run that gives no numbers ends, and its student is the best one before.
func TestDiverges(t *testing.T) {
	training := taught(t, 1)
	x := trainer(t, training, training, quick, 1)
	_, err := x.Run(t.Context(), Hooks{Stepped: func() error {
		if x.Steps == 5 {
			for i := range x.Model.Weights {
				x.Model.Weights[i] = float32(math.Inf(1))
			}
		}
		return nil
	}})
	require.ErrorIs(t, err, ErrDiverged)
	assert.ErrorContains(t, err, "training diverged at step 6: the energy is NaN")
	x.Steps, x.Lowest = 200, 1
	err = nil
	for step := 0; err == nil && step < 1000; step++ {
		x.Steps++
		err = x.watch(1e6)
	}
	assert.ErrorIs(t, err, ErrDiverged, "a loss that grows and stays")
	network, err := x.Student()
	require.NoError(t, err)
	v, err := training.Validate(t.Context(), network, quick.Loss, 1)
	require.NoError(t, err)
	assert.Equal(t, x.BestRow().Valid, v)
}

// Patience ends a run; errors of hooks do too.
func TestEnds(t *testing.T) {
	training := taught(t, 1)
	s := quick
	s.Rate.Peak, s.Patience, s.Every, s.Rate.Plateau = 1e-12, 2, 8, 1
	x := trainer(t, training, training, s, 1)
	early, err := x.Run(t.Context(), Hooks{})
	require.NoError(t, err)
	assert.True(t, early)
	assert.Less(t, x.Visits, int64(100))
	assert.Equal(t, x.Since, 2)
	assert.Greater(t, x.Halvings, 0)
	stop := errors.New("no room")
	_, err = trainer(t, training, training, quick, 1).Run(t.Context(), Hooks{Validated: func(Row, bool) error { return stop }})
	assert.ErrorIs(t, err, stop)
	_, err = trainer(t, training, training, quick, 1).Run(t.Context(), Hooks{Stepped: func() error { return stop }})
	assert.ErrorIs(t, err, stop)
}

// Settings that make no sense are refused.
func TestSettings(t *testing.T) {
	m, err := NewModel(smallest, 1, false)
	require.NoError(t, err)
	training := taught(t, 1)
	for says, change := range map[string]func(s *Settings){
		"structures in a batch 0: expected 1 or more":         func(s *Settings) { s.Batch = 0 },
		"pairs in a batch":                                    func(s *Settings) { s.Pairs = 0 },
		"visits 0: expected 1 or more":                        func(s *Settings) { s.Total = 0 },
		"visits between validations":                          func(s *Settings) { s.Every = 0 },
		"learning rate 0: expected more than 0 and at most 1": func(s *Settings) { s.Rate.Peak = 0 },
		"share of the warm-up":                                func(s *Settings) { s.Rate.Warmup = 1 },
		"rate at the end":                                     func(s *Settings) { s.Rate.Final = -1 },
		"weight decay":                                        func(s *Settings) { s.Decay = 1 },
		"that the average keeps":                              func(s *Settings) { s.EMA = 1 },
		"times the running norm 0.5: expected 0 or a number of at least 1": func(s *Settings) { s.Clip = 0.5 },
		"patience": func(s *Settings) { s.Patience = -1 },
		"loss":     func(s *Settings) { s.Loss.Energy = -1 },
	} {
		s := quick
		change(&s)
		_, err := New(m, nil, nil, training, training, s, 1)
		assert.ErrorContains(t, err, says)
	}
	_, err = New(m, nil, nil, training, &Set{}, quick, 1)
	assert.ErrorContains(t, err, "and 0 to validate with")
	silent := &Set{}
	require.NoError(t, silent.Add(water(0), &Labels{Energy: math.NaN(), AtomEnergies: []float64{1, 2, 3}}, 5))
	s := quick
	s.Loss.AtomEnergy = 0
	_, err = New(m, nil, nil, training, silent, s, 1)
	assert.ErrorContains(t, err, "the structures to validate with have no label that the loss weighs")
	salt := &Set{}
	require.NoError(t, salt.Add(&atoms.Structure{Numbers: []int{11}, Positions: [][3]float64{{}}}, labelled(1), 5))
	_, err = New(m, nil, nil, training, salt, quick, 1)
	assert.ErrorContains(t, err, "validation has element Na")
	x, err := New(m, nil, []int{1, 11}, training, salt, quick, 1)
	require.NoError(t, err, "an element that the model knows already")
	x.Close()
}

// No state makes a trainer panic, or take more memory than its file does.
func FuzzRestore(f *testing.F) {
	f.Add(`{"format":"painless training 2"}`)
	f.Add(`{"format":"painless training 2","model":{"config":{"HiddenDim":4096,"NumInteractions":64,"NumRBF":4096,"Cutoff":5,"MaxZ":1000}}}`)
	f.Add(`{"format":"painless training 2","progress":{"next":-1,"rows":[{}]},"settings":{"batch":1}}`)
	one := checkpoint.Named{Name: "weights", Tensor: checkpoint.FromFloat64s([]int{1}, []float64{1})}
	training := &Set{}
	require.NoError(f, training.Add(water(0), labelled(1), 5))
	hash := training.Hash()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "state")
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, checkpoint.New(nil, one).WriteSafetensors(file, map[string]string{"state": text}))
		require.NoError(t, file.Close())
		state, err := OpenState(path)
		if err != nil {
			return
		}
		defer state.Close()
		state.Train, state.Valid = hash, hash
		_, err = state.Restore(training, training, 1)
		assert.ErrorContains(t, err, "damaged state")
	})
}
