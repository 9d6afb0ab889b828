"""Prints what ASE reads in the files named as arguments: one line of JSON a frame."""
import json
import sys

import numpy as np
from ase.io import iread


def plain(x):
    return x.tolist() if isinstance(x, (np.ndarray, np.generic)) else x


for path in sys.argv[1:]:
    for atoms in iread(path, format="extxyz"):
        results = atoms.calc.results if atoms.calc else {}
        print(json.dumps({
            "numbers": plain(atoms.numbers),
            "positions": plain(atoms.positions),
            "cell": plain(atoms.cell.array),
            "pbc": plain(atoms.pbc),
            "info": {k: plain(v) for k, v in atoms.info.items()},
            "arrays": {k: plain(v) for k, v in atoms.arrays.items() if k not in ("numbers", "positions")},
            "results": {k: plain(v) for k, v in results.items()},
        }))  # fmt: skip
