"""Prints what a program reads of trajectories: for each a line, a JSON list of its frames.

usage: read.py PROGRAM ATOMS FILE...      PROGRAM is MDAnalysis, mdtraj or ase
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")


def listed(array):
    return None if array is None else [[float(x) for x in row] for row in array]


def mdanalysis(path, atoms):
    import MDAnalysis

    universe = MDAnalysis.Universe.empty(atoms, trajectory=False)
    universe.load_new(path)
    for ts in universe.trajectory:
        yield {
            "time": float(ts.time),
            "cell": None if ts.dimensions is None else [float(x) for x in ts.dimensions],
            "positions": listed(ts.positions),
            "velocities": listed(ts.velocities) if ts.has_velocities else None,
            "forces": listed(ts.forces) if ts.has_forces else None,
        }


def mdtraj(path, atoms):
    import mdtraj

    top = mdtraj.Topology()
    residue = top.add_residue("X", top.add_chain())
    for _ in range(atoms):
        top.add_atom("X", mdtraj.element.carbon, residue)
    t = mdtraj.load(path, top=top)
    for k in range(t.n_frames):
        cell = None
        if t.unitcell_lengths is not None:
            cell = [float(x) for x in 10 * t.unitcell_lengths[k]] + [float(x) for x in t.unitcell_angles[k]]
        yield {"time": float(t.time[k]), "cell": cell, "positions": listed(10 * t.xyz[k])}


def ase(path, atoms):
    from ase.io import iread
    from ase.io.netcdftrajectory import NetCDFTrajectory

    frames = NetCDFTrajectory(path) if path.endswith(".nc") else iread(path, index=":")
    for a in frames:
        yield {
            "step": int(a.info["step"]),
            "time": float(a.info["time"]),
            "numbers": [int(z) for z in a.numbers],
            "pbc": [bool(p) for p in a.pbc],
            "vectors": listed(a.cell),
            "positions": listed(a.positions),
            "velocities": listed(a.get_velocities()) if a.has("momenta") else None,
            "masses": [float(m) for m in a.get_masses()],
            "kinetic": float(a.get_kinetic_energy()),
            "energy": float(a.get_potential_energy()) if a.calc else None,
            "forces": listed(a.get_forces()) if a.calc else None,
            "stress": [float(x) for x in a.get_stress()] if a.calc and "stress" in a.calc.results else None,
        }


program, atoms, *paths = sys.argv[1:]
for path in paths:
    print(json.dumps(list({"MDAnalysis": mdanalysis, "mdtraj": mdtraj, "ase": ase}[program](path, int(atoms)))))
