"""The structures of the golden files: ASE atoms with atoms.info["name"], fixed seeds."""
import itertools

import numpy as np
from ase import Atoms
from ase.build import bulk, fcc100, graphene, molecule

MOLECULES = [
    "H2", "LiF", "N2", "HCl", "ClF", "BeH", "H2O", "CO2", "HCN", "NH3", "BF3", "PH3", "SO2", "H2CO", "SiH4", "CH3Cl",
    "PF3", "C2H4", "CH3OH", "C2H6", "CH3SH", "CH3CONH2", "C4H4S", "C6H6", "C5H5N", "Si2H6", "AlCl3", "NaCl",
    "isobutane", "bicyclobutane",
]  # fmt: skip


def rattled(atoms, name, rng, amount=0.08):
    atoms.positions += rng.normal(0, amount, atoms.positions.shape)
    atoms.info = {"name": name}
    return atoms


def chain(n, rng):
    """A branched organic chain of n atoms with N, O, F, S, P and Cl mixed in: a self-avoiding walk."""
    pos = [np.zeros(3)]
    while len(pos) < n:
        step = rng.normal(size=3)
        new = pos[rng.integers(max(0, len(pos) - 4), len(pos))] + 1.35 * step / np.linalg.norm(step)
        if min(np.linalg.norm(new - p) for p in pos) > 1.05:
            pos.append(new)
    return Atoms(rng.choice([1, 1, 1, 6, 6, 7, 8, 9, 15, 16, 17], n), positions=pos)


def water_box(n, rng):
    """n**3-ish periodic water: molecules on a grid, turned at random, at about 1 g/cm^3."""
    edge = 3.1042
    atoms = Atoms(cell=[edge * k for k in n], pbc=True)
    for cell in itertools.product(*map(range, n)):
        w = molecule("H2O")
        w.rotate(rng.uniform(0, 360), rng.normal(size=3), center="COM")
        w.translate(edge * (np.array(cell) + 0.5))
        atoms += w
    return atoms


def structures():
    rng = np.random.default_rng(2026)
    out = [rattled(molecule(m), m, rng) for m in MOLECULES]
    out += [rattled(chain(n, rng), f"chain{n}", rng, 0.03) for n in (24, 40, 60)]

    out.append(Atoms("C", positions=[[0.3, -0.2, 0.1]], info={"name": "isolated-atom"}))
    for name, d in (("pair-inside", 4.999), ("pair-at-cutoff", 5.0), ("pair-outside", 5.001)):
        out.append(Atoms("OO", positions=[[0, 0, 0], [d, 0, 0]], info={"name": name}))

    out.append(rattled(water_box((2, 4, 4), rng), "water-box", rng, 0.05))
    out.append(rattled(bulk("Si", "diamond", a=5.43), "silicon-primitive", rng))
    out.append(rattled(bulk("NaCl", "rocksalt", a=5.64, cubic=True), "salt", rng))
    out.append(rattled(bulk("Mg", "hcp", a=3.21, c=5.21), "magnesium", rng))
    out.append(rattled(graphene(size=(2, 2, 1), vacuum=6), "graphene-slab", rng))
    out.append(rattled(fcc100("Al", (2, 1, 2), a=4.05, vacuum=5), "aluminium-slab", rng))
    wire = Atoms("CHCH", positions=[[0, 0, 0], [0.2, 1.0, 0.1], [0, 0, 1.4], [0, -1.0, 1.5]], cell=[12, 12, 2.8])
    wire.pbc = (False, False, True)
    out.append(rattled(wire, "polymer-wire", rng))
    skewed = Atoms("CO2HF", positions=rng.uniform(-9, 14, (5, 3)))
    skewed.set_cell([[4.2, 0, 0], [3.1, 5.0, 0], [-2.2, 2.7, 6.1]])
    skewed.pbc = True
    skewed.info["name"] = "triclinic-atoms-outside"
    out.append(skewed)
    for atoms in out:
        atoms.positions = atoms.positions.round(6)
    return out


def edges(atoms, cutoff):
    """Every directed edge by brute force over explicit images: src, dst [E] and shift [E, 3] in angstrom."""
    cell, pbc = np.asarray(atoms.cell), atoms.pbc
    span = [0, 0, 0]
    if pbc.any():
        heights = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.complete()), axis=0)
        frac = atoms.cell.complete().scaled_positions(atoms.positions)
        spread = np.ptp(frac, axis=0)
        span = [int(np.ceil(cutoff / h + s)) if p else 0 for h, s, p in zip(heights, spread, pbc)]
    src, dst, shifts = [], [], []
    for image in itertools.product(*(range(-s, s + 1) for s in span)):
        shift = np.array(image) @ cell
        x = atoms.positions[None, :, :] + shift - atoms.positions[:, None, :]
        d = np.linalg.norm(x, axis=2)
        near = d <= cutoff
        if image == (0, 0, 0):
            np.fill_diagonal(near, False)
        margin = np.abs(d[near] - cutoff)
        close = atoms.info["name"] != "pair-at-cutoff" and margin.size and margin.min() < 1e-5
        assert not close, f"{atoms.info['name']}: a pair within 1e-5 of the cutoff"
        assert not near.any() or d[near].min() > 0.6, f"{atoms.info['name']}: atoms too close, {d[near].min()}"
        i, j = np.nonzero(near)
        src.append(j), dst.append(i), shifts.append(np.tile(shift, (len(i), 1)))
    return np.concatenate(src), np.concatenate(dst), np.concatenate(shifts)
