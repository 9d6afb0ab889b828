package md

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"painless/internal/machine"
	"painless/internal/series"
	"painless/internal/units"
	"painless/md"
)

const (
	reportFormat  = "painless-md-report"
	reportVersion = 1
	errorsMethod  = "of block averages, as neighbouring samples are alike: the largest of those of 64 to 32 blocks and of half as many, down to 16"
)

// report is what is written. What was not measured is absent.
type report struct {
	Format    string          `json:"format"`
	Version   int             `json:"version"`
	Log       string          `json:"log,omitempty"` // that it is from
	Ensemble  string          `json:"ensemble,omitempty"`
	FirstStep int64           `json:"first_step"`
	LastStep  int64           `json:"last_step"`
	FirstTime float64         `json:"first_time_fs"`
	LastTime  float64         `json:"last_time_fs"`
	Errors    string          `json:"standard_errors"` // how they were computed
	Missing   []string        `json:"missing,omitempty"`
	Stopped   string          `json:"stopped,omitempty"` // why, where not all steps were made
	Failed    []failureReport `json:"failed,omitempty"`
	Overall   overallReport   `json:"overall"`
	Replicas  []replicaReport `json:"replicas"`
	Speed     *speedReport    `json:"performance,omitempty"` // of this process
}

type failureReport struct {
	Replica int    `json:"replica"`
	Step    int64  `json:"step"`
	Reason  string `json:"reason"`
}

// overallReport is means of the replicas that came to the last sample, and the worst of them.
type overallReport struct {
	Replicas         int            `json:"replicas"`
	Drift            *float64       `json:"drift_meV_per_atom_ps,omitempty"` // mean
	DriftError       *float64       `json:"drift_standard_error_meV_per_atom_ps,omitempty"`
	Ratio            *float64       `json:"drift_ratio,omitempty"`                    // largest
	Percent          *float64       `json:"drift_percent,omitempty"`                  // largest, with its sign
	Deviation        *float64       `json:"largest_deviation_meV_per_atom,omitempty"` // with its sign
	Temperature      float64        `json:"temperature_K"`                            // mean
	TemperatureError *float64       `json:"temperature_standard_error_K,omitempty"`
	Momentum         *float64       `json:"largest_momentum_u_A_per_fs,omitempty"`
	Angular          *float64       `json:"largest_angular_momentum_u_A2_per_fs,omitempty"`
	Kinetic          *kineticReport `json:"kinetic_energy,omitempty"` // of all replicas together, where they are alike
}

type replicaReport struct {
	Replica          int             `json:"replica"`
	Atoms            int             `json:"atoms,omitempty"`
	DOF              *float64        `json:"degrees_of_freedom,omitempty"`
	Samples          int64           `json:"samples"`
	LastStep         int64           `json:"last_step"`
	Conserved        conservedReport `json:"conserved_energy"`
	Temperature      float64         `json:"temperature_K"`
	TemperatureError *float64        `json:"temperature_standard_error_K,omitempty"`
	Kinetic          kineticReport   `json:"kinetic_energy"`
	Momenta          *momentaReport  `json:"momenta,omitempty"`
}

type conservedReport struct {
	Start      float64  `json:"start_eV"`
	Change     float64  `json:"end_minus_start_eV"`
	Deviation  float64  `json:"largest_deviation_eV"` // from the start
	At         int64    `json:"largest_deviation_step"`
	Drift      *float64 `json:"drift_meV_per_atom_ps,omitempty"`
	DriftError *float64 `json:"drift_standard_error_meV_per_atom_ps,omitempty"`
	Whole      *float64 `json:"drift_eV,omitempty"` // of the fitted line over the whole run
	WholeError *float64 `json:"drift_standard_error_eV,omitempty"`
	Percent    *float64 `json:"drift_percent,omitempty"` // the same of the energy at the start
	Ratio      *float64 `json:"drift_ratio,omitempty"`   // the same over the kinetic energy's standard deviation
}

type kineticReport struct {
	Mean              float64   `json:"mean_eV"`
	Deviation         *float64  `json:"standard_deviation_eV,omitempty"`
	Target            *float64  `json:"target_K,omitempty"` // of the Γ distribution that is expected
	ExpectedMean      *float64  `json:"expected_mean_eV,omitempty"`
	ExpectedDeviation *float64  `json:"expected_standard_deviation_eV,omitempty"`
	Distance          *float64  `json:"largest_distance_of_cumulative_distributions,omitempty"`
	NoExpectation     string    `json:"no_expectation,omitempty"` // why
	Histogram         histogram `json:"histogram"`

	gamma distuv.Gamma
}

