package train

import (
	"errors"
	"flag"
	"fmt"
	"slices"

	"painless/data"
	"painless/train"
)

// lossFlag is a flag for a number of the loss.
type lossFlag struct {
	flag, of string
	number   *float64
	value    float64 // where nothing is said
	usage    string
}

// lossFlags is those of a loss.
func lossFlags(l *train.Loss) []lossFlag {
	d := train.DefaultLoss
	return []lossFlag{
		{"energy-weight", train.EnergyWeight, &l.Energy, d.Energy, "of the squared error of a structure's energy over its number of atoms"},
		{"force-weight", train.ForceWeight, &l.Force, d.Force, "of the mean squared error of force components"},
		{"stress-weight", train.StressWeight, &l.Stress, d.Stress, "of the squared errors of stress times volume over the number of atoms, where there is stress"},
		{"atom-energies", train.AtomEnergyWeight, &l.AtomEnergy, 0, "weight of the mean squared error of the atoms' shares of the energy, the column energies that label writes"},
		{"hessian-weight", train.HessianWeight, &l.Hessian, 0, "of the mean squared error of the Hessian along a direction, eV/Å, the columns " + data.HessianDirectionKey + " and " + data.HessianProductKey + " that label -hessian writes; twice the work a visit"},
		{"force-scale", train.ForceScale, &l.Scale, d.Scale, "force on an atom at which it weighs half, `eV/Å`; 0 weighs all the same"},
		{"energy-huber", train.EnergyHuber, &l.EnergyHuber, 0, "error of the energy per atom from which on it counts by its size and not its square, `eV`; 0 is never"},
		{"force-huber", train.ForceHuber, &l.ForceHuber, 0, "the same of the force on an atom, `eV/Å`; 0 is never"},
	}
}

// registerLoss adds the flags of the loss.
func registerLoss(flags *flag.FlagSet, l *train.Loss) {
	for _, f := range lossFlags(l) {
		flags.Float64Var(f.number, f.flag, f.value, f.usage)
	}
}

// allWeights is the flags of the loss's weights.
const allWeights = "-energy-weight, -force-weight, -stress-weight, -atom-energies, -hessian-weight"

// named is an error of a run's settings, with the flag that one of the loss is from.
func named(err error) error {
	var wrong *train.LossError
	switch {
	case errors.Is(err, train.ErrNoWeight):
		return fmt.Errorf("%w: %s", err, allWeights)
	case !errors.As(err, &wrong):
		return err
	}
	list := lossFlags(&train.Loss{})
	k := slices.IndexFunc(list, func(f lossFlag) bool { return f.of == wrong.Name })
	return fmt.Errorf("-%s %v: expected %s", list[k].flag, wrong.Value, wrong.Expected)
}
