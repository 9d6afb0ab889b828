package train

import (
	"flag"

	"painless/data"
	"painless/train"
)

// registerLoss adds the flags of the loss.
func registerLoss(flags *flag.FlagSet, l *train.Loss) {
	d := train.DefaultLoss
	flags.Float64Var(&l.Energy, "energy-weight", d.Energy, "of the squared error of a structure's energy over its number of atoms")
	flags.Float64Var(&l.Force, "force-weight", d.Force, "of the mean squared error of force components")
	flags.Float64Var(&l.Stress, "stress-weight", d.Stress, "of the squared errors of stress times volume over the number of atoms, where there is stress")
	flags.Float64Var(&l.AtomEnergy, "atom-energies", 0, "weight of the mean squared error of the atoms' shares of the energy, the column energies that label writes")
	flags.Float64Var(&l.Hessian, "hessian-weight", 0, "of the mean squared error of the Hessian along a direction, eV/Å, the columns "+data.HessianDirectionKey+" and "+data.HessianProductKey+" that label -hessian writes; twice the work a visit")
	flags.Float64Var(&l.Scale, "force-scale", d.Scale, "force on an atom at which it weighs half, `eV/Å`; 0 weighs all the same")
	flags.Float64Var(&l.EnergyHuber, "energy-huber", 0, "error of the energy per atom from which on it counts by its size and not its square, `eV`; 0 is never")
	flags.Float64Var(&l.ForceHuber, "force-huber", 0, "the same of the force on an atom, `eV/Å`; 0 is never")
}
