"""neb.py CHECKPOINT FIRST LAST: the lowest way from one minimum to another, by a climbing nudged elastic band."""
import sys

from ase.io import read
from ase.neb import NEB
from ase.optimize import FIRE
from painless_ase import Painless

if len(sys.argv) < 4:
    sys.exit(__doc__)
first, last = read(sys.argv[2]), read(sys.argv[3])
images = [first] + [first.copy() for _ in range(5)] + [last]
calculator = Painless(model=sys.argv[1])  # one for all: each image is computed when it is asked for
for image in images:
    image.calc = calculator
band = NEB(images, climb=True, allow_shared_calculator=True)
band.interpolate("idpp")
optimiser = FIRE(band, maxstep=0.05, logfile=None)
done = optimiser.run(fmax=0.05, steps=300)
energies = [image.get_potential_energy() for image in images]
print(f"{'converged' if done else 'not converged'} after {optimiser.nsteps} steps; energies along the way, eV:",
      " ".join(f"{e - energies[0]:.4f}" for e in energies))
