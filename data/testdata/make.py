"""Makes the files beside it with Debian's python3-ase: python3 make.py"""
import bz2
import lzma
import os

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

os.chdir(os.path.dirname(os.path.abspath(__file__)))

crystal = Atoms("NaCl", positions=[[0.1, 0, 0], [2.8, 0.25, -0.5]], cell=[[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.9, 0]], pbc=True)
crystal.info = {"name": "rock salt", "quote": 'say "hi" {x}', "count": 3, "flags": [True, False], "vector": np.array([1.5, 2, 3])}
crystal.arrays["tag"] = np.array([1, -2])
crystal.arrays["label"] = np.array(["a", "b2"])
crystal.arrays["fixed"] = np.array([True, False])
crystal.arrays["velocity"] = np.array([[1.0, 2, 3], [4, 5, 6.125]])
crystal.calc = SinglePointCalculator(
    crystal, energy=-1.25, forces=np.array([[0.5, 0, -1], [-0.5, 0, 1]]), stress=np.array([1, 2, 3, 4, 5, 6]) / 64)  # fmt: skip
slab = Atoms("C", positions=[[0, 0, 5.0]], cell=[3, 4, 0], pbc=[True, True, False])
molecule = Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
write("ase.extxyz", [crystal, slab, molecule], format="extxyz")
write("ase.xyz", molecule, format="xyz", comment="plain water")

# The golden structures, compressed by what Go has no encoder for.
with open("../../testdata/ultra_tiny.extxyz", "rb") as f:
    golden = f.read()
for name, compressed in {
    "golden.xz": lzma.compress(golden, preset=9),
    "golden.bz2": bz2.compress(golden),
    "dictionary.xz": lzma.compress(b"1\n\nH 0 0 0\n", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]),
}.items():
    with open(name, "wb") as f:
        f.write(compressed)
