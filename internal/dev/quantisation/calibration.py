"""Writes structures to calibrate on: molecules of the G2 set in ASE, displaced at random by 0.03, 0.06 and 0.1 A,
but those whose names are in TEST; 80 clusters of 16 atoms of any elements up to chlorine; and COUNT frames at random
of each DATASET.

    calibration.py OUT TEST COUNT [DATASET...]
"""
import random
import sys

import ase.io
import numpy
from ase import Atoms
from ase.build import molecule
from ase.collections import g2

out, test, count, datasets = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
tested = {frame.info.get("name") for frame in ase.io.read(test, ":")}
displaced, choice = numpy.random.default_rng(7), random.Random(1)
frames = []
for name in g2.names:
    if name not in tested:
        atoms = molecule(name)
        for sigma in (0.03, 0.06, 0.1):
            frames.append(Atoms(atoms.symbols, atoms.positions + displaced.normal(0, sigma, atoms.positions.shape)))
for _ in range(80):
    positions = []
    while len(positions) < 16:
        r = displaced.uniform(-3.4, 3.4, 3)
        if numpy.linalg.norm(r) < 3.4 and all(numpy.linalg.norm(r - other) > 0.9 for other in positions):
            positions.append(r)
    frames.append(Atoms(displaced.integers(1, 18, 16), positions))
for path in datasets:
    for frame in choice.sample(ase.io.read(path, ":"), count):
        frames.append(Atoms(frame.symbols, frame.positions))
choice.shuffle(frames)
ase.io.write(out, frames, format="extxyz")
