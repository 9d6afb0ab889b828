package validate

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"painless/atoms"
	"painless/internal/scores"
)

// version is of the report's JSON: it changes when a field is renamed, removed
// or means something else.
const version = 1

// report is what -json prints, and validation.json. Errors are predicted − label. What cannot be
// computed, as R² of labels that are all the same, is absent.
type report struct {
	Version int     `json:"version"`
	Date    string  `json:"date"`    // of the start, UTC
	Seconds float64 `json:"seconds"` // until the results were there

	EnergyKey string `json:"energy_key"`
	ForcesKey string `json:"forces_key"`
	StressKey string `json:"stress_key"`
	Device    string `json:"device"`
	Precision string `json:"precision"`
	Threads   int    `json:"threads"` // on the CPU
	Filters   string `json:"filters"` // auto is table in float32 and exact in float64
	Max       int    `json:"max"`     // 0 is all
	Seed      uint64 `json:"seed"`

	Datasets   []datasetReport `json:"datasets"`
	Structures int             `json:"structures"` // selected
	Atoms      int             `json:"atoms"`
	Unlabelled []lack          `json:"unlabelled"`            // for each label that a structure lacks
	PassedOver []lack          `json:"passed_over,omitempty"` // structures whose columns of a Hessian cannot be used
	Models     []modelReport   `json:"models"`
}

type datasetReport struct {
	File     string `json:"file"`
	Read     int    `json:"read"` // structures
	Selected int    `json:"selected"`
}

type modelReport struct {
	Name        string          `json:"name"`
	File        string          `json:"file"`
	Key         string          `json:"key"` // where in the file the weights stood; "" is the top level
	Parameters  int             `json:"parameters"`
	Computed    int             `json:"computed"`                   // structures
	MSEach      *float64        `json:"ms_per_structure,omitempty"` // by the clock, in batches of the run's size: bench measures speed
	Failed      []lack          `json:"failed"`                     // structures that could not be computed
	Energy      *energyReport   `json:"energy,omitempty"`
	Forces      *forcesReport   `json:"forces,omitempty"`
	Stress      *errorReport    `json:"stress,omitempty"` // the six components, eV/Å³
	Hessian     *hessianReport  `json:"hessian,omitempty"`
	ByElement   []elementReport `json:"by_element"`
	BySize      []sizeReport    `json:"by_size"`
	WorstEnergy []worst         `json:"worst_energy"` // by error per atom
	WorstForces []worst         `json:"worst_forces"` // by RMSE
}

// errorReport is of N errors.
type errorReport struct {
	N    int     `json:"n"`
	MAE  float64 `json:"mae"`
	RMSE float64 `json:"rmse"`
	Max  float64 `json:"max"` // |error|
}

// energyReport is of structures, eV and eV per atom.
type energyReport struct {
	errorReport
	Bias    float64       `json:"bias"` // mean error
	R2      *float64      `json:"r2,omitempty"`
	PerAtom errorReport   `json:"per_atom"`
	Offsets *offsetReport `json:"offsets,omitempty"` // absent where the structures are too few to find any
}

// offsetReport is what is left of the errors without the energies of the
// elements that fit them best.
type offsetReport struct {
	errorReport
	PerAtom    errorReport        `json:"per_atom"`
	Rank       int                `json:"rank"`        // below the number of elements, the energies are not unique
	PerElement map[string]float64 `json:"per_element"` // eV; of all that fit equally well, those of least sum of squares
}

// forcesReport is of force components, eV/Å.
type forcesReport struct {
	errorReport
	R2          *float64 `json:"r2,omitempty"`
	Cosine      *float64 `json:"cosine,omitempty"` // mean, of the angle between predicted and label
	CosineAtoms int      `json:"cosine_atoms"`     // where neither is 0
}

// hessianReport is of the components of its product with directions whose components are
// 1 Å, root mean square: eV/Å.
type hessianReport struct {
	errorReport
	Structures int `json:"structures"`
}

// elementReport is the errors of the force components on an element's atoms.
type elementReport struct {
	Element string      `json:"element"`
	Atoms   int         `json:"atoms"`
	Forces  errorReport `json:"forces"`
}

// sizeReport is the errors of structures of similar size.
type sizeReport struct {
	MinAtoms      int          `json:"min_atoms"`
	MaxAtoms      int          `json:"max_atoms"`
	Structures    int          `json:"structures"`
	EnergyPerAtom *errorReport `json:"energy_per_atom,omitempty"`
	Forces        *errorReport `json:"forces,omitempty"`
}

