"""Molecules beside molecules: pairs from clash to the cutoff, small clusters, and water clusters of 2 to 30."""
import numpy as np
from rdkit import Chem

from geometry import Field, combine, embed, langevin, masses, numbers, positions, quench

WATER = "O"


def turn(rng):
    """Returns a random rotation matrix."""
    q = rng.normal(size=4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def anywhere(rng):
    """Returns a random direction, a unit vector."""
    v = rng.normal(size=3)
    return v / np.linalg.norm(v)


def nearest(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1)).min()


def approach(a, b, direction, distance):
    """Returns b moved along a direction until its nearest atom is distance Å from a's nearest, from outside."""
    low, high = 0.0, 40.0
    for step in np.arange(high, 0, -0.5):
        if nearest(a, b + step * direction) < distance:
            low, high = step, step + 0.5
            break
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if nearest(a, b + middle * direction) < distance else (low, middle)
    return b + high * direction


def loose(smiles, rng):
    """Returns a molecule and its positions about the origin: a conformer stirred at 300 K."""
    mol = embed(smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return None, None
    x, _ = langevin(Field(mol), masses(mol), positions(mol), 300, 10, rng)
    return mol, x - x.mean(0)


def pair(first, second, rng):
    """Yields (kind, mol, positions) of a dimer: a random approach, clashes, and a scan and dynamics about a minimum."""
    (a, xa), (b, xb) = loose(first.smiles, rng), loose(second.smiles, rng)
    if a is None or b is None:
        return
    both = combine([a, b], [xa, xb])
    direction = anywhere(rng)
    xb = xb @ turn(rng).T
    for low, high in ((1.2, 1.7), (1.7, 2.2), (2.2, 2.8), (2.8, 3.6), (3.6, 5.0)):
        yield "dimer", both, np.concatenate([xa, approach(xa, xb, direction, rng.uniform(low, high))])
    for low, high in ((0.5, 0.9), (0.8, 1.4)):
        other = anywhere(rng)
        yield "clash", both, np.concatenate([xa, approach(xa, xb @ turn(rng).T, other, rng.uniform(low, high))])

    both = combine([a, b], [xa, approach(xa, xb, direction, 2.5)])
    field = Field(both)
    x = field.minimum(100)
    n = len(xa)
    away = x[n:].mean(0) - x[:n].mean(0)
    away /= np.linalg.norm(away)
    for low, high in ((-0.5, 0.0), (-0.1, 0.4), (0.4, 1.2), (1.2, 2.5)):
        y = x.copy()
        y[n:] += rng.uniform(low, high) * away
        yield "dimer", both, y
    x, v = langevin(field, masses(both), x, 300, 20, rng)
    yield "dimer", both, x
    yield "dimer", both, langevin(field, masses(both), x, 500, 20, rng, v)[0]


def clash(first, second, rng):
    """Yields (kind, mol, positions) of a pair put together from other sides, nearest atoms at 0.5 to 2.2 Å."""
    (a, xa), (b, xb) = loose(first.smiles, rng), loose(second.smiles, rng)
    if a is None or b is None:
        return
    both = combine([a, b], [xa, xb])
    for low, high in ((0.5, 0.9), (0.7, 1.1), (0.8, 1.4), (1.0, 1.4), (1.2, 1.7), (1.7, 2.2)):
        direction = anywhere(rng)
        yield "clash", both, np.concatenate([xa, approach(xa, xb @ turn(rng).T, direction, rng.uniform(low, high))])


def transfer(rows, rng):
    """Yields (kind, mol, positions) of a cluster in which one hydrogen of a bond N–H, O–H or S–H goes some of the way to the nearest N, O, F, S or Cl of another molecule."""
    found = list(cluster(rows, rng, 1))
    if not found:
        return
    _, whole, x = found[0]
    z = numbers(whole)
    part = np.empty(len(z), int)
    for i, members in enumerate(Chem.GetMolFrags(whole)):
        part[list(members)] = i
    donors = [(n, a.GetIdx()) for a in whole.GetAtoms() if a.GetAtomicNum() == 1
              for n in [a.GetNeighbors()[0].GetIdx()] if z[n] in (7, 8, 16)]
    rng.shuffle(donors)
    for donor, h in donors[:4]:
        others = [i for i in range(len(z)) if z[i] in (7, 8, 9, 16, 17) and part[i] != part[h]]
        if not others:
            continue
        to = min(others, key=lambda i: ((x[i] - x[h]) ** 2).sum())
        y = x.copy()
        y[h] += rng.uniform(0.1, 1.0) * (x[to] - x[h]) * max(0.0, 1 - 0.9 / np.linalg.norm(x[to] - x[h])) + rng.normal(0, 0.05, 3)
        yield "transfer", whole, y


def packed(parts, rng):
    """Returns positions of molecules put beside one another, each near the middle at 2 Å or more from those before it."""
    placed = parts[0]
    for x in parts[1:]:
        direction = anywhere(rng)
        placed = np.concatenate([placed, approach(placed - placed.mean(0), x @ turn(rng).T, direction, rng.uniform(2.0, 2.6)) + placed.mean(0)])
    return placed


def cluster(rows, rng, frames, gfn2=None, kind="cluster"):
    """Yields (kind, mol, positions) of a cluster relaxed a little and stirred at 150 to 600 K."""
    known = {}
    for r in rows:
        if r.smiles not in known:
            known[r.smiles] = loose(r.smiles, rng)
    if any(m is None for m, _ in known.values()):
        return
    whole = combine([known[r.smiles][0] for r in rows], [packed([known[r.smiles][1] for r in rows], rng)])
    field = Field(whole)
    x, v = field.minimum(40), None
    if gfn2:
        for x in quench(gfn2(numbers(whole)), x, 8):
            pass
        yield kind, whole, x
    for i in range(frames):
        x, v = langevin(field, masses(whole), x, (300, 150, 600, 450)[i % 4], 25, rng, v)
        yield kind, whole, x
