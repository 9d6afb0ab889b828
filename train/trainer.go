package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"painless/atoms"
	"painless/nn"
)

// Settings of a run; they are saved with it, and a run goes on with its own.
type Settings struct {
	Seed  uint64 `json:"seed"`  // of the orders of the structures
	Batch int    `json:"batch"` // structures in a step
	Pairs int    `json:"pairs"` // undirected pairs in a step, of more than one structure
	Total int64  `json:"total"` // visits, structures over the whole run, each as often as it comes
	Every int64  `json:"every"` // visits between validations

	Rate     Rate    `json:"rate"`
	Decay    float64 `json:"decay"`    // of matrices, by AdamW
	EMA      float64 `json:"ema"`      // what the average keeps at a step
	Clip     float64 `json:"clip"`     // of gradients, times their running norm; 0 is no bound
	Norm     float64 `json:"norm"`     // of gradients; 0 is no bound
	Patience int     `json:"patience"` // validations without a better one that end the run; 0 is no end
	Loss     Loss    `json:"loss"`
}

// Progress is how far a run has come, and what it has seen.
type Progress struct {
	Epoch  int   `json:"epoch"` // passes over the structures that are complete
	Next   int   `json:"next"`  // in the order of this one
	Visits int64 `json:"visits"`
	Steps  int64 `json:"steps"`

	Running float64 `json:"running_norm"` // of gradients
	Recent  float64 `json:"recent_loss"`  // over the last hundred steps or so
	Lowest  float64 `json:"lowest_loss"`  // that it was

	Best     int `json:"best"`     // of the rows: the one of least validation loss
	Since    int `json:"since"`    // validations since then
	Halvings int `json:"halvings"` // of the rate

	Rows    []Row   `json:"rows"` // of the validations so far
	Sums    sums    `json:"sums"` // since the last of them
	Seconds float64 `json:"seconds"`
}

// Row is a validation: a line of the log.
type Row struct {
	Steps   int64   `json:"steps"`
	Visits  int64   `json:"visits"`
	Epochs  float64 `json:"epochs"`
	Seconds float64 `json:"seconds"` // of training and validating, by the clock
	Rate    float64 `json:"rate"`
	// Means since the last row, of the structures as they were visited; 0 in the first row.
	Loss      float64 `json:"loss"`
	ForceMAE  float64 `json:"force_mae"`  // eV/Å
	EnergyMAE float64 `json:"energy_mae"` // eV per atom
	Norm      float64 `json:"norm"`       // of gradients, before they were clipped
	// HessianMAE is as Valid's, eV/Å; 0 where the run does not weigh it, and in states of
	// versions without it.
	HessianMAE float64 `json:"hessian_mae,omitempty"`
	// Valid is what the average of the weights gives on the structures held out.
	Valid Validation `json:"valid"`
}

// Trainer trains a model on one set and validates it on another.
type Trainer struct {
	Settings
	Progress
	Model *Model // as the optimizer has it; Student is what to use
	// Elements is the energies of the elements, eV, by atomic number, which the model
	// is not trained on, and which its network has again.
	Elements map[int]float64
	// Known is the elements that the model was trained on before this run, by atomic
	// number, ascending; nil where it was on none, or does not say.
	Known []int

	train, valid *Set
	threads      int
	engine       *Engine[float32]
	optimizer    *AdamW
	average      []float32 // of the weights, [W]
	best         []float32 // the average at the best validation
	gradient     []float32
	order        []int32
	samples      []*Sample
	began        time.Time
	before       float64 // seconds of earlier runs
}

// New makes a trainer of a model that begins anew, of the energies of the elements to
// leave away, eV, by atomic number, and of the elements that the model was trained on
// before. Settings that make no sense, elements of the validation set that neither the
// training set nor the model has seen, and sets without a label that the loss weighs are
// errors.
func New(m *Model, elements map[int]float64, known []int, train, valid *Set, s Settings, threads int) (*Trainer, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if train.Len() == 0 || valid.Len() == 0 {
		return nil, fmt.Errorf("%d structures to train on and %d to validate with: expected some of both", train.Len(), valid.Len())
	}
	for _, z := range valid.Elements() {
		if n, _ := train.Occurs(z); n == 0 && !slices.Contains(known, z) {
			return nil, fmt.Errorf("validation has element %s, and no structure to train on does", atoms.Symbol(z))
		}
	}
	for _, x := range []struct {
		what string
		set  *Set
	}{{"to train on", train}, {"to validate with", valid}} {
		if !x.set.Weighed(s.Loss) {
			return nil, fmt.Errorf("the structures %s have no label that the loss weighs", x.what)
		}
	}
	engine, err := NewEngine[float32](m, EngineOptions{Threads: threads, Loss: s.Loss})
	if err != nil {
		return nil, err
	}
	n := len(m.Weights)
	return &Trainer{
		Settings: s, Model: m, Elements: elements, Known: known, train: train, valid: valid, threads: threads, engine: engine,
		optimizer: NewAdamW(s.Decay, m.Decays()), average: slices.Clone(m.Weights), best: slices.Clone(m.Weights), gradient: make([]float32, n),
	}, nil
}