// report is what was found.
func (v *validator) report() *report {
	r := &report{
		Version: version, EnergyKey: v.keys.Energy, ForcesKey: v.keys.Forces, StressKey: v.keys.Stress,
		Device: v.model.Device, Threads: v.model.Options().Threads, Precision: v.model.Precision, Filters: v.model.Filters, Max: v.max, Seed: v.seed,
		Structures: len(v.composed), Atoms: v.atoms, Unlabelled: orEmpty(v.unlabelled), PassedOver: v.passedOver,
	}
	for i, path := range v.datasets {
		r.Datasets = append(r.Datasets, datasetReport{path, v.read[i], v.selected[i]})
	}
	for _, m := range v.models {
		s := &m.score
		r.Models = append(r.Models, modelReport{
			Name: m.name, File: m.path, Key: m.Key, Parameters: m.Network.Parameters,
			Computed: s.computed, MSEach: s.each(), Failed: orEmpty(s.failed),
			Energy: s.energyReport(v.composed, v.energies, v.compositions.List), Forces: s.forcesReport(), Stress: reported(s.stress), Hessian: s.hessianReport(),
			ByElement: s.elementReports(), BySize: s.sizeReports(),
			WorstEnergy: orEmpty(s.worstEnergy.list), WorstForces: orEmpty(s.worstForces.list),
		})
	}
	return r
}

// each is the time that a structure took on average, ms; nil where none was computed.
func (s *score) each() *float64 {
	if s.computed == 0 {
		return nil
	}
	ms := 1000 * s.took.Seconds() / float64(s.computed)
	return &ms
}

// orEmpty is a list that JSON writes as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// reported is nil where there are no errors.
func reported(d scores.Deviation) *errorReport {
	if d.N == 0 {
		return nil
	}
	return &errorReport{d.N, d.MAE(), d.RMSE(), d.Largest}
}

func (s *score) energyReport(of []int32, labels []float64, cs []scores.Composition) *energyReport {
	var predicted, want []float64
	for k, e := range s.energyErrors {
		if !math.IsNaN(e) {
			predicted, want = append(predicted, labels[k]+e), append(want, labels[k])
		}
	}
	total, perAtom := energyErrors(of, cs, s.energyErrors)
	if total.N == 0 {
		return nil
	}
	errors := floats.SubTo(make([]float64, len(want)), predicted, want)
	r := &energyReport{errorReport: total, Bias: stat.Mean(errors, nil), PerAtom: perAtom}
	if r2 := stat.RSquaredFrom(predicted, want, nil); !math.IsNaN(r2) && !math.IsInf(r2, 0) {
		r.R2 = &r2
	}
	if o := scores.FitOffsetsPerAtom(of, cs, s.energyErrors); o != nil {
		r.Offsets = &offsetReport{Rank: o.Rank, PerElement: map[string]float64{}}
		r.Offsets.errorReport, r.Offsets.PerAtom = energyErrors(of, cs, o.Residuals(of, cs, s.energyErrors))
		for i, z := range o.Elements {
			r.Offsets.PerElement[atoms.Symbol(z)] = o.Energies[i]
		}
	}
	return r
}

// energyErrors is of the errors that are numbers, in total and per atom.
func energyErrors(of []int32, cs []scores.Composition, errors []float64) (total, perAtom errorReport) {
	var sum, sumPerAtom scores.Deviation
	for k, e := range errors {
		if !math.IsNaN(e) {
			sum.Add(e)
			sumPerAtom.Add(e / float64(cs[of[k]].Atoms))
		}
	}
	if sum.N == 0 {
		return total, perAtom
	}
	return *reported(sum), *reported(sumPerAtom)
}

func (s *score) forcesReport() *forcesReport {
	errors := reported(s.forces.All)
	if errors == nil {
		return nil
	}
	return &forcesReport{errorReport: *errors, R2: s.forces.R2(), Cosine: s.forces.Cosine(), CosineAtoms: s.forces.Directed}
}

func (s *score) hessianReport() *hessianReport {
	errors := reported(s.hessian)
	if errors == nil {
		return nil
	}
	return &hessianReport{*errors, s.curved}
}

func (s *score) elementReports() []elementReport {
	list := []elementReport{}
	for z, d := range s.forces.Elements {
		if d.N > 0 {
			list = append(list, elementReport{atoms.Symbol(z), d.N / 3, *reported(d)})
		}
	}
	return list
}

func (s *score) sizeReports() []sizeReport {
	list := []sizeReport{}
	for k := range s.sizes {
		if size := &s.sizes[k]; size.structures > 0 {
			list = append(list, sizeReport{1 << k, 2<<k - 1, size.structures, reported(size.energy), reported(size.forces)})
		}
	}
	return list
}

// incomplete is how many structures lack a label, or were not computed by a model.
func (r *report) incomplete() int {
	places := map[int]bool{}
	for _, l := range r.Unlabelled {
		places[l.index] = true
	}
	for _, m := range r.Models {
		for _, l := range m.Failed {
			places[l.index] = true
		}
	}
	return len(places)
}
