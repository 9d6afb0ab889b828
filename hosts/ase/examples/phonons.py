"""phonons.py CHECKPOINT [STRUCTURE]: frequencies of a crystal (diamond, if none is given) by finite displacements."""
import sys
import tempfile

import numpy as np
from ase.build import bulk
from ase.io import read
from ase.phonons import Phonons
from painless_ase import Painless

if len(sys.argv) < 2:
    sys.exit(__doc__)
crystal = read(sys.argv[2]) if len(sys.argv) > 2 else bulk("C", "diamond", a=3.567)
with tempfile.TemporaryDirectory() as folder:
    phonons = Phonons(crystal, Painless(model=sys.argv[1]), supercell=(3, 3, 3), delta=0.02, name=folder + "/phonon")
    phonons.run()
    phonons.read(acoustic=True)
path = crystal.cell.bandpath(npoints=8)
for point, energies in zip(path.kpts, phonons.band_structure(path.kpts)):
    print("q =", np.round(point, 3), "  ħω/meV:", " ".join(f"{1000 * e:8.3f}" for e in energies))
print("negative: imaginary, the crystal is not at a minimum")
