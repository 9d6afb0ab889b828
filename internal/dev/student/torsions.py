"""Torsion scans: every 45° from a random start, each angle relaxed in the force field, stirred at 300 K or turned rigidly; and rigid turns from minima of GFN2's surface."""
import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from geometry import embed, held, langevin, masses, numbers, positions, quench, set_positions

AXIS = Chem.MolFromSmarts("[!$(*#*)&!$(*(=*)=*)&!D1]-&!@[!$(*#*)&!$(*(=*)=*)&!D1]")
CLASSES = {name: Chem.MolFromSmarts(s) for name, s in {
    "amide": "[CX3](=[O,S])-!@[NX3]",
    "ester": "[CX3](=O)-!@[OX2]",
    "biaryl": "c-!@c",
    "conjugated": "[CX3]=[CX3,NX2,a]-!@[CX3]=[C,N,O,S]",
    "styrene": "c-!@[CX3]=[C,N,O]",
    "aryl-hetero": "c-!@[N,O,S]",
    "vinyl-hetero": "[CX3](=[C,N])-!@[N,O,S]",
    "sulfur": "[S]-!@[C,N,O,S]",
    "carbonyl-alkyl": "[CX3](=O)-!@[CX4]",
    "alkane": "[CX4]-!@[CX4]",
    "alcohol": "[CX4]-!@[OX2H]",
    "ether": "[CX4]-!@[OX2]",
    "amine": "[CX4]-!@[NX3]",
}.items()}


def axes(mol):
    """Returns the bonds that turn in a molecule with hydrogens, as pairs of atoms."""
    return sorted(tuple(sorted(m)) for m in mol.GetSubstructMatches(AXIS))


def kind_of_axis(mol, axis):
    """Returns the first class that fits a bond, "other" where none does."""
    for name, pattern in CLASSES.items():
        for match in mol.GetSubstructMatches(pattern):
            if set(axis) <= set(match) and mol.GetBondBetweenAtoms(*axis) and turns(mol, pattern, match, axis):
                return name
    return "other"


def turns(mol, pattern, match, axis):
    """Whether the pattern's acyclic single bond (its "-!@") lies on the axis."""
    for bond in pattern.GetBonds():
        if bond.GetSmarts() == "-&!@" and {match[bond.GetBeginAtomIdx()], match[bond.GetEndAtomIdx()]} == set(axis):
            return True
    return False


def four(mol, axis):
    """Returns the atoms of a torsion about an axis, with the heaviest neighbours at its ends."""
    def end(inner, other):
        ends = [n for n in mol.GetAtomWithIdx(inner).GetNeighbors() if n.GetIdx() != other]
        return max(ends, key=lambda n: (n.GetAtomicNum(), -n.GetIdx())).GetIdx()
    return end(axis[0], axis[1]), axis[0], axis[1], end(axis[1], axis[0])


def turned(mol, atoms, degrees):
    """Returns the positions with a torsion set, the rest of the first conformer as it is."""
    out = Chem.Mol(mol)
    rdMolTransforms.SetDihedralDeg(out.GetConformer(0), *atoms, degrees)
    return positions(out)


def scan(row, axis, rng, gfn2=None):
    """Yields (kind, mol, positions) about one axis; with gfn2 the angles are quenched some steps on its surface as well."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    atoms, first, start = four(mol, axis), rng.uniform(0, 45), Chem.Mol(mol)
    forces = gfn2(numbers(mol)) if gfn2 else None
    for k in range(8):
        degrees = (first + 45 * k + 180) % 360 - 180
        rigid = turned(start, atoms, degrees)
        if rng.random() < 0.25:
            yield "torsion", mol, rigid
        field = held(mol, rigid, atoms, degrees)
        x = field.minimum(100)
        if forces:
            for x in quench(forces, x, 5):
                pass
        yield "torsion", mol, x
        hot, _ = langevin(field, masses(mol), x, 300 if k % 2 else 500, 15, rng)
        yield "torsion", mol, hot


def rigid(row, axis, rng, gfn2):
    """Yields (kind, mol, positions) of a turn in steps of 30° from near a minimum of GFN2's surface, nothing else of which moves; every second one some steps downhill as well."""
    mol = embed(row.smiles, 1, int(rng.integers(2**31)))
    if mol is None:
        return
    forces, x = gfn2(numbers(mol)), positions(mol)
    for x in quench(forces, x, 30):
        pass
    set_positions(mol, x)
    atoms, first, start = four(mol, axis), rng.uniform(0, 30), Chem.Mol(mol)
    for k in range(12):
        x = turned(start, atoms, (first + 30 * k + 180) % 360 - 180)
        yield "torsion", mol, x
        if k % 2:
            for x in quench(forces, x, 5):
                pass
            yield "torsion", mol, x
