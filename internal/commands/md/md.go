// Package md is the verb md: molecular dynamics.
package md

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/md"
)

// Verb is painless md.
var Verb = &cli.Verb{
	Name:    "md",
	Args:    "[-model FILE] [flags] INPUT",
	Summary: "Moves atoms: molecular dynamics of a structure, or of many independent ones at once.",
	Help: `Every frame of INPUT, XYZ or HDF5, is a replica: an independent simulation. Its own
velocities are used where it has them (columns momenta, as ASE writes them, or
velocities, in Å/fs); otherwise they are drawn at the temperature.

Ensembles: nve (velocity Verlet); at constant temperature langevin (BAOAB), csvr
(stochastic velocity rescaling) and nhc (Nosé–Hoover chains); at constant pressure
npt-scr (stochastic cell rescaling) and npt-mtk (Martyna, Tobias and Klein).
A temperature or pressure such as 300:600 goes from one to the other over the run.

The same seed gives the same trajectory, on any number of threads; a run that was
stopped goes on from its checkpoint to the same bits: -restart FILE, with the flags
that say where it writes.

Exit codes: 0 all steps were made; 2 replicas failed, and are listed, while others went
on; 1 refused, stopped, or none is left.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model    cli.Model
	dynamics md.Settings
	limits   md.Limits

	ensemble, coupling    string
	fix                   datasets.Fix
	temperature, pressure ramp
	hydrogens             bool

	every           int64
	trajectory, log string
	checkpoint      string
	saveEvery       int64
	restart         string
	report, from    string
	force           bool
	input           string
	set             map[string]bool // flags that stand on the command line
}

// ramp is T or T:T2.
type ramp struct{ md.Ramp }

func (r *ramp) String() string { return "" }

// Set reads a number, or two with a colon between.
func (r *ramp) Set(text string) error {
	from, to, two := strings.Cut(text, ":")
	var err error
	if r.From, err = strconv.ParseFloat(from, 64); err == nil {
		r.To = r.From
		if two {
			r.To, err = strconv.ParseFloat(to, 64)
		}
	}
	if err != nil {
		return errors.New("expected a number, or two with a colon between")
	}
	return nil
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	d := &s.dynamics
	flags.StringVar(&s.ensemble, "ensemble", "nve", "`name`: nve, langevin, csvr, nhc, npt-scr or npt-mtk")
	flags.Var(&s.temperature, "temperature", "`T or T:T2`, K, of the thermostat, and of the velocities that are drawn")
	flags.Var(&s.pressure, "pressure", "`P or P:P2`, bar, of the barostat; 0 where it is left out")
	flags.StringVar(&s.coupling, "coupling", "iso", "what of the cell follows the pressure: iso, its volume; aniso, its lengths along x, y and z; tri, all of it (the last two with npt-scr)")
	flags.Float64Var(&d.TimeStep, "dt", 0.5, "time step, `fs`")
	flags.Int64Var(&d.Steps, "steps", 0, "steps of the whole run, those before a restart among them")
	flags.Uint64Var(&d.Seed, "seed", 1, "of the velocities and of the random forces")
	flags.Float64Var(&d.ThermostatTime, "thermostat-time", 100, "relaxation time of the thermostat, or the inverse of Langevin's friction, `fs`")
	flags.Float64Var(&d.BarostatTime, "barostat-time", 1000, "relaxation time of the barostat, `fs`")
	flags.Float64Var(&d.Compressibility, "compressibility", 4.5e-5, "of the substance, `1/bar`, which sets the pace of npt-scr; the one left out is water's")
	flags.Var(&s.fix, "fix", datasets.FixUsage)
	flags.BoolVar(&s.hydrogens, "hbonds", false, "hold the lengths that bonds to hydrogen have at the start (SHAKE and RATTLE), for steps of 2 fs")
	flags.BoolVar(&d.KeepDrift, "keep-drift", false, "keep the total momentum of the velocities")
	flags.BoolVar(&d.NoRotation, "no-rotation", false, "take away the angular momentum of isolated structures at every step")
	flags.Int64Var(&s.every, "every", 100, "`steps` between frames of the trajectory and lines of the log")
	flags.StringVar(&s.trajectory, "o", "", "trajectory `file`, by its ending: .xyz and .extxyz, .dcd, .nc, or .h5 for H5MD in binaries built with -tags hdf5; of several replicas one file each, such as traj-0003.xyz")
	flags.StringVar(&s.log, "log", "", "`file` of comma-separated values, whose units are in the first line")
	flags.StringVar(&s.checkpoint, "checkpoint", "", "`file` to go on from, written as often as -checkpoint-every says and at the end")
	flags.Int64Var(&s.saveEvery, "checkpoint-every", 10_000, "`steps` between checkpoints")
	flags.StringVar(&s.restart, "restart", "", "checkpoint `file` to go on from: its ensemble, settings and atoms hold, and the trajectory and the log go on where it stands")
	flags.Func("report", "`folder` for report.json and figures of the run, however it ends: drift, temperature, kinetic energies, momenta, speed", cli.FolderFlag(&s.report))
	flags.StringVar(&s.from, "from", "", "report on the run of this log `file`: with -report and nothing else")
	flags.BoolVar(&s.force, "force", false, "replace an existing trajectory, log, checkpoint and report")
	flags.Float64Var(&s.limits.Temperature, "max-temperature", 0, "stop a replica beyond this, `K`; 0 is ten times the temperature, and at least 3000; with -restart, as with all limits, the one that the run has had so far")
	flags.Float64Var(&s.limits.Drift, "max-drift", 0, "stop a replica whose conserved energy has changed by this, `eV` an atom; 0 is 0.1")
	flags.Float64Var(&s.limits.Distance, "min-distance", 0, "stop a replica with atoms closer than this, `Å`; 0 is 0.4")
	flags.Float64Var(&s.limits.Force, "max-force", 0, "stop a replica with a larger force on an atom, `eV/Å`; 0 is 100")
	return func(ctx context.Context, std cli.Std, inputs []string) error {
		s.set = map[string]bool{}
		flags.Visit(func(f *flag.Flag) { s.set[f.Name] = true })
		return s.run(ctx, std, inputs)
	}
}

// checkFrom is check of who wants a report on a log.
func (s *settings) checkFrom(inputs []string) error {
	if s.report == "" {
		return errors.New("-from: expected -report beside it, the folder to write to")
	}
	if len(inputs) > 0 {
		return fmt.Errorf("-from: expected no INPUT beside it, found %d", len(inputs))
	}
	for _, name := range slices.Sorted(maps.Keys(s.set)) {
		if !slices.Contains([]string{"from", "report", "force"}, name) {
			return fmt.Errorf("-%s beside -from: expected -report and -force alone, as no steps are made", name)
		}
	}
	return nil
}

// kept is flags whose values a checkpoint has, so that a restart takes none.
var kept = []string{"ensemble", "temperature", "pressure", "coupling", "dt", "seed", "thermostat-time", "barostat-time", "compressibility",
	"fix", "hbonds", "keep-drift", "no-rotation"}

// meant is flags that some ensembles alone have a use for.
var meant = []struct {
	flag string
	to   []md.Ensemble
}{
	{"thermostat-time", []md.Ensemble{md.Langevin, md.CSVR, md.NHC, md.NPTSCR, md.NPTMTK}},
	{"pressure", []md.Ensemble{md.NPTSCR, md.NPTMTK}},
	{"barostat-time", []md.Ensemble{md.NPTSCR, md.NPTMTK}},
	{"coupling", []md.Ensemble{md.NPTSCR, md.NPTMTK}},
	{"compressibility", []md.Ensemble{md.NPTSCR}},
}

// checkMeant refuses flags that would change nothing.
func (s *settings) checkMeant() error {
	for _, m := range meant {
		if s.set[m.flag] && !slices.Contains(m.to, s.dynamics.Ensemble) {
			names := make([]string, len(m.to))
			for i, e := range m.to {
				names[i] = e.String()
			}
			return fmt.Errorf("-%s: expected the ensemble %s, found %v", m.flag, strings.Join(names, " or "), s.dynamics.Ensemble)
		}
	}
	return nil
}

func (s *settings) check(inputs []string) (err error) {
	if s.from != "" {
		return s.checkFrom(inputs)
	}
	if err := s.model.CheckOne(); err != nil {
		return err
	}
	if s.dynamics.Ensemble, err = md.ParseEnsemble(s.ensemble); err != nil {
		return fmt.Errorf("-ensemble: %w", err)
	}
	if s.dynamics.Coupling, err = md.ParseCoupling(s.coupling); err != nil {
		return fmt.Errorf("-coupling: %w", err)
	}
	s.dynamics.Temperature, s.dynamics.Pressure = s.temperature.Ramp, s.pressure.Ramp
	switch {
	case s.restart != "" && len(inputs) > 0:
		return errors.New("-restart: expected no INPUT beside it, as the checkpoint has the atoms")
	case s.restart == "" && len(inputs) != 1:
		return fmt.Errorf("expected one INPUT, found %d; -h shows the usage", len(inputs))
	case s.dynamics.Steps < 1:
		return fmt.Errorf("-steps %d: expected 1 or more", s.dynamics.Steps)
	case s.every < 1 || s.saveEvery < 1:
		return fmt.Errorf("-every %d, -checkpoint-every %d: expected 1 or more", s.every, s.saveEvery)
	case s.set["checkpoint-every"] && s.checkpoint == "":
		return errors.New("-checkpoint-every: expected -checkpoint beside it, the file to write to")
	case s.limits.Distance > md.LargestDistance:
		return fmt.Errorf("-min-distance %v: expected at most %v Å", s.limits.Distance, md.LargestDistance)
	}
	l := &s.limits
	if err := cmp.Or(
		cli.ZeroOrMore("max-temperature", l.Temperature), cli.ZeroOrMore("max-drift", l.Drift),
		cli.ZeroOrMore("min-distance", l.Distance), cli.ZeroOrMore("max-force", l.Force),
	); err != nil {
		return err
	}
	if s.restart != "" {
		for _, name := range kept {
			if s.set[name] {
				return fmt.Errorf("-%s beside -restart: expected none, as the checkpoint has its value", name)
			}
		}
		return nil
	}
	s.input = inputs[0]
	if err := s.checkMeant(); err != nil {
		return err
	}
	d := &s.dynamics
	switch nve := d.Ensemble == md.NVE; {
	case nve && d.Temperature.From != d.Temperature.To:
		return errors.New("-temperature: expected one value with nve, which has no thermostat")
	case s.set["temperature"] && !(d.Temperature.From > 0 && d.Temperature.To > 0):
		return fmt.Errorf("-temperature: expected more than 0 K, found %v to %v", d.Temperature.From, d.Temperature.To)
	}
	if err := cmp.Or(
		cli.AboveZero("thermostat-time", d.ThermostatTime), cli.AboveZero("barostat-time", d.BarostatTime),
		cli.AboveZero("compressibility", d.Compressibility),
	); err != nil {
		return err
	}
	if !s.set["temperature"] && s.dynamics.Ensemble != md.NVE {
		return fmt.Errorf("-temperature is missing: expected one, K, for %v", s.dynamics.Ensemble)
	}
	return nil
}