type histogram struct {
	From     float64   `json:"from_eV"`
	Bin      float64   `json:"bin_eV"`
	Counts   []int64   `json:"counts"`
	Expected []float64 `json:"expected,omitempty"`
}

// momentaReport is the largest that were seen.
type momentaReport struct {
	Momentum float64  `json:"largest_momentum_u_A_per_fs"`
	Angular  *float64 `json:"largest_angular_momentum_u_A2_per_fs,omitempty"` // of isolated structures, about their centre of mass
	Turned   *float64 `json:"largest_change_of_angular_momentum_u_A2_per_fs,omitempty"`
}

type speedReport struct {
	Steps     int64   `json:"steps"`
	Seconds   float64 `json:"seconds"`
	StepsPerS float64 `json:"steps_per_s"`
	NsPerDay  float64 `json:"ns_per_day"`
	Latency   struct {
		Half    float64 `json:"p50"`
		Ninety  float64 `json:"p90"`
		Hundred float64 `json:"p99"`
		Max     float64 `json:"max"`
	} `json:"step_ms"`
	Memory int64 `json:"peak_memory_bytes,omitempty"`
}

// speed is the report of steps that took so long, all together and each.
func speed(steps int64, timeStep float64, took time.Duration, each *series.Quantiles) *speedReport {
	s := &speedReport{Steps: steps, Seconds: took.Seconds(), Memory: machine.PeakMemory()}
	if took > 0 {
		s.StepsPerS = float64(steps) / took.Seconds()
		s.NsPerDay = s.StepsPerS * timeStep * 86400e-6
	}
	const ms = 1000
	s.Latency.Half, s.Latency.Ninety, s.Latency.Hundred, s.Latency.Max = ms*each.At(0.5), ms*each.At(0.9), ms*each.At(0.99), ms*each.Largest()
	return s
}

// report says what was recorded, of at least one sample.
func (r *recorder) report() *report {
	out := &report{Format: reportFormat, Version: reportVersion, Errors: errorsMethod}
	list := r.inOrder()
	first := &list[0].first
	out.Ensemble, out.FirstStep, out.FirstTime = first.ensemble, first.step, first.time
	if first.atoms == 0 {
		out.Missing = append(out.Missing, "atoms: the log has no such column, and drifts are those of whole replicas, in eV")
	}
	if first.ensemble == "" {
		out.Missing = append(out.Missing, "ensemble and temperature of the thermostat: the log has no such columns, and no distribution is expected of kinetic energies")
	}
	if !r.momenta {
		out.Missing = append(out.Missing, "momenta, times of steps, memory: a log does not hold them")
	}
	for _, p := range list {
		out.LastStep, out.LastTime = max(out.LastStep, p.last.step), max(out.LastTime, p.last.time)
		out.Replicas = append(out.Replicas, p.report(r.momenta))
	}
	out.Overall = overall(slices.DeleteFunc(slices.Clone(out.Replicas), func(r replicaReport) bool { return r.LastStep < out.LastStep }))
	if r.pool != nil {
		pooled := kinetic(r.pool, first, !list[0].constant)
		out.Overall.Kinetic = &pooled
	}
	return out
}

func (p *record) report(momenta bool) replicaReport {
	first, c := &p.first, conservedReport{Start: p.first.conserved, Change: p.last.conserved - p.first.conserved, Deviation: p.deviation, At: p.deviationStep}
	if slope, ok := p.conserved.Slope(); ok {
		span := p.last.time - p.first.time
		c.Whole = pointer(slope * span)
		perAtomPs := 1e6 / float64(max(first.atoms, 1)) // of eV/fs
		if first.atoms > 0 {
			c.Drift = pointer(slope * perAtomPs)
		}
		if e, ok := p.conserved.SlopeError(); ok {
			c.WholeError = pointer(e * span)
			if first.atoms > 0 {
				c.DriftError = pointer(e * perAtomPs)
			}
		}
		if first.conserved != 0 {
			c.Percent = pointer(100 * slope * span / math.Abs(first.conserved))
		}
		if deviation, _ := p.kinetic.Deviation(); deviation > 0 {
			c.Ratio = pointer(math.Abs(slope*span) / deviation)
		}
	}
	out := replicaReport{Replica: p.id, Atoms: first.atoms, Samples: p.conserved.Len(), LastStep: p.last.step, Conserved: c,
		Temperature: p.temperature.Mean(), Kinetic: kinetic(&p.kinetic, first, !p.constant)}
	if first.dof > 0 {
		out.DOF = pointer(first.dof)
	}
	if e, ok := p.temperature.MeanError(); ok {
		out.TemperatureError = &e
	}
	if momenta {
		out.Momenta = &momentaReport{Momentum: p.momentum}
		if p.isolated {
			out.Momenta.Angular, out.Momenta.Turned = pointer(p.angular), pointer(p.turned)
		}
	}
	return out
}

