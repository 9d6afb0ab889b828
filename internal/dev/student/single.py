"""Single molecules away from their minima: dynamics at 50 to 1000 K, stretched and compressed bonds, random displacements."""
import numpy as np

from geometry import Field, embed, langevin, masses, numbers, positions, quench

TEMPERATURES = [300, 600, 1000, 300, 50, 600]


def share(atoms):
    """How many frames of dynamics a molecule gets: a frame of 33 atoms costs as much as eight of 12."""
    return 6 if atoms <= 16 else 4 if atoms <= 24 else 2


def stretched(mol, x, rng):
    """Returns positions with one bond at 0.6 to 1.7 of its length."""
    bond = mol.GetBondWithIdx(int(rng.integers(mol.GetNumBonds())))
    return scaled(mol, x, bond, rng.uniform(0.6, 1.0) if rng.random() < 0.4 else rng.uniform(1.0, 1.7))


def scaled(mol, x, bond, factor):
    """Returns positions with a bond at a multiple of its length: the side of its second atom moves, or both atoms of a ring's bond."""
    a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    if bond.IsInRing():
        shift = 0.5 * (min(factor, 1.25) - 1) * (x[b] - x[a])
        out = x.copy()
        out[a] -= shift
        out[b] += shift
        return out
    side = beyond(mol, a, b)
    return x + (factor - 1) * (x[b] - x[a]) * np.isin(np.arange(len(x)), list(side))[:, None]


def beyond(mol, a, b):
    """Returns the atoms on b's side of the bond from a to b."""
    side, edge = {b}, [b]
    while edge:
        for n in mol.GetAtomWithIdx(edge.pop()).GetNeighbors():
            i = n.GetIdx()
            if i not in side and not (i == a and len(side) == 1) and i != a:
                side.add(i)
                edge.append(i)
    return side


def molecule(row, rng):
    """Yields (kind, mol, positions) of one molecule, moved in the force field."""
    frames = share(row.atoms)
    mol = embed(row.smiles, (frames + 2) // 3, int(rng.integers(2**31)))
    if mol is None:
        return
    for i in range(frames):
        if i % 3 == 0:
            c = i // 3 % mol.GetNumConformers()
            field, x, v = Field(mol, c), positions(mol, c), None
        kelvin = TEMPERATURES[(i + row.id) % len(TEMPERATURES)]
        x, v = langevin(field, masses(mol), x, kelvin, 30, rng, v)
        yield f"md{kelvin}", mol, x
        if i % 3 == 0:
            yield "stretch", mol, stretched(mol, x, rng)
        if i % 3 == 1:
            yield "random", mol, positions(mol, c) + rng.normal(0, rng.uniform(0.02, 0.2), x.shape)


def press(row, rng):
    """Yields (kind, mol, positions) of bonds pressed to 0.45 to 0.8 of their length, between heavy atoms where there are any: what forbids collapse."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    x, _ = langevin(Field(mol), masses(mol), positions(mol), 300, 10, rng)
    bonds = list(mol.GetBonds())
    heavy = [b for b in bonds if b.GetBeginAtom().GetAtomicNum() > 1 and b.GetEndAtom().GetAtomicNum() > 1]
    for i in range(3):
        among = heavy if heavy and i < 2 else bonds
        yield "press", mol, scaled(mol, x, among[int(rng.integers(len(among)))], rng.uniform(0.45, 0.8))


def chain(row, rng, gfn2):
    """Yields (kind, mol, positions) of one molecule on GFN2's own surface: a quench, and dynamics from its end."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    forces = gfn2(numbers(mol))
    x = positions(mol)
    for i, x in enumerate(quench(forces, x, 24 if row.source == "known" else 12)):
        if i in (5, 11):
            yield "relax", mol, x
    yield "relax", mol, x
    v = None
    for kelvin in (50, 300, 300, 600):
        x, v = langevin(forces, masses(mol), x, kelvin, 6, rng, v, friction=0.05)
        yield f"md{kelvin}", mol, x


def near(row, rng, gfn2):
    """Yields (kind, mol, positions) about a minimum of GFN2's surface, where symmetric molecules have vectors of no length."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    forces = gfn2(numbers(mol))
    x = positions(mol)
    for x in quench(forces, x, 60):
        pass
    for width in (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08):
        yield "near", mol, x + rng.normal(0, width, x.shape)
    v = None
    for kelvin in (150, 300, 300):
        x, v = langevin(forces, masses(mol), x, kelvin, 8, rng, v, friction=0.05)
        yield "near", mol, x
