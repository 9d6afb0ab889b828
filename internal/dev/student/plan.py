"""What is labelled: the tasks of a split, in an order drawn once, dealt into parts of alike content."""
import csv
import gzip
import os
import random
import zlib
from collections import defaultdict, namedtuple

import numpy as np
from rdkit import Chem

from contacts import clash, cluster, pair, transfer
from single import chain, molecule, near, press
from torsions import axes, kind_of_axis, rigid, scan
from wide import wide
from xtb import GFN2

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20261128
PARTS = {"train": 240, "train-near": 4, "train-turned": 8, "train-clash": 4, "train-close": 8, "train-minima": 4, "train-rigid": 4, "train-wide": 60, "valid": 4, "valid-near": 1, "test": 6}
Row = namedtuple("Row", "id smiles split source name atoms")
Amounts = namedtuple("Amounts", "scans pairs clusters waters clashes presses transfers")
# Tasks of each sort, scans for each class of bond. What walls are made of (clashes, presses, transfers) is for training alone: held-out frames are
# what people compute.
AMOUNTS = {"train": Amounts(250, 5000, 1200, 1200, 3500, 3000, 2000), "valid": Amounts(5, 50, 17, 21, 0, 0, 0), "test": Amounts(8, 80, 27, 34, 0, 0, 0)}
RIGID = {"amide": 1000, "ester": 300, "sulfur": 300}  # turns of other classes: 50


def forces_of(numbers):
    """Returns GFN2's forces as a function of positions."""
    gfn2 = GFN2(numbers)
    return lambda x: gfn2(x)[1]


def rows_of(lines):
    """Returns the molecules of a list, with the number of atoms of each."""
    return [Row(int(r["id"]), r["smiles"], r["split"], r["source"], r["name"], Chem.AddHs(Chem.MolFromSmiles(r["smiles"])).GetNumAtoms())
            for r in csv.DictReader(lines)]


def read_rows():
    """Returns the molecules of molecules.csv."""
    with open(os.path.join(HERE, "molecules.csv")) as f:
        return rows_of(f)


def read_crossed():
    """Returns the molecules of crossed.csv.gz: all for training, and in train-wide alone."""
    with gzip.open(os.path.join(HERE, "crossed.csv.gz"), "rt") as f:
        return rows_of(f)


def rotors(row):
    """Yields the bonds of a small molecule that train-turned turns, and how often: smallest ones most, where one methyl is a large part of few errors."""
    mol = Chem.AddHs(Chem.MolFromSmiles(row.smiles))
    for axis in axes(mol):
        if all(mol.GetAtomWithIdx(a).GetSymbol() == "S" for a in axis):
            yield axis, 8
        elif row.source == "known":
            yield axis, 32 if row.atoms <= 8 else 4
        elif kind_of_axis(mol, axis) == "amide" and row.atoms <= 12:
            yield axis, 1


def by_class(verb, rows):
    """Returns the tasks of a verb at each bond of molecules that turns, by the bond's class."""
    found = defaultdict(list)
    for r in rows:
        mol = Chem.AddHs(Chem.MolFromSmiles(r.smiles))
        for axis in axes(mol):
            found[kind_of_axis(mol, axis)].append((f"{verb} {r.id} {axis[0]} {axis[1]}", (r,)))
    return dict(sorted(found.items()))


