"""Structures to begin with: conformers by ETKDG, a force field to move them cheaply, Langevin dynamics and quenching."""
import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

KCAL = 0.0433641  # eV
ACCELERATION = 0.00964853  # Å/fs² of 1 eV/Å on 1 u
BOLTZMANN = 8.617333e-5  # eV/K
HYDROGEN = 4.0  # u: positions at a temperature do not depend on masses, and heavy hydrogens allow steps of 2 fs


def embed(smiles, count, seed):
    """Returns the molecule with hydrogens and up to count conformers, relaxed in the force field; None where ETKDG finds none."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    params = AllChem.ETKDGv3()
    params.randomSeed = seed & 0x7FFFFFFF
    if not AllChem.EmbedMultipleConfs(mol, count, params):
        params.useRandomCoords = True
        params.maxIterations = 20
        if not AllChem.EmbedMultipleConfs(mol, count, params):
            return None
    for conformer in range(mol.GetNumConformers()):
        field = Field(mol, conformer)
        set_positions(mol, field.minimum(), conformer)
    return mol


def numbers(mol):
    return np.array([a.GetAtomicNum() for a in mol.GetAtoms()])


def masses(mol):
    return np.array([HYDROGEN if a.GetAtomicNum() == 1 else a.GetMass() for a in mol.GetAtoms()])


def positions(mol, conformer=0):
    return mol.GetConformer(conformer).GetPositions()


def set_positions(mol, x, conformer=0):
    c = mol.GetConformer(conformer)
    for i, p in enumerate(x.tolist()):
        c.SetAtomPosition(i, p)


def combine(mols, parts):
    """Returns one molecule object of several, at the positions of each."""
    whole = Chem.Mol(mols[0])
    for m in mols[1:]:
        whole = Chem.CombineMols(whole, m)
    whole = Chem.Mol(whole)
    whole.RemoveAllConformers()
    whole.AddConformer(Chem.Conformer(whole.GetNumAtoms()), assignId=True)
    Chem.SanitizeMol(whole)
    set_positions(whole, np.concatenate(parts))
    return whole


class Field:
    """MMFF94, or UFF where MMFF has no type for an atom: calling it gives the forces in eV/Å."""

    def __init__(self, mol, conformer=0):
        properties = AllChem.MMFFGetMoleculeProperties(mol)
        self.mmff = properties is not None
        if self.mmff:
            self.ff = AllChem.MMFFGetMoleculeForceField(mol, properties, confId=conformer, ignoreInterfragInteractions=False)
        else:
            self.ff = AllChem.UFFGetMoleculeForceField(mol, confId=conformer, ignoreInterfragInteractions=False)
        self.ff.Initialize()

    def hold(self, atoms, degrees):
        """Holds a torsion near an angle, as stiffly as a bond angle: 0.1 kcal/mol/degree²."""
        add = self.ff.MMFFAddTorsionConstraint if self.mmff else self.ff.UFFAddTorsionConstraint
        add(*atoms, False, degrees, degrees, 0.1)

    def minimum(self, steps=200):
        self.ff.Minimize(maxIts=steps)
        return np.array(self.ff.Positions()).reshape(-1, 3)

    def __call__(self, x):
        flat = x.ravel().tolist()
        self.ff.CalcEnergy(flat)  # CalcGrad alone takes the distances of the call before it
        return np.array(self.ff.CalcGrad(flat)).reshape(-1, 3) * -KCAL


def held(mol, x, atoms, degrees):
    """Returns the force field at x, where it puts the molecule, with a torsion held near an angle."""
    set_positions(mol, x)
    field = Field(mol)
    field.hold(atoms, degrees)
    return field


def langevin(forces, mass, x, kelvin, steps, rng, v=None, fs=2.0, friction=0.02):
    """Returns positions and velocities after BAOAB steps of Langevin dynamics; the friction is in 1/fs."""
    m = np.asarray(mass)[:, None]
    width = np.sqrt(BOLTZMANN * kelvin / m * ACCELERATION)
    v = rng.normal(size=x.shape) * width if v is None else v
    keep = np.exp(-friction * fs)
    f = forces(x)
    for _ in range(steps):
        v = v + 0.5 * fs * ACCELERATION * f / m
        x = x + 0.5 * fs * v
        v = keep * v + np.sqrt(1 - keep * keep) * width * rng.normal(size=x.shape)
        x = x + 0.5 * fs * v
        f = forces(x)
        v = v + 0.5 * fs * ACCELERATION * f / m
    return x, v


def quench(forces, x, steps, until=0.02):
    """Yields the positions of FIRE steps downhill, until the largest force is below until (eV/Å)."""
    v, dt, alpha, uphill = np.zeros_like(x), 0.1, 0.1, 0
    for _ in range(steps):
        f = forces(x)
        norm = np.sqrt((f * f).sum())
        if np.abs(f).max() < until:
            return
        if (f * v).sum() > 0:
            v = (1 - alpha) * v + alpha * f / norm * np.sqrt((v * v).sum())
            uphill += 1
            if uphill > 5:
                dt, alpha = min(dt * 1.1, 0.3), alpha * 0.99
        else:
            v, dt, alpha, uphill = np.zeros_like(x), dt * 0.5 if uphill else dt, 0.1, 0
        v = v + dt * f
        move = dt * v
        move *= min(1.0, 0.1 / max(np.abs(move).max(), 1e-12))
        x = x + move
        yield x
