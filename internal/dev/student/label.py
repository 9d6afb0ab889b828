"""Labels the parts of a split with GFN2, one file each; parts that are there already are left as they are.

    OMP_NUM_THREADS=1 nice -n 10 python3 label.py DIR train 0 10    # parts 0 to 9: a slice like the whole
"""
import json
import os
import sys
import time
import zlib

import numpy as np

from frames import Frame
from geometry import numbers
from plan import PARTS, SEED, read_rows, structures, tasks
from xtb import GFN2, SCFError

LARGEST_FORCE = 60  # eV/Å on an atom: beyond it two nuclei nearly meet, and GFN2 means little
LARGEST_PRESSED = 250  # eV/Å, for bonds pressed on purpose: C=O is at 60 eV/Å at 0.77 of its length already, and must not fall in below


def hessian(gfn2, x, rng):
    """Returns a random direction and the Hessian's product with it, by the central difference that training has: the atom that moves most by 0.015 Å."""
    v = rng.normal(size=x.shape)
    step = 0.015 / np.sqrt((v**2).sum(1)).max()
    return v, (gfn2(x - step * v)[1] - gfn2(x + step * v)[1]) / (2 * step)


def label(task, rows, counts):
    """Returns the frames of a task as text, and counts what is kept and dropped."""
    out, gfn2, atoms = [], None, None
    rng = np.random.default_rng([SEED, zlib.crc32(task.encode()), 1])
    smiles, ids = ".".join(r.smiles for r in rows), "+".join(str(r.id) for r in rows)
    try:
        for kind, mol, x in structures(task, rows):
            z, x = numbers(mol), np.round(x, 6)
            if gfn2 is None or len(z) != atoms:
                gfn2, atoms = GFN2(z), len(z)
            try:
                energy, forces = gfn2(x, fresh=True)
                curved = hessian(gfn2, x, rng) if kind == "near" else None
            except SCFError:
                counts["failed scf"] += 1
                continue
            if np.sqrt((forces**2).sum(1)).max() > (LARGEST_PRESSED if kind == "press" else LARGEST_FORCE):
                counts["dropped |F|"] += 1
                continue
            counts["kept"] += 1
            out.append(Frame(z, x, energy, forces, curved, kind=kind, smiles=smiles, molecule=ids).text())
    except (SCFError, RuntimeError):  # the latter are RDKit's, where a force field finds no way down
        counts["failed dynamics"] += 1
    if not out:
        counts["empty tasks"] += 1
    return out


def main():
    folder, split, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    os.makedirs(folder, exist_ok=True)
    every = tasks(split, read_rows())
    for part in range(first, min(last, PARTS[split])):
        path = os.path.join(folder, f"{split}-{part:02d}.xyz")
        if os.path.exists(path):
            continue
        wall, cpu, calls = time.time(), time.process_time(), GFN2.calls
        counts = dict.fromkeys(("kept", "dropped |F|", "failed scf", "failed dynamics", "empty tasks"), 0)
        with open(path + ".part", "w") as f:
            for name, rows in every[part::PARTS[split]]:
                f.writelines(label(name, rows, counts))
        counts.update(calls=GFN2.calls - calls, cpu_s=round(time.process_time() - cpu, 1), wall_s=round(time.time() - wall, 1))
        with open(path[:-4] + ".json", "w") as f:
            json.dump(counts, f)
        os.rename(path + ".part", path)
        print(path, counts, flush=True)


if __name__ == "__main__":
    main()
