"""Prints what MDAnalysis reads of the last frame of an H5MD file, and h5py of the file."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import h5py
import MDAnalysis

path = sys.argv[1]
with h5py.File(path, "r") as f:
    energy = f["observables/potential_energy/value"]
    seen = {
        "creator": f["h5md/creator"].attrs["name"],
        "version": [int(n) for n in f["h5md"].attrs["version"]],
        "energy": [float(x) for x in energy],
        "unit": energy.attrs["unit"],
    }
    atoms = f["particles/all/species"].shape[0]
universe = MDAnalysis.Universe.empty(atoms, trajectory=False)
universe.load_new(path, format="H5MD", convert_units=True)
ts = universe.trajectory[-1]


def listed(array):
    return [[float(x) for x in row] for row in array]


seen.update(
    frames=universe.trajectory.n_frames,
    time=float(ts.time),
    position=listed(ts.positions),
    velocity=listed(ts.velocities),
    force=listed(ts.forces),
    cell=[float(x) for x in ts.dimensions],
)
print(json.dumps(seen))
