"""Writes crossed.csv.gz: halves of two training molecules, cut at single bonds outside rings, put together: many more molecules of the same chemistry.

    python3 crossed.py > crossed.csv.gz
"""
import gzip
import random
import sys

from rdkit import Chem

from chemistry import canonical, parse
from molecules import UNSTABLE
from plan import SEED, read_rows

COUNT, HEAVIEST = 60_000, 11  # molecules; heavy atoms of each
CUT = Chem.MolFromSmarts("[!#1;!X1]-&!@[!#1]")


def halves(mol):
    """Returns [(molecule, atom)]: both sides of each single bond outside rings, with the atom that lost it."""
    out = []
    for a, b in mol.GetSubstructMatches(CUT):
        cut = Chem.RWMol(mol)
        cut.RemoveBond(a, b)
        members = []
        sides = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=members)
        for side, atoms in zip(sides, members):
            out.append((side, atoms.index(a if a in atoms else b)))
    return out


def joined(first, second):
    """Returns the molecule of two halves, or None where it is none of the recipe's."""
    (a, i), (b, j) = first, second
    if a.GetNumAtoms() + b.GetNumAtoms() > HEAVIEST:
        return None
    both = Chem.RWMol(Chem.CombineMols(a, b))
    both.AddBond(i, a.GetNumAtoms() + j, Chem.BondType.SINGLE)
    try:
        Chem.SanitizeMol(both)
    except (Chem.AtomValenceException, Chem.KekulizeException):
        return None
    return None if any(both.HasSubstructMatch(p) for p in UNSTABLE) else both.GetMol()


def main():
    rng = random.Random(f"{SEED} crossed")
    rows = read_rows()
    known = {r.smiles for r in rows}
    # Grown molecules are of one sort: as many of those as of all others.
    grown = [h for r in rows if r.split == "train" and r.source == "grown" for h in halves(Chem.MolFromSmiles(r.smiles))]
    others = [h for r in rows if r.split == "train" and r.source != "grown" for h in halves(Chem.MolFromSmiles(r.smiles))]
    found = {}
    while len(found) < COUNT:
        mol = joined(rng.choice(others), rng.choice(others if rng.random() < 0.5 else grown))
        if mol is None:
            continue
        mol = parse(Chem.MolToSmiles(mol))
        key = mol and canonical(mol)
        if key and key not in known and key not in found and parse(key):
            found[key] = None
    with gzip.GzipFile(filename="", fileobj=sys.stdout.buffer, mode="w", mtime=0) as f:
        f.write(b"id,smiles,split,source,name\n")
        for i, smiles in enumerate(found):
            f.write(f"{len(rows) + i},{smiles},train,crossed,\n".encode())


if __name__ == "__main__":
    main()
