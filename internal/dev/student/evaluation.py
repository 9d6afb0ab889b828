"""Writes the evaluation sets of held-out molecules, one file each; files that are there already are left as they are.

    OMP_NUM_THREADS=1 nice -n 10 python3 evaluation.py DIR [starts droplet nve torsions md300]
"""
import os
import random
import subprocess
import sys
import tempfile

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem, rdMolTransforms

from contacts import loose, packed
from frames import SYMBOLS, Frame, read
from geometry import Field, combine, embed, held, langevin, masses, numbers, positions, quench, set_positions
from plan import SEED, forces_of, read_rows
from torsions import turned
from xtb import GFN2

# Name of a held-out molecule, SMARTS of the torsion's four atoms, steps of 15° from 0 to 180.
TORSIONS = {
    "acetamide": "O=C(C)-[N;H2]-[H]", "N-methylpropanamide": "O=C-N-[CH3]", "ethyl-acetate": "O=C-O-[CH2]", "acrolein": "C=C-C=O",
    "butadiene": "C=C-C=C", "styrene": "C=C-c:c", "biphenyl": "c:c-c:c", "anisole": "[CH3]-O-c:c", "butane": "C-C-C-C", "1-propanol": "C-C-C-O",
    "dimethyl-disulfide": "C-S-S-C", "1,2-difluoroethane": "F-C-C-F",
}
NVE = ["methane", "carbon-dioxide", "ethanol", "benzene", "acetamide", "alanine-dipeptide", "aspirin", "caffeine", "ibuprofen", "glucose"]
STARTS, DROPLET, MOLECULES, FRAMES = 10_000, 64, 80, 3


def frame(mol, x, rows, kind, labelled=True, **info):
    x = np.round(x, 6)
    energy, forces = GFN2(numbers(mol))(x) if labelled else (None, None)
    return Frame(numbers(mol), x, energy, forces, kind=kind, smiles=".".join(r.smiles for r in rows),
                 molecule="+".join(str(r.id) for r in rows), split=rows[0].split, **info)


def held_torsion(mol, x, atoms, degrees):
    """Returns the minimum on GFN2's surface with a torsion held, by the xtb program."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "start.xyz"), "w") as f:
            f.write(f"{len(x)}\n\n" + "".join("%s %.8f %.8f %.8f\n" % (SYMBOLS[z], *p) for z, p in zip(numbers(mol).tolist(), x.tolist())))
        with open(os.path.join(folder, "hold.inp"), "w") as f:
            f.write("$constrain\n force constant=2.0\n dihedral: %s,%.3f\n$end\n" % (",".join(str(a + 1) for a in atoms), degrees))
        run = subprocess.run(["xtb", "start.xyz", "--opt", "tight", "--input", "hold.inp"], cwd=folder, capture_output=True, text=True)
        path = os.path.join(folder, "xtbopt.xyz")
        if run.returncode or not os.path.exists(path):
            raise RuntimeError(f"xtb: torsion at {degrees}°: {run.stdout[-500:]}{run.stderr[-500:]}")
        with open(path) as f:
            return np.array([line.split()[1:4] for line in f.readlines()[2:2 + len(x)]], dtype=float)


def torsions(rows):
    """Yields relaxed scans, and rigid ones of the relaxed geometry at 0°; info has the angle asked for and the one that came out."""
    for name, smarts in TORSIONS.items():
        row = next(r for r in rows if r.name == name)
        mol = embed(row.smiles, 1, SEED)
        match = mol.GetSubstructMatch(Chem.MolFromSmarts(smarts))
        atoms = match[:2] + match[-2:]  # a branch in the SMARTS stands between
        start = Chem.Mol(mol)
        for degrees in range(0, 181, 15):
            field = held(mol, turned(start, atoms, degrees), atoms, degrees)
            x = held_torsion(mol, field.minimum(), atoms, degrees)
            set_positions(mol, x)
            if degrees == 0:
                flat = Chem.Mol(mol)
            for kind, y in (("torsion-relaxed", x), ("torsion-rigid", turned(flat, atoms, degrees))):
                set_positions(mol, y)
                found = rdMolTransforms.GetDihedralDeg(mol.GetConformer(), *atoms)
                yield frame(mol, y, (row,), kind, fragment=name, angle=degrees, found=f"{found:.2f}", atoms=" ".join(map(str, atoms)))


def md300(rows):
    """Yields frames of GFN2's own dynamics at 300 K from a quenched conformer of held-out molecules."""
    rng = random.Random(SEED)
    own = [r for r in rows if r.split == "test" and 4 <= r.atoms <= 24]
    for row in sorted(rng.sample(own, min(MOLECULES, len(own)))):
        draw = np.random.default_rng([SEED, row.id])
        mol = embed(row.smiles, 1, int(draw.integers(2**31)))
        if mol is None:
            continue
        forces, v = forces_of(numbers(mol)), None
        x = positions(mol)
        for x in quench(forces, x, 10):
            pass
        for i in range(FRAMES):
            x, v = langevin(forces, masses(mol), x, 300, 20, draw, v, friction=0.05)
            yield frame(mol, x, (row,), "md300")


def droplet(rows):
    """Yields a start of 64 waters, packed and relaxed in the force field."""
    rng = np.random.default_rng(SEED)
    water = next(r for r in rows if r.name == "water")
    mol, x = loose(water.smiles, rng)
    whole = combine([mol] * DROPLET, [packed([x] * DROPLET, rng)])
    yield frame(whole, Field(whole).minimum(300), (water,) * DROPLET, "droplet")


def nve(rows):
    """Yields starts of the ten molecules, near GFN2's minima."""
    for name in NVE:
        row = next(r for r in rows if r.name == name)
        mol = embed(row.smiles, 1, SEED)
        x = positions(mol)
        for x in quench(forces_of(numbers(mol)), x, 40):
            pass
        yield frame(mol, x, (row,), "nve", name=name)


def starts(rows):
    """Yields 10,000 starts for relaxations, as a generator of structures makes them: ETKDG's raw geometry with noise of 0.02 to 0.15 Å."""
    own = [r for r in rows if r.split == "test" and r.atoms <= 32]
    each = -(-STARTS // len(own))
    made = 0
    for row in own:
        rng = np.random.default_rng([SEED, row.id, 7])
        mol = Chem.AddHs(Chem.MolFromSmiles(row.smiles))
        params = AllChem.ETKDGv3()
        params.randomSeed, params.useRandomCoords = row.id, True
        conformers = list(AllChem.EmbedMultipleConfs(mol, each if mol.GetNumAtoms() > 8 else 4, params))
        for i in range(each if conformers else 0):
            x = positions(mol, conformers[i % len(conformers)])
            if made < STARTS:
                yield frame(mol, x + rng.normal(0, rng.uniform(0.02, 0.15), x.shape), (row,), "start", labelled=False)
            made += 1


SETS = {"starts": starts, "droplet": droplet, "nve": nve, "torsions": torsions, "md300": md300}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    rows = read_rows()
    for name in sys.argv[2:] or SETS:
        path = os.path.join(folder, name + ".xyz")
        if not os.path.exists(path):
            with open(path + ".part", "w") as f:
                for made in SETS[name](rows):
                    f.write(made.text())
            os.rename(path + ".part", path)
        print(path, sum(1 for _ in read(path)), flush=True)


if __name__ == "__main__":
    main()
