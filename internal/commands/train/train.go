// Package train is the verb train: a student learns from labelled structures.
package train

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/nn"
	"painless/train"
)

// Verb is painless train.
var Verb = &cli.Verb{
	Name:    "train",
	Args:    "-valid FILE[,FILE…] -o STUDENT [flags] TRAIN…",
	Summary: "Trains a student on structures with energies and forces.",
	Help: `A TRAIN and a -valid FILE is extended XYZ or HDF5, as its first bytes say; - is extended
XYZ on standard input. STUDENT is what the average of the weights was at the best
validation: .pt, which PyTorch opens too, or .safetensors. Beside it stands
STUDENT.state, from which -resume goes on to the same bits as a run that was not stopped.

The energies of the elements are fitted first, and stand in the student's weights: it
gives the labels' total energies. Without -free the student is exactly equivariant, and
its energies and forces go to 0 at the cutoff without a jump.

The same seed gives the same student on any number of threads. With -time the speed is
measured first, and makes a number of visits, which is printed: -visits and -every repeat
that run.

Structures without labels, with forces beyond -max-force, that cannot be read or that are
there twice are left out and counted; those of them that are held out for validation are
taken out of TRAIN.

Exit codes: 0 done; 2 done, but frames could not be read or have no label, as listed, or
nothing was learned: no validation was better than the one before the first step, or
forces are no better than zeros; 1 refused or diverged; 129, 130, 143 stopped by SIGHUP,
SIGINT, SIGTERM. The best student so far is there, and the state, unless it was refused.`,
	New: New,
}

// settings is the command line.
type settings struct {
	size, from  string
	weights     cli.Weights
	free        bool
	epochs      float64
	visits      int64
	time        time.Duration
	every       string
	valid       string
	output      string
	state       string
	resume      bool
	force       bool
	log, plot   string
	threads     int
	saveEvery   time.Duration
	largest     float64 // eV/Å
	memory      int64   // MiB
	mixed       bool
	keys        data.LabelKeys
	skips       cli.Skips
	run         train.Settings
	set         map[string]bool // flags that stand on the command line
	inputs      []string
	commandLine string
}

// newCutoff is that of a new student where nothing is said, Å.
const newCutoff = 5