def tasks(split, rows):
    """Returns [(name, rows)]: the name says the generator and its arguments, and seeds it."""
    if split == "train-near":
        known = [r for r in rows if r.split == "train" and r.source == "known" and r.atoms <= 14]
        return [(f"near {r.id} {i}", (r,)) for r in known for i in range(1 if r.atoms > 8 else 4)]
    if split == "valid-near":
        return [(f"near {r.id} 0", (r,)) for r in rows if r.split == "valid" and r.atoms <= 12]
    if split == "train-minima":
        return [(f"near {r.id} {i}", (r,)) for r in rows if r.split == "train" and r.source == "known" and r.atoms <= 8 for i in range(4, 16)]
    rng = random.Random(f"{SEED} {split}")
    if split == "train-turned":
        out = [(f"torsion {r.id} {a} {b} {i}", (r,)) for r in rows if r.split == "train" and r.atoms <= 14
               for (a, b), times in rotors(r) for i in range(times)]
        rng.shuffle(out)
        return out
    if split == "train-rigid":
        turns = by_class("rigid", [r for r in rows + read_crossed() if r.split == "train" and r.atoms <= 14])
        out = [t for name, of in turns.items() for t in rng.sample(of, min(RIGID.get(name, 50), len(of)))]
        rng.shuffle(out)
        return out
    if split == "train-clash":
        small, tiny = [[r for r in rows if r.split == "train" and r.atoms <= most] for most in (14, 8)]
        water = next(r for r in rows if r.name == "water")
        return [(f"clash {i} {split}", (rng.choice(small), water if i % 2 else rng.choice(tiny))) for i in range(4000)]
    if split == "train-close":
        small, tiny = [r for r in read_crossed() if r.atoms <= 14], [r for r in rows if r.split == "train" and r.atoms <= 10]
        water = next(r for r in rows if r.name == "water")
        return [(f"clash {i} {split}", (rng.choice(small), rng.choice((water, rng.choice(small), rng.choice(tiny))))) for i in range(8000)]
    if split == "train-wide":
        tiny = [r for r in rows if r.split == "train" and r.atoms <= 8]
        return [(f"wide {r.id}", (r, rng.choice(tiny)) if r.atoms <= 16 else (r,)) for r in read_crossed()]
    own = [r for r in rows if r.split == split]
    water = next(r for r in rows if r.name == "water")
    amounts = AMOUNTS[split]
    out = [(f"molecule {r.id}", (r,)) for r in own]
    out += [(f"chain {r.id}", (r,)) for r in own if r.atoms <= 14 and (r.source == "known" or rng.random() < 0.2)]

    for of in by_class("torsion", [r for r in own if r.atoms <= 24]).values():
        # The molecules that chemists try first go first, then small ones.
        scans = sorted(of, key=lambda t: (t[1][0].source != "known", t[1][0].atoms + rng.uniform(0, 12)))
        out += scans[:amounts.scans]

    small = [r for r in own if r.atoms <= 14]
    tiny = [r for r in own if r.atoms <= 10] + [water]
    for i in range(amounts.pairs):
        first = rng.choice(small)
        second = water if rng.random() < 0.3 else rng.choice(small) if rng.random() < 0.5 else rng.choice(tiny)
        out.append((f"pair {i} {split}", (first, second)))
    for i in range(amounts.clusters):
        out.append((f"cluster {i} {split}", tuple(rng.choice(tiny) if rng.random() < 0.65 else water for _ in range(rng.randint(3, 5)))))
    for i in range(amounts.waters):
        out.append((f"water {i} {split}", (water,) * (rng.randint(2, 8) if rng.random() < 0.8 else rng.randint(9, 30))))
    for i in range(amounts.clashes):
        out.append((f"clash {i} {split}", (rng.choice(small), rng.choice(tiny))))
    for i in range(amounts.presses):
        out.append((f"press {i} {split}", (rng.choice(small),)))
    for i in range(amounts.transfers):
        out.append((f"transfer {i} {split}", tuple(water if rng.random() < 0.7 else rng.choice(tiny) for _ in range(rng.randint(2, 6)))))
    rng.shuffle(out)
    return out


def structures(name, rows):
    """Yields (kind, mol, positions) of a task."""
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    verb, *rest = name.split()
    if verb == "molecule":
        return molecule(rows[0], rng)
    if verb == "chain":
        return chain(rows[0], rng, forces_of)
    if verb == "torsion":
        quenched = rows[0].source == "known" and rows[0].atoms <= 12
        return scan(rows[0], tuple(map(int, rest[1:3])), rng, forces_of if quenched else None)
    if verb == "rigid":
        return rigid(rows[0], tuple(map(int, rest[1:3])), rng, forces_of)
    if verb == "pair":
        return pair(*rows, rng)
    if verb == "near":
        return near(rows[0], rng, forces_of)
    if verb == "wide":
        return wide(rows[0], rows[1] if len(rows) > 1 else None, rng)
    if verb == "clash":
        return clash(*rows, rng)
    if verb == "press":
        return press(rows[0], rng)
    if verb == "transfer":
        return transfer(rows, rng)
    if verb == "cluster":
        return cluster(rows, rng, 5)
    return cluster(rows, rng, 6 if len(rows) <= 8 else 2, forces_of if len(rows) <= 6 else None, "water")
