"""Reads structure and settings from standard input, and prints the positions (Å) of every frame of ASE's velocity Verlet.

All numbers are in ASE's units, whose time is Å √(u/eV), so that no constant of nature is asked for."""

import json
import sys

from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.md.verlet import VelocityVerlet

job = json.load(sys.stdin)
atoms = Atoms(numbers=job["numbers"], positions=job["positions"], cell=job["cell"], pbc=True)
atoms.set_masses(job["masses"])
atoms.set_velocities(job["velocities"])
atoms.calc = LennardJones(sigma=job["sigma"], epsilon=job["epsilon"], rc=job["cutoff"], smooth=False)
dynamics = VelocityVerlet(atoms, timestep=job["timestep"])


def frame():
    print(json.dumps(atoms.positions.tolist()), flush=True)


dynamics.attach(frame, interval=job["every"])
dynamics.run(job["steps"])