// kinetic compares kinetic energies with what is expected of samples like the
// first; ramped says that the thermostat's temperature changes.
func kinetic(e *energies, first *sample, ramped bool) (k kineticReport) {
	k.Histogram.From, k.Histogram.Bin, k.Histogram.Counts = e.Bins()
	k.Mean = e.Mean()
	if deviation, ok := e.Deviation(); ok {
		k.Deviation = &deviation
	}
	switch {
	case first.ensemble == "":
		k.NoExpectation = "the log does not say the ensemble"
	case first.ensemble == md.NVE.String():
		k.NoExpectation = "constant energy: the distribution is the system's own"
	case ramped:
		k.NoExpectation = "the thermostat's temperature changes"
	case math.IsNaN(first.target) || first.dof <= 0:
		k.NoExpectation = "nothing moves, or the thermostat's temperature is not known"
	default:
		k.expect(first.dof, first.target, float64(e.Fit.Len()))
	}
	return k
}

// expect is the canonical distribution of the kinetic energy: Γ of half the
// degrees of freedom, in units of kT.
func (k *kineticReport) expect(dof, target, n float64) {
	kT := units.Boltzmann * target
	gamma := distuv.Gamma{Alpha: dof / 2, Beta: 1 / kT}
	k.gamma = gamma
	k.Target, k.ExpectedMean, k.ExpectedDeviation = &target, pointer(gamma.Mean()), pointer(gamma.StdDev())
	h := &k.Histogram
	below, farthest := 0.0, 0.0
	cumulative := gamma.CDF(max(0, h.From))
	for i, count := range h.Counts {
		next := gamma.CDF(max(0, h.From+float64(i+1)*h.Bin))
		h.Expected = append(h.Expected, n*(next-cumulative))
		farthest = max(farthest, math.Abs(below/n-cumulative))
		below, cumulative = below+float64(count), next
	}
	farthest = max(farthest, math.Abs(1-cumulative))
	k.Distance = &farthest
}

// overall sums up replicas.
func overall(list []replicaReport) (o overallReport) {
	o.Replicas = len(list)
	n := float64(len(list))
	var drift, driftError, temperatureError mean
	for i := range list {
		r := &list[i]
		c := &r.Conserved
		o.Temperature += r.Temperature / n
		drift.add(c.Drift, 1)
		driftError.add(c.DriftError, 2)
		temperatureError.add(r.TemperatureError, 2)
		o.Ratio, o.Percent = farther(o.Ratio, c.Ratio), farther(o.Percent, c.Percent)
		if r.Atoms > 0 {
			o.Deviation = farther(o.Deviation, pointer(1000*c.Deviation/float64(r.Atoms)))
		}
		if r.Momenta != nil {
			o.Momentum, o.Angular = farther(o.Momentum, &r.Momenta.Momentum), farther(o.Angular, r.Momenta.Angular)
		}
	}
	if drift.n == len(list) {
		o.Drift = pointer(drift.sum / n)
	}
	if driftError.n == len(list) { // the replicas are independent
		o.DriftError = pointer(math.Sqrt(driftError.sum) / n)
	}
	if temperatureError.n == len(list) {
		o.TemperatureError = pointer(math.Sqrt(temperatureError.sum) / n)
	}
	return o
}

// mean sums powers of what is there.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x *float64, power float64) {
	if x != nil {
		m.sum += math.Pow(*x, power)
		m.n++
	}
}

// farther is the one that is farther from 0.
func farther(a, b *float64) *float64 {
	if a == nil || b != nil && math.Abs(*b) > math.Abs(*a) {
		return b
	}
	return a
}

func pointer(x float64) *float64 { return &x }
