"""Frames of a student's own dynamics, labelled by GFN2: what it visits and was never shown.

    OMP_NUM_THREADS=1 python3 resample.py starts 600 starts.xyz             # starts of training molecules, pairs and clusters, no labels
    OMP_NUM_THREADS=1 python3 resample.py droplets 40 starts.xyz 16 36      # or droplets of 16 to 36 waters
    painless md -model student.pt -ensemble langevin -temperature 500 -dt 0.5 -steps 2000 -every 500 -o run.xyz starts.xyz
    OMP_NUM_THREADS=1 nice -n 10 python3 resample.py label starts.xyz parts/train-own-0.xyz run-*.xyz
    python3 collect.py parts out > metrics-data.json                        # takes every parts/train-*.xyz

painless md writes a file for each start, run-0000.xyz for the first: the number in the name finds the start, and with it SMILES and molecules.
"""
import json
import random
import re
import sys
import time

import numpy as np
from ase.io import iread

from contacts import cluster
from frames import Frame, read
from geometry import numbers
from label import LARGEST_FORCE
from plan import SEED, read_rows, structures, tasks
from xtb import GFN2, SCFError

WANTED = {"molecule": "md300", "torsion": "torsion", "pair": "dimer", "cluster": "cluster", "water": "water"}


def starts(count):
    """Yields the first frame of the wanted kind of tasks of the training set, a fifth of each sort."""
    rng = random.Random(SEED + 1)
    every = tasks("train", read_rows())
    rng.shuffle(every)
    for verb, kind in WANTED.items():
        left = count // len(WANTED)
        for name, rows in every:
            if left == 0:
                break
            if name.split()[0] != verb:
                continue
            try:
                found = next(((mol, x) for k, mol, x in structures(name, rows) if k == kind and np.isfinite(x).all()), None)
            except RuntimeError:  # RDKit's, where a force field finds no way down
                continue
            if found is not None:
                left -= 1
                yield Frame(numbers(found[0]), found[1], kind=kind, smiles=".".join(r.smiles for r in rows), molecule="+".join(str(r.id) for r in rows))


def droplets(count, fewest, most):
    """Yields droplets of water, packed and relaxed in the force field: larger than those of the training set, and protons go over more often."""
    rng = np.random.default_rng([SEED, 2])
    water = next(r for r in read_rows() if r.name == "water")
    for _ in range(count):
        n = int(rng.integers(fewest, most + 1))
        _, mol, x = next(cluster((water,) * n, rng, 1, kind="droplet"))
        yield Frame(numbers(mol), x, kind="droplet", smiles=".".join([water.smiles] * n), molecule="+".join([str(water.id)] * n))


def label(starts_path, paths):
    """Yields labelled frames of the runs, and counts what is dropped."""
    begun = list(read(starts_path))
    for path in paths:
        start = begun[int(re.search(r"(\d+)\.xyz$", path)[1])] if len(begun) > 1 else begun[0]
        gfn2 = GFN2(start.z)
        for i, x in enumerate(atoms.positions for atoms in iread(path)):
            if i == 0:
                continue  # the start itself
            try:
                energy, forces = gfn2(np.round(x, 6), fresh=True)
            except SCFError:
                yield None
                continue
            if np.sqrt((forces**2).sum(1)).max() > LARGEST_FORCE:
                yield None
                continue
            yield Frame(start.z, np.round(x, 6), energy, forces, kind="own-" + start.info["kind"], smiles=start.info["smiles"],
                        molecule=start.info["molecule"])


def main():
    if sys.argv[1] in ("starts", "droplets"):
        with open(sys.argv[3], "w") as f:
            for frame in {"starts": starts, "droplets": droplets}[sys.argv[1]](int(sys.argv[2]), *map(int, sys.argv[4:])):
                f.write(frame.text())
        return
    out, began = sys.argv[3], time.process_time()
    counts = {"kept": 0, "dropped |F|": 0}
    with open(out, "w") as f:
        for frame in label(sys.argv[2], sys.argv[4:]):
            counts["kept" if frame else "dropped |F|"] += 1
            if frame:
                f.write(frame.text())
    with open(out[:-4] + ".json", "w") as f:
        json.dump({**counts, "calls": GFN2.calls, "cpu_s": round(time.process_time() - began, 1)}, f)
    print(out, counts)


if __name__ == "__main__":
    main()