// sizes is those that have a name: features, blocks and radial functions.
var sizes = map[string][3]int{"original": {128, 3, 20}, "tiny": {64, 2, 12}, "ultra-tiny": {32, 2, 10}}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	r := &s.run
	flags.StringVar(&s.valid, "valid", "", "`files`, with commas between, to validate with: never trained on")
	flags.StringVar(&s.output, "o", "", "`file` of the student: .pt or .safetensors")
	flags.StringVar(&s.size, "size", "tiny", "`name or H,K,R`: original (128,3,20), tiny (64,2,12), ultra-tiny (32,2,10), or features, blocks and radial functions")
	flags.StringVar(&s.from, "from", "", "checkpoint `file` to begin with, in place of random weights; without -free what it has of other shapes than a tied student is projected first, and it is said what that changes")
	s.weights.RegisterAs(flags, newCutoff, "of a new student, `Å`; with -from the checkpoint's own is taken, and this is for one that does not state it")
	flags.BoolVar(&s.free, "free", false, "train all weights: neither the mixing matrices nor the filters' biases are tied, and the student is neither exactly equivariant nor continuous at the cutoff")
	flags.Float64Var(&s.epochs, "epochs", 0, "passes over the training structures; 100 where neither -visits nor -time says how long")
	flags.Int64Var(&s.visits, "visits", 0, "`structures` to visit, each as often as it comes")
	flags.DurationVar(&s.time, "time", 0, "`duration`, such as 30m or 8h, of the whole command, about: the speed is measured first, and makes a number of visits")
	flags.Uint64Var(&r.Seed, "seed", 1, "of the first weights and of the order of the structures")
	flags.IntVar(&s.threads, "threads", 0, "threads on the CPU; 0 is one for each core, and there are never more")
	flags.IntVar(&r.Batch, "batch", 8, "`structures` in a step")
	flags.IntVar(&r.Pairs, "pairs", 0, "`pairs` of atoms in a step of several structures, at most; 0 is twice what -batch has on average")
	flags.Float64Var(&r.Rate.Peak, "rate", 0, "learning rate; 0 is 2e-3, and 6e-4 with -from, times 64 over the features where there are more")
	flags.Float64Var(&r.Rate.Warmup, "warmup", 0.02, "`share` of the run over which the rate rises")
	flags.Float64Var(&r.Rate.Final, "final-rate", 0.01, "`share` of the rate that a cosine ends at")
	flags.IntVar(&r.Rate.Plateau, "plateau", 0, "halve the rate after so many `validations` without a better one, in place of the cosine; 0 is the cosine")
	flags.Float64Var(&r.Decay, "decay", 0.01, "weight decay of matrices, by AdamW")
	flags.Float64Var(&r.EMA, "ema", 0.999, "`share` that the average of the weights keeps at a step")
	flags.Float64Var(&r.Clip, "clip", 3, "bound on the norm of gradients, times their running norm; 0 is none")
	flags.Float64Var(&r.Norm, "max-norm", 0, "bound on the norm of gradients; 0 is none")
	flags.IntVar(&r.Patience, "patience", 0, "end after so many `validations` without a better one; 0 is never")
	flags.StringVar(&s.every, "every", "", "`epochs or duration` between validations, such as 0.5 or 5m; a twentieth of the run where it is left out")
	registerLoss(flags, &r.Loss)
	flags.StringVar(&s.keys.Energy, "energy-key", data.EnergyKey, "`key` of the energy labels; empty to leave them out")
	flags.StringVar(&s.keys.Forces, "forces-key", data.ForcesKey, "`name` of the column of force labels; empty to leave them out")
	flags.StringVar(&s.keys.Stress, "stress-key", data.StressKey, "`key` of the stress labels, a virial where virial is in it; empty to leave them out")
	flags.Float64Var(&s.largest, "max-force", 60, "leave out structures with a longer force on an atom, `eV/Å`")
	flags.BoolVar(&s.mixed, "mixed-units", false, "train although energies and forces contradict one another, as they do in different units")
	flags.Int64Var(&s.memory, "memory", 4096, "`MiB` that the structures may take")
	s.skips.Register(flags)
	flags.StringVar(&s.state, "state", "", "`file` of the state, written at each validation and as often as -save-every says; STUDENT.state where it is left out")
	flags.DurationVar(&s.saveEvery, "save-every", 5*time.Minute, "`duration` between states")
	flags.BoolVar(&s.resume, "resume", false, "go on from the state, with its settings, on the same structures")
	flags.StringVar(&s.log, "log", "", "`file` of comma-separated values, a line for each validation, with units in the first line")
	flags.StringVar(&s.plot, "plot", "", "`file` of the learning curve, PNG")
	flags.BoolVar(&s.force, "force", false, "replace an existing student, state, log and plot")
	return func(ctx context.Context, std cli.Std, inputs []string) error {
		s.set, s.inputs = map[string]bool{}, inputs
		line := []string{"painless", "train"}
		flags.Visit(func(f *flag.Flag) {
			s.set[f.Name] = true
			line = append(line, "-"+f.Name+"="+names(f.Value.String()))
		})
		for _, input := range inputs {
			line = append(line, names(input))
		}
		s.commandLine = strings.Join(line, " ")
		if s.from != "" && !s.set["cutoff"] { // the file's own
			s.weights.Cutoff = 0
		}
		return s.train(ctx, std)
	}
}

// names is files without their folders, which are nobody's business whom a student is
// given to; the sets' hashes say which files they were.
func names(list string) string {
	parts := strings.Split(list, ",")
	for i, path := range parts {
		if strings.ContainsRune(path, filepath.Separator) {
			parts[i] = filepath.Base(path)
		}
	}
	return strings.Join(parts, ",")
}

// mayResume is the flags that go with -resume: what the state does not have.
var mayResume = []string{"resume", "valid", "o", "state", "threads", "save-every", "log", "plot", "force", "strict", "memory", "max-force", "mixed-units",
	"energy-key", "forces-key", "stress-key"}

