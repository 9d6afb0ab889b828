"""Relaxes structures with ASE: relax.py < JSON lines of numbers, positions, cell, pressure > the same, relaxed.

cell is null for a cluster, which has no cutoff; the crystals' cells relax with their atoms.
"""
import json
import sys

import numpy as np
from ase import Atoms, units
from ase.calculators.lj import LennardJones
from ase.optimize import BFGS, FIRE

try:
    from ase.filters import FrechetCellFilter as CellFilter
except ImportError:  # before ASE 3.23
    from ase.constraints import ExpCellFilter as CellFilter

for line in sys.stdin:
    start = json.loads(line)
    found = []
    for optimizer in FIRE, BFGS:
        atoms = Atoms(numbers=start["numbers"], positions=start["positions"], cell=start["cell"], pbc=start["cell"] is not None)
        atoms.calc = LennardJones(epsilon=start["epsilon"], sigma=start["sigma"], rc=start["cutoff"])
        moved = atoms
        if start["cell"] is not None:
            moved = CellFilter(atoms, scalar_pressure=start["pressure"] * units.bar)
        optimizer(moved, logfile=None).run(fmax=1e-4, steps=1000)
        found.append({
            "forces": float(np.abs(atoms.get_forces()).max()),
            "energy": float(atoms.get_potential_energy()),
            "positions": atoms.positions.tolist(),
            "cell": atoms.cell.tolist(),
        })
    print(json.dumps(found), flush=True)
