"""Which molecules the recipe takes, and how it names them: by canonical SMILES without stereo labels."""
from rdkit import Chem, RDLogger

RDLogger.DisableLog("rdApp.*")
ELEMENTS = {"H", "C", "N", "O", "F", "S", "Cl"}
LARGEST = 50  # atoms, hydrogens among them


def canonical(mol):
    """Returns the SMILES that names a molecule; stereoisomers share it, so that they share the split as well."""
    smiles = Chem.MolToSmiles(Chem.RemoveHs(mol), isomericSmiles=False)
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)


def parse(smiles):
    """Returns the molecule of a SMILES, or None if it is not one neutral closed-shell molecule of the recipe's elements."""
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or "." in smiles:
        return None
    atoms = list(mol.GetAtoms())
    if not {a.GetSymbol() for a in atoms} <= ELEMENTS or any(a.GetNumRadicalElectrons() or a.GetIsotope() for a in atoms):
        return None
    if sum(a.GetFormalCharge() for a in atoms) or any(lone_charge(a) for a in atoms):
        return None
    if Chem.AddHs(mol).GetNumAtoms() > LARGEST or canonical(mol) == "O=O":  # the ground state of O2 is a triplet
        return None
    return mol


def lone_charge(atom):
    """Whether an atom's charge has no opposite charge bonded to it: zwitterions, which fall together in the gas phase."""
    q = atom.GetFormalCharge()
    return q != 0 and not any(b.GetFormalCharge() * q < 0 for b in atom.GetNeighbors())