// Structures is how many structures there are to train on and to validate with.
func (t *Trainer) Structures() int { return t.train.Len() + t.valid.Len() }

// Close gives back threads.
func (t *Trainer) Close() { t.engine.Close() }

// Check says which setting is out of its range.
func (s *Settings) Check() error {
	for _, c := range []struct {
		ok       bool
		what     string
		x        any
		expected string
	}{
		{s.Batch >= 1, "structures in a batch", s.Batch, "1 or more"},
		{s.Pairs >= 1, "pairs in a batch", s.Pairs, "1 or more"},
		{s.Total >= 1, "visits", s.Total, "1 or more"},
		{s.Every >= 1, "visits between validations", s.Every, "1 or more"},
		{s.Rate.Peak > 0 && s.Rate.Peak <= 1, "learning rate", s.Rate.Peak, "more than 0 and at most 1"},
		{s.Rate.Warmup >= 0 && s.Rate.Warmup < 1, "share of the warm-up", s.Rate.Warmup, "0 or more and less than 1"},
		{s.Rate.Final >= 0 && s.Rate.Final <= 1, "share of the rate at the end", s.Rate.Final, "0 to 1"},
		{s.Rate.Plateau >= 0, "validations of a plateau", s.Rate.Plateau, "0 or more"},
		{s.Decay >= 0 && s.Decay < 1, "weight decay", s.Decay, "0 or more and less than 1"},
		{s.EMA >= 0 && s.EMA < 1, "share that the average keeps", s.EMA, "0 or more and less than 1"},
		{s.Clip == 0 || s.Clip >= 1 && !math.IsInf(s.Clip, 0), "times the running norm", s.Clip, "0 or a number of at least 1"},
		{s.Norm >= 0 && !math.IsInf(s.Norm, 0), "norm of gradients", s.Norm, "0 or more"},
		{s.Patience >= 0, "patience", s.Patience, "0 or more"},
	} {
		if !c.ok {
			return fmt.Errorf("%s %v: expected %s", c.what, c.x, c.expected)
		}
	}
	return s.Loss.Check()
}

// Done is the share of the run that is done.
func (t *Trainer) Done() float64 { return min(1, float64(t.Visits)/float64(t.Total)) }

// Elapsed is the time that the run has taken, earlier runs too.
func (t *Trainer) Elapsed() float64 {
	if t.began.IsZero() {
		return t.before
	}
	return t.before + time.Since(t.began).Seconds()
}

// Hooks is what is told of a run. An error ends it.
type Hooks struct {
	Stepped   func() error
	Validated func(r Row, better bool) error
}

// Run trains to the end, or until patience is at one: early is true then. Where ctx
// ends the trainer is as after its last whole step, and may be saved.
func (t *Trainer) Run(ctx context.Context, hooks Hooks) (early bool, err error) {
	t.began, t.before = time.Now(), t.Seconds
	defer func() { t.Seconds = t.Elapsed() }()
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if t.due() {
			if err := t.validate(ctx, hooks); err != nil {
				return false, err
			}
		}
		switch {
		case t.Visits >= t.Total:
			return false, nil
		case t.Patience > 0 && t.Since >= t.Patience:
			return true, nil
		}
		if err := t.step(ctx); err != nil {
			return false, err
		}
		if hooks.Stepped != nil {
			if err := hooks.Stepped(); err != nil {
				return false, err
			}
		}
	}
}

// due reports whether it is time to validate: before the first step, whenever Every
// more visits are made, and in the end.
func (t *Trainer) due() bool {
	if len(t.Rows) == 0 {
		return true
	}
	last := t.Rows[len(t.Rows)-1].Visits
	return t.Visits > last && (t.Visits >= t.Total || t.Visits/t.Every > last/t.Every)
}

// next is the structures of the next batch, and where the order stands after it.
func (t *Trainer) next() (batch []int32, epoch, next int) {
	if t.order == nil {
		t.order = order(t.train.Len(), t.Seed, t.Epoch)
	}
	batch = t.train.batch(t.order[t.Next:], t.Batch, t.Pairs)
	if next = t.Next + len(batch); next < len(t.order) {
		return batch, t.Epoch, next
	}
	return batch, t.Epoch + 1, 0
}

// grade computes the gradient of a batch.
func (t *Trainer) grade(ctx context.Context, batch []int32) (Terms, error) {
	for i, k := range batch {
		if i == len(t.samples) {
			t.samples = append(t.samples, &Sample{})
		}
		if err := t.train.sample(t.samples[i], int(k), t.Elements, t.Model.Config.Cutoff); err != nil {
			return Terms{}, err
		}
	}
	return t.engine.Gradient(ctx, t.samples[:len(batch)], t.gradient)
}

