"""Writes what painless' health card holds students against: GFN2's energies of turning bonds and of contacts.

    OMP_NUM_THREADS=1 python3 health.py ../../commands/health    # torsions.xyz, probes.xyz and contacts.csv
"""
import csv
import os
import sys
from itertools import combinations_with_replacement

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from frames import Frame
from geometry import embed, numbers, positions, quench, set_positions
from plan import SEED, forces_of
from single import beyond
from torsions import turned
from xtb import GFN2

# Name, bond, SMILES, SMARTS of the torsion's four atoms, its angle at the minimum.
TORSIONS = [
    ("ethane", "C–C", "CC", "[H]-C-C-[H]", 180), ("butane", "C–C", "CCCC", "C-C-C-C", 180), ("butadiene", "C–C", "C=CC=C", "C=C-C=C", 180),
    ("methyl formate", "C–O", "COC=O", "O=C-O-C", 0), ("acetamide", "C–N", "CC(N)=O", "O=C-[N;H2]-[H]", 0),
]
ANGLES = range(0, 181, 15)
# The molecule that brings an element into contact, and which of its atoms that is; it begins hydrogen bonds with water's.
PROBES = {"H": ("O", 1), "C": ("C", 0), "N": ("N", 0), "O": ("O", 0), "F": ("F", 0), "S": ("S", 0), "Cl": ("Cl", 0)}
FARTHEST, STEP, UNTIL = 6.0, 0.05, 5.0  # Å, Å, eV: inward until the energy is beyond doubt, before fields go astray
CONTACT = 1.0  # eV


def minimum(mol):
    """Returns GFN2's minimum downhill of a molecule's positions."""
    x = positions(mol)
    for x in quench(forces_of(numbers(mol)), x, 500, 0.001):
        pass
    return x


def torsions():
    """Yields minima; turns are the atoms that turn about the axis, gfn2 the energies on the way, eV from the lowest."""
    for name, bond, smiles, smarts, begin in TORSIONS:
        mol = embed(smiles, 1, SEED)
        atoms = mol.GetSubstructMatch(Chem.MolFromSmarts(smarts))
        set_positions(mol, turned(mol, atoms, begin))
        set_positions(mol, np.round(minimum(mol), 4))
        z, first = numbers(mol), rdMolTransforms.GetDihedralDeg(mol.GetConformer(), *atoms)
        energies = np.array([GFN2(z)(turned(mol, atoms, first + by))[0] for by in ANGLES])
        yield Frame(z, positions(mol), name=name, bond=bond, axis="%d %d" % atoms[1:3], turns=" ".join(map(str, sorted(beyond(mol, *atoms[1:3])))),
                    gfn2=" ".join("%.4f" % e for e in energies - energies.min()))


def probe(smiles, atom):
    """Returns a molecule at its minimum: the atom that comes into contact at the origin and first, the others toward −x."""
    mol = embed(smiles, 1, SEED)
    x = minimum(mol)
    order = [atom] + [i for i in range(len(x)) if i != atom]
    z, x = numbers(mol)[order], x[order] - x[atom]
    axis = -x[1:].mean(0)
    if z[0] == 1 or np.linalg.norm(axis) < 0.1:  # along hydrogen's bond; between three of methane's hydrogens, the fourth behind
        axis = -x[1]
    axis /= np.linalg.norm(axis)
    side = np.cross(axis, x[-1] if len(x) > 2 else [0.3, 0.5, 0.8])
    side /= np.linalg.norm(side)
    return z, np.round(x @ np.array([axis, side, np.cross(axis, side)]).T, 4)


def contact(first, second):
    """Returns where two probes face to face come to CONTACT, Å, and the lowest energy outside of that, eV, and where."""
    (a, xa), (b, xb) = first, second
    apart, gfn2 = GFN2(a)(xa)[0] + GFN2(b)(xb)[0], GFN2(np.concatenate([a, b]))
    scan = [(FARTHEST, 0.0)]
    while scan[-1][1] < UNTIL:
        d = FARTHEST - STEP * len(scan)
        scan.append((d, gfn2(np.concatenate([xa, xb * [-1, -1, 1] + [d, 0, 0]]), fresh=True)[0] - apart))
    far, near = next((p, q) for p, q in zip(scan, scan[1:]) if q[1] > CONTACT)
    well = min(scan, key=lambda p: p[1])
    return far[0] + (near[0] - far[0]) * (CONTACT - far[1]) / (near[1] - far[1]), well[1], well[0]


def write(path, frames):
    with open(path, "w") as f:
        f.writelines(frame.text() for frame in frames)


def main():
    folder = sys.argv[1]
    write(os.path.join(folder, "torsions.xyz"), torsions())
    probes = {element: probe(*of) for element, of in PROBES.items()}
    write(os.path.join(folder, "probes.xyz"), (Frame(*p) for p in probes.values()))
    with open(os.path.join(folder, "contacts.csv"), "w") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["first", "second", "contact_angstrom", "well_ev", "well_angstrom"])
        for a, b in combinations_with_replacement(PROBES, 2):
            out.writerow([a, b, *("%.3f" % v for v in contact(probes[a], probes[b]))])


if __name__ == "__main__":
    main()
