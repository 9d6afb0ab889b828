"""check.py CHECKPOINT STRUCTURES OTHER METALS: holds the calculator to ASE's manners, and prints what it says of each structure."""
import copy
import json
import os
import pickle
import sys
import threading
import warnings

import numpy as np
import painless_ase
from ase.build import bulk, molecule
from ase.calculators.calculator import CalculationFailed, CalculatorSetupError, PropertyNotImplementedError
from ase.io import read
from painless_ase import Painless

checkpoint, structures, other, metals = sys.argv[1:]
assert painless_ase.library.cache_info().currsize == 0, "nothing is loaded by the import"


def refused(error, text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as e:
        assert text in str(e), (text, str(e))
    else:
        raise AssertionError(f"expected {error.__name__}: {text}")


# Options, before anything is opened.
refused(CalculatorSetupError, "none.pt: no such file", Painless, model="none.pt")
for bad, text in [({"precision": "half"}, "precision 'half': expected float32 or float64"), ({"threads": "two"}, "threads 'two': expected a whole number from 0"),
                  ({"threads": -1}, "threads -1"), ({"device": None}, "device None"), ({"cutoff": -5.0}, "cutoff -5.0: expected a positive number"),
                  ({"restart": "x"}, "restart: expected none"), ({"key": 3}, "key 3"), ({"any_element": "no"}, "any_element 'no': expected True or False")]:
    refused(CalculatorSetupError, text, Painless, model=checkpoint, **bad)
for bad in (None, 7):
    refused(CalculatorSetupError, f"model {bad}: expected a file, or default", Painless, model=bad)
refused(CalculatorSetupError, "filters: expected options among model, device", Painless, model=checkpoint, filters="exact")
assert painless_ase.library.cache_info().currsize == 0, "nor by a calculator"

# A calculator that was made before a fork, and used after it.
early = Painless(model=checkpoint, threads=2)
ethanol = molecule("CH3CH2OH")
if (child := os.fork()) == 0:
    ethanol.calc = early
    os._exit(0 if np.isfinite(ethanol.get_potential_energy()) else 1)
assert os.waitpid(child, 0)[1] == 0

refused(CalculatorSetupError, 'device "abacus": expected cpu', Painless(model=checkpoint, device="abacus").get_potential_energy, ethanol)
refused(CalculatorSetupError, 'key "ema"', Painless(model=checkpoint, key="ema").get_potential_energy, ethanol)

calc = Painless(model=checkpoint, threads=1)
assert calc.name == "painless" and calc.info["threads"] == 1 and calc.info["notes"][0].startswith("cutoff ")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    assert Painless(model=checkpoint, cutoff=4.5).info["cutoff"] == 4.5
assert any("a cutoff of 4.5 Å, where the file says 5: " in str(w.message) for w in said), "the file says another"
results = []
for atoms in read(structures, ":"):
    atoms.calc = calc
    atoms.get_forces()
    results.append({"energy": calc.results["energy"], "forces": calc.results["forces"].tolist(),
                    "stress": calc.results["stress"].tolist() if "stress" in calc.results else None})
    assert calc.results["free_energy"] == calc.results["energy"] == atoms.get_potential_energy(force_consistent=True)
    if results[-1]["stress"] is None:
        refused(PropertyNotImplementedError, "stress", atoms.get_stress)

# Once for everything, and again after a change of positions, numbers, cell or pbc.
computed = []
compute = painless_ase.Model.compute
painless_ase.Model.compute = lambda self, *arrays: computed.append(1) or compute(self, *arrays)


def computes(atoms, count):
    computed.clear()
    energy = atoms.get_potential_energy()
    atoms.get_forces(), atoms.get_stress()
    assert len(computed) == count, (len(computed), count)
    return energy


salt = bulk("NaCl", "rocksalt", a=5.6)
salt.calc = calc
seen = [computes(salt, 1)]
kept = calc.results["forces"]
for change in ["salt.positions[0] += 0.1", "salt.numbers[0] = 3", "salt.cell[0] *= 1.01", "salt.pbc = (True, True, False)"]:
    assert computes(salt, 0) == seen[-1]
    exec(change)
    seen.append(computes(salt, 1))
    assert calc.results["forces"] is not kept, "results are arrays of their own"
assert len(set(seen)) == len(seen), seen
salt.set_initial_charges([1, -1])
computes(salt, 0)

# Energies and stresses of single atoms, computed from when they are asked for; the rest is the same to the bit.
computed.clear()
forces, stress = salt.get_forces(), salt.get_stress()
energies, stresses = salt.get_potential_energies(), salt.get_stresses()
assert len(computed) == 1 and (salt.get_forces() == forces).all() and (salt.get_stress() == stress).all()
assert energies.shape == (2,) and abs(energies.sum() - seen[-1]) < 1e-9 and energies[0] != energies[1]
assert stresses.shape == (2, 6) and np.allclose(stresses.sum(0), stress, rtol=0, atol=1e-12) and abs(stress).min() > 1e-6
salt.positions[0] += 0.01
seen.append(computes(salt, 1))
assert len(salt.get_potential_energies()) == 2 and len(computed) == 1
ethanol.calc = calc
assert abs(ethanol.get_potential_energies().sum() - ethanol.get_potential_energy()) < 1e-9
refused(PropertyNotImplementedError, "stresses not present", ethanol.get_stresses)
ethanol.calc = Painless(model=checkpoint, device="emulator")
assert abs(ethanol.get_potential_energies().sum() - ethanol.get_potential_energy()) < 1e-4

# Copies are of the options; a change of them counts.
salt = bulk("NaCl", "rocksalt", a=5.6)
salt.positions[0] += 0.2
salt.calc = calc
energy = salt.get_potential_energy()
for twin in [copy.deepcopy(calc), pickle.loads(pickle.dumps(calc)), copy.deepcopy(salt).calc]:
    twin_salt = salt.copy()
    twin_salt.calc = twin
    twin_salt.rattle(0.1)
    assert twin_salt.get_potential_energy() != energy
    twin_salt.positions = salt.positions
    assert twin_salt.get_potential_energy() == energy and twin.todict() == calc.todict()
shallow = copy.copy(calc)
shallow.set(precision="float64")
assert calc.parameters["precision"] == "float32" and calc.results and not shallow.results, "a copy's options are its own"
assert calc.set(model=checkpoint) == {} and calc.results
calc.set(model=other)
assert not calc.results and salt.get_potential_energy() != energy
calc.set(model=checkpoint, precision="float64")
assert abs(salt.get_potential_energy() - energy) < 1e-4
force, pull, sides = salt.get_forces()[0, 1], salt.get_stress(voigt=False)[0, 2] * salt.get_volume(), []
for step in (1e-4, -1e-4):
    moved, strained = salt.copy(), salt.copy()
    moved.positions[0, 1] += step
    strained.set_cell(salt.cell @ (np.eye(3) + step / 2 * np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]])), scale_atoms=True)
    moved.calc = strained.calc = calc
    sides.append([moved.get_potential_energy(), strained.get_potential_energy()])