// check refuses what makes no sense, before anything is read.
func (s *settings) check(std cli.Std) error {
	given := 0
	for _, name := range []string{"epochs", "visits", "time"} {
		if s.set[name] {
			given++
		}
	}
	switch {
	case len(s.inputs) == 0:
		return errors.New("no structures to train on: expected extended XYZ or HDF5 files; -h shows the usage")
	case s.valid == "":
		return errors.New("-valid is missing: expected files of structures that are held out; -h shows the usage")
	case s.output == "":
		return errors.New("-o is missing: expected a file for the student; -h shows the usage")
	case given > 1:
		return errors.New("expected one of -epochs, -visits and -time")
	case s.set["epochs"] && !(s.epochs > 0 && s.epochs <= 1e9):
		return fmt.Errorf("-epochs %v: expected more than 0", s.epochs)
	case s.set["visits"] && s.visits < 1:
		return fmt.Errorf("-visits %d: expected 1 or more", s.visits)
	case s.set["time"] && s.time < time.Second:
		return fmt.Errorf("-time %v: expected a second or more", s.time)
	case s.from != "" && s.set["size"]:
		return errors.New("-size with -from: the checkpoint has a size")
	case s.from == "" && s.set["key"]:
		return errors.New("-key without -from: there is no checkpoint that has keys")
	case s.threads < 0 || s.threads > nn.MaxThreads:
		return fmt.Errorf("-threads %d: expected 0 (all cores) to %d", s.threads, nn.MaxThreads)
	case s.keys == data.LabelKeys{}:
		return errors.New("-energy-key, -forces-key and -stress-key are all empty: expected a label to train on")
	case !(s.largest > 0):
		return fmt.Errorf("-max-force %v: expected more than 0", s.largest)
	case s.memory < 1 || s.memory > 1<<30:
		return fmt.Errorf("-memory %d: expected 1 MiB or more", s.memory)
	case s.saveEvery < time.Second:
		return fmt.Errorf("-save-every %v: expected a second or more", s.saveEvery)
	case s.plot != "" && !strings.HasSuffix(strings.ToLower(s.plot), ".png"):
		return fmt.Errorf("-plot %s: expected a name that ends in .png", s.plot)
	}
	if s.resume {
		for name := range s.set {
			if !slices.Contains(mayResume, name) {
				return fmt.Errorf("-%s with -resume: the state has the settings of the run", name)
			}
		}
	}
	if err := s.weights.Check(); err != nil {
		return err
	}
	if err := s.checkRun(); err != nil {
		return err
	}
	if _, err := s.config(); err != nil {
		return err
	}
	if _, _, err := s.interval(); err != nil {
		return err
	}
	return s.checkOutputs(std)
}

// checkRun refuses settings of the run that are out of their range; what is left to be
// decided counts as decided.
func (s *settings) checkRun() error {
	r := s.run
	r.Total, r.Every = 1, 1
	if r.Pairs == 0 {
		r.Pairs = 1
	}
	if r.Rate.Peak == 0 {
		r.Rate.Peak = 1
	}
	return named(r.Check())
}

// config is the architecture that -size and -cutoff ask for.
func (s *settings) config() (nn.Config, error) {
	size, ok := sizes[s.size]
	if !ok {
		parts := strings.Split(s.size, ",")
		ok = len(parts) == 3
		for i, part := range parts[:min(3, len(parts))] {
			n, err := strconv.Atoi(part)
			size[i], ok = n, ok && err == nil
		}
	}
	h, k, r := size[0], size[1], size[2]
	if !ok || h < 8 || h%8 != 0 || h > 1024 || k < 1 || k > 16 || r < 2 || r > 256 {
		return nn.Config{}, fmt.Errorf("-size %s: expected original, tiny, ultra-tiny, or H,K,R: features, a multiple of 8 up to 1024, 1 to 16 blocks, 2 to 256 radial functions", s.size)
	}
	cutoff := s.weights.Cutoff
	if cutoff == 0 {
		cutoff = newCutoff
	}
	return nn.Config{HiddenDim: h, NumInteractions: k, NumRBF: r, Cutoff: cutoff, MaxZ: 100}, nil
}

// interval is -every: epochs or a duration, and neither where it is left out.
func (s *settings) interval() (epochs float64, duration time.Duration, err error) {
	if s.every == "" {
		return 0, 0, nil
	}
	if epochs, err = strconv.ParseFloat(s.every, 64); err == nil && epochs > 0 && epochs < 1e9 {
		return epochs, 0, nil
	}
	if duration, err = time.ParseDuration(s.every); err == nil && duration > 0 {
		return 0, duration, nil
	}
	return 0, 0, fmt.Errorf("-every %s: expected epochs, such as 0.5, or a duration, such as 5m", s.every)
}
