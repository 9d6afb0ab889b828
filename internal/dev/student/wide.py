"""Few frames of many molecules: one of dynamics, one torsion, one bond stretched, two displaced at random; beside a small molecule, near and clashing."""
import numpy as np

from contacts import anywhere, approach, loose, turn
from geometry import Field, combine, embed, held, langevin, masses, numbers, positions
from single import stretched
from torsions import axes, four, turned


def wide(row, partner, rng):
    """Yields (kind, mol, positions) of a molecule and, where it is small, of it beside a partner. partner may be None."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    minimum = positions(mol)
    for low, high in ((0.02, 0.1), (0.05, 0.2)):
        yield "random", mol, minimum + rng.normal(0, rng.uniform(low, high), minimum.shape)

    turning = axes(mol)
    if turning:
        atoms, degrees = four(mol, turning[int(rng.integers(len(turning)))]), rng.uniform(-180, 180)
        rigid = turned(mol, atoms, degrees)
        if rng.random() < 0.25:
            yield "torsion", mol, rigid
        yield "torsion", mol, held(mol, rigid, atoms, degrees).minimum(60)

    kelvin = (300, 600, 1000)[int(rng.integers(3))]
    x, _ = langevin(Field(mol), masses(mol), positions(mol), kelvin, 20, rng)
    yield f"md{kelvin}", mol, x
    yield "stretch", mol, stretched(mol, x, rng)

    if partner is None:
        return
    other, y = loose(partner.smiles, rng)
    if other is None:
        return
    x = x - x.mean(0)
    both = combine([mol, other], [x, y])
    for kind, low, high in (("clash", 0.6, 1.4), ("dimer", 1.2, 2.4), ("dimer", 1.8, 5.0)):
        yield kind, both, np.concatenate([x, approach(x, y @ turn(rng).T, anywhere(rng), rng.uniform(low, high))])