slopes = (np.array(sides[0]) - sides[1]) / 2e-4
assert np.allclose(slopes, [-force, pull], rtol=1e-5, atol=1e-6), (slopes, force, pull)

# What cannot be computed has no results, old ones neither.
salt.positions[1, 2] = np.nan
for _ in range(2):
    refused(CalculationFailed, "atom 1 has z = NaN", salt.get_forces)
    assert not calc.results
salt.positions[1, 2] = 0
salt.numbers[1] = 119
refused(CalculationFailed, "atom 1 has atomic number 119", salt.get_forces)

# Elements that the student was not trained on, and what to do about them in the calculator's words.
salt.numbers[1] = 17
salt.calc = Painless(model=metals)
refused(CalculationFailed, "atom 1 is Cl, and the student was trained on Na, Mg alone: the option any_element computes", salt.get_forces)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    salt.calc.set(any_element=True)
    assert np.isfinite(salt.get_potential_energy())
assert ["trained on Na, Mg alone" in str(w.message) for w in warned] == [True], warned

# Where no student is named it is the one in the library.
ethanol.calc = Painless()
assert np.isfinite(ethanol.get_potential_energy()) and ethanol.calc.info["features"] > 0

# Threads of Python take turns.
shared = painless_ase.Model(**calc.parameters)
arrays = [np.ascontiguousarray(a, t) for a, t in [(ethanol.numbers, np.int32), (ethanol.positions, float), (ethanol.cell.array, float), (ethanol.pbc, np.int32)]]
found = []
threads = [threading.Thread(target=lambda: found.extend(shared.compute(*arrays)[0] for _ in range(20))) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
assert len(found) == 80 and len(set(found)) == 1

# After a fork the library says so, in words, and does not hang.
if (child := os.fork()) == 0:
    ethanol.calc = calc
    try:
        ethanol.get_forces()
    except Exception as e:
        os._exit(0 if "was forked after the painless library was loaded" in str(e) else 1)
    os._exit(2)
assert os.waitpid(child, 0)[1] == 0

print(json.dumps(results))