// step is one update. Nothing is changed by one that ends with an error.
func (t *Trainer) step(ctx context.Context) error {
	batch, epoch, next := t.next()
	terms, err := t.grade(ctx, batch)
	if err != nil {
		return t.diverged(err)
	}
	clip := Clip{Factor: t.Clip, Absolute: t.Norm, Running: t.Running}
	norm := clip.Apply(t.gradient)
	if math.IsNaN(norm+terms.Loss) || math.IsInf(norm+terms.Loss, 0) {
		return fmt.Errorf("%w at step %d: the loss is %v and its gradient %v; %s", ErrDiverged, t.Steps+1, terms.Loss, norm, terms.largest())
	}
	t.Running = clip.Running
	visits := t.Visits + int64(len(batch))
	t.optimizer.Update(t.Model.Weights, t.gradient, t.Rate.At(float64(visits)/float64(t.Total), t.Halvings))
	t.Model.Tie()
	average(t.average, t.Model.Weights, t.EMA, t.Steps+1)
	t.Steps++
	if t.Visits = visits; epoch != t.Epoch {
		t.order = nil
	}
	t.Epoch, t.Next = epoch, next
	t.Sums.add(terms, norm)
	return t.watch(terms.Loss)
}

// sums is of the steps since the last validation.
type sums struct {
	Steps       int64   `json:"steps"`
	Loss        float64 `json:"loss"`
	Norm        float64 `json:"norm"`
	Forces      float64 `json:"forces"` // Σ|ΔF|, components, eV/Å
	Components  int     `json:"components"`
	Energies    float64 `json:"energies"` // Σ|ΔE|/N, eV
	EnergyCount int     `json:"energy_count"`
	Products    float64 `json:"products,omitempty"` // Σ|Δ(Hv)|, components, eV/Å
	Curved      int     `json:"curved,omitempty"`   // components of Hv
}

func (s *sums) add(t Terms, norm float64) {
	s.Steps++
	s.Loss += t.Loss
	s.Norm += norm
	s.Forces += t.AbsForces
	s.Components += t.Components
	s.Energies += t.AbsEnergies
	s.EnergyCount += t.Energies
	s.Products += t.AbsProducts
	s.Curved += t.Products
}

// validate scores the average, keeps it if it is the best, and begins a row.
func (t *Trainer) validate(ctx context.Context, hooks Hooks) error {
	network, err := t.network(t.average)
	if err != nil {
		return err
	}
	v, err := t.valid.Validate(ctx, network, t.Loss, t.threads)
	if err != nil {
		return t.diverged(err)
	}
	if math.IsNaN(v.Loss) || math.IsInf(v.Loss, 0) {
		return fmt.Errorf("%w at step %d: validation gives %v", ErrDiverged, t.Steps, v.Loss)
	}
	s := t.Sums
	per := func(sum float64, n int64) float64 {
		if n == 0 {
			return 0
		}
		return sum / float64(n)
	}
	row := Row{
		Steps: t.Steps, Visits: t.Visits, Epochs: float64(t.Visits) / float64(t.train.Len()), Seconds: t.Elapsed(), Rate: t.Rate.At(t.Done(), t.Halvings),
		Loss: per(s.Loss, s.Steps), ForceMAE: per(s.Forces, int64(s.Components)), EnergyMAE: per(s.Energies, int64(s.EnergyCount)), Norm: per(s.Norm, s.Steps), HessianMAE: per(s.Products, int64(s.Curved)),
		Valid: v,
	}
	t.Sums = sums{}
	better := len(t.Rows) == 0 || v.Loss < t.Rows[t.Best].Valid.Loss
	if better {
		t.Best, t.Since = len(t.Rows), 0
		copy(t.best, t.average)
	} else if t.Since++; t.Rate.Plateau > 0 && t.Since%t.Rate.Plateau == 0 {
		t.Halvings++
	}
	t.Rows = append(t.Rows, row)
	if hooks.Validated != nil {
		return hooks.Validated(row, better)
	}
	return nil
}

// network is the student of these weights, and knows the elements that it was trained
// on, before this run too.
func (t *Trainer) network(weights []float32) (*nn.Network, error) {
	n, err := t.Model.Network(weights, t.Elements)
	if err != nil {
		return nil, err
	}
	n.Elements = append(slices.Clone(t.Known), t.train.Elements()...)
	slices.Sort(n.Elements)
	n.Elements = slices.Compact(n.Elements)
	return n, nil
}

// BestRow is the best validation so far, of which Student has the weights.
func (t *Trainer) BestRow() *Row { return &t.Rows[t.Best] }

// Student returns the network of the best validation so far, which gives total
// energies. Where that was before the first step it knows the elements alone that the
// model knew.
func (t *Trainer) Student() (*nn.Network, error) {
	n, err := t.network(t.best)
	if err == nil && t.Known != nil && t.BestRow().Steps == 0 {
		n.Elements = slices.Clone(t.Known)
	}
	return n, err
}
