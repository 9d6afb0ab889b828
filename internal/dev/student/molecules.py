"""Writes molecules.csv: the NCI molecules in RDKit's data, molecules grown at random and known.smi, each with its split.

    python3 molecules.py > molecules.csv
"""
import csv
import os
import random
import sys

from rdkit import Chem, RDConfig

from chemistry import canonical, parse

HERE = os.path.dirname(os.path.abspath(__file__))
NCI = os.path.join(RDConfig.RDDataDir, "NCI", "first_5K.smi")
SEED, GROWN = 20261128, 12_000
SPLIT = 1600  # of those grown: the others are all for training, so that what is held out stays what it was
SEEDS = ["C", "CC", "CO", "CN", "C=C", "C#C", "C=O", "C#N", "CC=O", "C1CC1", "C1CCC1", "C1CCCC1", "c1ccccc1", "c1ccncc1", "c1cc[nH]c1",
         "c1ccoc1", "c1ccsc1", "c1c[nH]cn1", "c1cocn1", "C1CO1", "C1CCOC1", "C1CCNC1", "NC=O", "OC=O", "CC(N)=O", "CSC", "CF", "CCl"]
GROUPS = {"C": 8, "O": 4, "N": 4, "C=C": 1.5, "C#C": 0.7, "C#N": 1, "C=O": 2, "C(=O)O": 1, "C(N)=O": 2, "NC=O": 1.5, "OC": 1.5, "N(C)C": 1,
          "OC=O": 0.7, "C(C)C": 1, "C1CC1": 0.7, "F": 2, "Cl": 1.5, "S": 1.2, "SC": 1, "[N+](=O)[O-]": 0.5, "C(F)(F)F": 0.4, "S(C)(=O)=O": 0.3,
          "C=NO": 0.2, "NC(N)=O": 0.5, "c1ccccc1": 0.5}
UNSTABLE = [Chem.MolFromSmarts(s) for s in (
    "[O;X2][O;X2]", "[N;X3][N;X3][N;X3]", "[O;X2][N;X3][O;X2]", "[N,O,S;X2,X3]-[F,Cl]", "[S]-[O;X2]", "[S;X2]-[S;X2]-[S;X2]", "[S;X2]-[N;X3]",
    "[OH]C=C[OH]", "[O;X2]-[C;X4](-[O;X2])-[O;X2]", "[CX4]([OH])[OH]", "[N;X3](-[O;X2])-[N;X3]", "C=C-[OH]")]


def known():
    """Yields (SMILES, split, name) of known.smi."""
    with open(os.path.join(HERE, "known.smi")) as lines:
        for line in lines:
            if not line.startswith("#"):
                yield line.split()


def attach(mol, group, rng):
    """Puts a group in the place of a hydrogen, or bonds two atoms to a ring or a double bond; None where it cannot."""
    sites = [a.GetIdx() for a in mol.GetAtoms() if a.GetTotalNumHs()]
    if not sites:
        return None
    site = rng.choice(sites)
    both = Chem.RWMol(Chem.CombineMols(mol, group))
    both.AddBond(site, mol.GetNumAtoms(), Chem.BondType.SINGLE)
    for i in (site, mol.GetNumAtoms()):
        atom = both.GetAtomWithIdx(i)
        if atom.GetNumExplicitHs():
            atom.SetNumExplicitHs(atom.GetNumExplicitHs() - 1)
    try:
        Chem.SanitizeMol(both)
    except (Chem.AtomValenceException, Chem.KekulizeException):
        return None
    return both.GetMol()


def grow(rng):
    """Returns a molecule of at most ten heavy atoms, from a seed and one to four groups at its hydrogens; or None."""
    mol = Chem.MolFromSmiles(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        group = Chem.MolFromSmiles(rng.choices(list(GROUPS), list(GROUPS.values()))[0], sanitize=False)
        group.UpdatePropertyCache(strict=False)
        larger = attach(mol, group, rng)
        if larger is None or larger.GetNumHeavyAtoms() > 10:
            break
        mol = larger
    if any(mol.HasSubstructMatch(p) for p in UNSTABLE):
        return None
    return mol


def main():
    rng = random.Random(SEED)
    rows = {}

    def add(smiles, source, split=None, name=""):
        mol = parse(smiles)
        if mol is None:
            if name:
                raise ValueError(f"{name}: {smiles} is not a molecule of the recipe")
            return
        key = canonical(mol)
        if key in rows or parse(key) is None:
            return
        draw = rng.random()
        rows[key] = (split or ("valid" if draw < 0.03 else "test" if draw < 0.08 else "train"), source, name)

    for smiles, split, name in known():
        add(smiles, "known", split, name)
    with open(NCI) as lines:
        for line in lines:
            add(line.split()[0], "nci")
    before = len(rows)
    while len(rows) < before + GROWN:
        mol = grow(rng)
        if mol is not None:
            add(Chem.MolToSmiles(mol), "grown", None if len(rows) < before + SPLIT else "train")

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["id", "smiles", "split", "source", "name"])
    for i, (smiles, (split, source, name)) in enumerate(rows.items()):
        out.writerow([i, smiles, split, source, name])


if __name__ == "__main__":
    main()
