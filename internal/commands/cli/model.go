package cli

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"painless"
	"painless/atoms"
	"painless/nn"
)

// Model is the flags that say what computes, and where: the same in all verbs.
type Model struct {
	// AtomEnergies asks for the atoms' shares of the energies.
	AtomEnergies bool

	flag  string // that names the files
	paths string
	Weights
	Device    string
	Precision string
	Filters   string
	Threads   int

	anyElement bool
}

var (
	precisions = map[string]painless.Precision{"float32": painless.Float32, "float64": painless.Float64}
	filters    = map[string]painless.Filters{"auto": painless.Auto, "table": painless.Table, "exact": painless.Exact}
)

// Weights is the flags that say which of a file's weights are meant, and what
// the file does not say of them: in verbs that only look at a file, too.
type Weights struct {
	Key    string
	Cutoff float64 // Å
}

// Register adds the flags.
func (w *Weights) Register(flags *flag.FlagSet) {
	w.RegisterAs(flags, 0, "cutoff in `Å`, for a file that does not state it; 0 takes what the file says")
}

// RegisterAs is Register with another cutoff, Å, where none is given, and what it is of.
func (w *Weights) RegisterAs(flags *flag.FlagSet, cutoff float64, usage string) {
	flags.StringVar(&w.Key, "key", "", "`key` in the file under which the weights stand, such as ema, or what their names begin with, such as student; the one network of the file if empty")
	flags.Float64Var(&w.Cutoff, "cutoff", cutoff, usage)
}

// Check says what is wrong with the cutoff.
func (w *Weights) Check() error {
	if w.Cutoff != 0 {
		if err := nn.CheckCutoff(w.Cutoff); err != nil {
			return fmt.Errorf("-cutoff: %w", err)
		}
	}
	return nil
}

// Register adds the flags.
func (m *Model) Register(flags *flag.FlagSet) {
	m.RegisterAs(flags, "model", painless.Default, "checkpoint `file` of the student, or default, the one that painless brings with it; validate and bench take several, with commas between")
}

// RegisterAs is Register under another name for the files, and another student where
// none is given; "" is none.
func (m *Model) RegisterAs(flags *flag.FlagSet, name, fallback, usage string) {
	m.flag = name
	flags.StringVar(&m.paths, name, fallback, usage)
	m.Weights.Register(flags)
	flags.StringVar(&m.Device, "device", "cpu", "what to compute on: cpu, cuda or cuda:N for a GPU (in binaries built with -tags cuda), or emulator, a GPU's kernels run slowly on the CPU")
	flags.StringVar(&m.Precision, "precision", "float32", "arithmetic: float32 or, on the CPU, float64")
	flags.StringVar(&m.Filters, "filters", "auto", "filter networks: table, interpolated to float32's accuracy, exact, or auto: table in float32 and exact in float64")
	flags.IntVar(&m.Threads, "threads", 0, "threads on the CPU; 0 is one for each core, and there are never more")
	flags.BoolVar(&m.anyElement, "any-element", false, "compute elements too that the student was not trained on, where its file says on which it was")
}

// Check says which of the flags has a value that it cannot have.
func (m *Model) Check() error {
	paths := m.Paths()
	if len(paths) == 0 {
		return fmt.Errorf("-%s is missing: expected a checkpoint file; -h shows the usage", m.flag)
	}
	for i, path := range paths {
		if path == "" {
			return fmt.Errorf("-%s %s: expected file names between the commas", m.flag, m.paths)
		}
		if slices.Contains(paths[:i], path) {
			return fmt.Errorf("-%s %s: expected each file once, found %s twice", m.flag, m.paths, path)
		}
	}
	if _, ok := precisions[m.Precision]; !ok {
		return fmt.Errorf("-precision %s: expected float32 or float64", m.Precision)
	}
	if _, ok := filters[m.Filters]; !ok {
		return fmt.Errorf("-filters %s: expected table, exact or auto", m.Filters)
	}
	if m.Threads < 0 || m.Threads > nn.MaxThreads {
		return fmt.Errorf("-threads %d: expected 0 (all cores) to %d", m.Threads, nn.MaxThreads)
	}
	if err := m.Weights.Check(); err != nil {
		return err
	}
	for device := range strings.SplitSeq(m.Device, ",") { // some verbs take several
		if err := painless.CheckDevice(device); err != nil {
			return fmt.Errorf("-device: %w", err)
		}
	}
	return nil
}

// CheckOne is Check where one student on one device is all that can be.
func (m *Model) CheckOne() error {
	if err := m.Check(); err != nil {
		return err
	}
	if len(m.Paths()) > 1 {
		return fmt.Errorf("-%s %s: expected one file", m.flag, m.paths)
	}
	return painless.CheckDevice(m.Device)
}

// Paths is the students' files.
func (m *Model) Paths() []string {
	if m.paths == "" {
		return nil
	}
	return strings.Split(m.paths, ",")
}

// Names is what tables call the students: a file's name without its ending, or
// its whole path if another file has that name too.
func (m *Model) Names() []string {
	paths := m.Paths()
	base := func(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = base(path)
		for j, other := range paths {
			if j != i && base(other) == names[i] {
				names[i] = path
				break
			}
		}
	}
	return names
}

// Options is how to compute.
func (m *Model) Options() painless.Options {
	threads := runtime.GOMAXPROCS(0)
	if m.Threads > 0 { // more would only be in each other's way, and in that of a signal
		threads = min(threads, m.Threads)
	}
	return painless.Options{Device: m.Device, Key: m.Key, Cutoff: m.Cutoff, Precision: precisions[m.Precision], Filters: filters[m.Filters], Threads: threads, AnyElement: m.anyElement, AtomEnergies: m.AtomEnergies}
}

// Open opens a student, and says on stderr where there are other weights beside
// those that it took.
func (m *Model) Open(path string, stderr io.Writer) (*painless.Model, error) {
	model, err := painless.Open(path, m.Options())
	if err != nil {
		return nil, err
	}
	Took(stderr, path, model.Key, model.Others)
	if model.Overridden != 0 {
		fmt.Fprintf(stderr, "painless: %s: cutoff %v Å, %s: a student is good at the cutoff alone that it was trained with\n", path, model.Network.Cutoff, model.CutoffFrom)
	}
	if elements := model.Network.Elements; m.anyElement && len(elements) > 0 {
		fmt.Fprintf(stderr, "painless: %s: was trained on %s alone: what it says of other elements is of no use but to look at\n", path, atoms.Symbols(elements))
	}
	if len(model.Unapplied) > 0 {
		fmt.Fprintf(stderr, "painless: %s: %s beside the weights: not applied, as energies are the network's own\n", path, strings.Join(model.Unapplied, ", "))
	}
	return model, nil
}

// Took says on stderr which of a file's weights were taken, where there are others.
func Took(stderr io.Writer, path, key string, others []string) {
	if len(others) > 0 {
		fmt.Fprintf(stderr, "painless: %s: took the weights %s; there are others: -key %s takes them\n", path, Place(key), strings.Join(others, ", -key "))
	}
}

// Place says in words where in a file weights stand.
func Place(key string) string {
	if key == "" {
		return "at the top level"
	}
	return fmt.Sprintf("under %q", key)
}
