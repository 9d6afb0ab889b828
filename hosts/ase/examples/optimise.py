"""optimise.py CHECKPOINT STRUCTURE [OUTPUT]: moves a structure's atoms to a minimum, and its cell's vectors too where they span a volume."""
import sys

from ase.constraints import ExpCellFilter
from ase.io import read, write
from ase.optimize import BFGS
from painless_ase import Painless

if len(sys.argv) < 3:
    sys.exit(__doc__)
atoms = read(sys.argv[2])
atoms.calc = Painless(model=sys.argv[1])
everything = ExpCellFilter(atoms) if atoms.cell.rank == 3 and atoms.pbc.any() else atoms
optimiser = BFGS(everything, maxstep=0.1, logfile=None)
done = optimiser.run(fmax=0.01, steps=500)
print(f"{'converged' if done else 'not converged'} after {optimiser.nsteps} steps: {atoms.get_potential_energy():.6f} eV, "
      f"largest force {(atoms.get_forces() ** 2).sum(1).max() ** 0.5:.4f} eV/Å")
if len(sys.argv) > 3:
    write(sys.argv[3], atoms)
