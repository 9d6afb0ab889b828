"""Steps per second of molecular dynamics with one student: painless md, ASE with painless's forces, and ASE with PyTorch's.

    make bench-ase    # bench.py PAINLESS CHECKPOINT [SECONDS ROUNDS]

All move the same atoms with velocity Verlet, 0.5 fs, in float32 on one core, in turns; the best of the rounds counts. PyTorch
runs the traced network, whose pairs are found in it at each call, and is differentiated by autograd.
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "peers"), os.path.join(HERE, "..", "..", "..", "hosts", "ase")]

from best import at_its_best

at_its_best(1)

import numpy as np
import torch
from ase import units
from ase.build import molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.io import write
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from export import load
from painless_ase import Painless
from torch_peer import traced

STEP = 0.5  # fs


class TorchScript(Calculator):
    """Energy and forces of a traced network."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, checkpoint, atoms):
        super().__init__()
        model = load(checkpoint).eval()
        for p in model.parameters():
            p.requires_grad_(False)
        self.positions = torch.tensor(atoms.positions, dtype=torch.float32).requires_grad_(True)
        # The optimiser of PyTorch 1.13 fails on this graph's second call.
        self.call = traced(model, torch.tensor(atoms.numbers), self.positions, optimised=torch.__version__ >= "2")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        with torch.no_grad():
            self.positions.copy_(torch.from_numpy(atoms.positions))
        found = self.call().numpy()
        self.results = {"energy": float(found[0]), "forces": found[1:].reshape(-1, 3).astype(float)}


def waters(n):
    """A droplet of n³ waters on a grid of liquid water's density."""
    whole = molecule("H2O")
    whole.positions -= whole.positions[0]
    rng = np.random.RandomState(1)
    atoms = None
    for cell in np.ndindex(n, n, n):
        one = whole.copy()
        one.rotate(rng.uniform(0, 360), rng.normal(size=3))
        one.positions += 3.1 * np.array(cell)
        atoms = one if atoms is None else atoms + one
    return atoms


def ase(atoms, calculator, seconds):
    """Returns the steps per second of at least so many seconds."""
    atoms = atoms.copy()
    atoms.calc = calculator
    dynamics = VelocityVerlet(atoms, STEP * units.fs)
    dynamics.run(10)  # what is done once
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        dynamics.run(20)
        steps += 20
    return steps / (time.perf_counter() - start)


def painless(program, checkpoint, path, seconds):
    """Returns the steps per second of a run that takes about so many seconds."""
    def run(steps):
        start = time.perf_counter()
        subprocess.run([program, "md", "-model", checkpoint, "-threads", "1", "-ensemble", "nve", "-dt", str(STEP), "-steps", str(steps), path],
                       check=True, capture_output=True)
        return time.perf_counter() - start
    few = 20
    begin = run(few)  # opening, and the health card
    steps = few
    while (took := run(steps)) < begin + seconds / 4:
        steps *= 4
    steps = int(steps * seconds / (took - begin))
    return steps / (run(steps) - begin)


def main():
    program, checkpoint = sys.argv[1:3]
    seconds, rounds = float((sys.argv[3:4] or [5])[0]), int((sys.argv[4:5] or [3])[0])
    torch.set_num_threads(1)
    print(f"| steps/s, one core, best of {rounds} | atoms | ASE, PyTorch {torch.__version__} | ASE, painless | painless md | painless md : ASE, PyTorch |\n|---|---|---|---|---|---|")
    for name, atoms in (("ethanol", molecule("CH3CH2OH")), ("benzene", molecule("C6H6")), ("8 waters", waters(2)), ("64 waters", waters(4))):
        MaxwellBoltzmannDistribution(atoms, temperature_K=100, rng=np.random.RandomState(2))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "start.xyz")
            write(path, atoms, format="extxyz")
            ways = (lambda: ase(atoms, TorchScript(checkpoint, atoms), seconds), lambda: ase(atoms, Painless(model=checkpoint, threads=1), seconds),
                    lambda: painless(program, checkpoint, path, seconds))
            best = [max(found) for found in zip(*([way() for way in ways] for _ in range(rounds)))]
        print(f"| {name} | {len(atoms)} | " + " | ".join(f"{x:,.0f}" for x in best) + f" | {best[2] / best[0]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
