"""nve.py CHECKPOINT STRUCTURE: velocity Verlet at constant energy from 300 K, and how well the energy is kept."""
import sys

import numpy as np
from ase import units
from ase.io import read
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet
from painless_ase import Painless

if len(sys.argv) < 3:
    sys.exit(__doc__)
atoms = read(sys.argv[2])
atoms.calc = Painless(model=sys.argv[1])
MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(1))
Stationary(atoms)
energies = []
dynamics = VelocityVerlet(atoms, timestep=0.25 * units.fs)
dynamics.attach(lambda: energies.append(atoms.get_total_energy()))
dynamics.run(400)
print(f"100 fs of {len(atoms)} atoms at {atoms.get_temperature():.0f} K: total energy {energies[0]:.6f} eV, "
      f"within {1000 * (max(energies) - min(energies)) / len(atoms):.3f} meV an atom")
