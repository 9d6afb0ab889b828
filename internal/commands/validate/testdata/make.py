"""Makes labels.extxyz, structures with labels and with predictions beside them,
and metrics.json, what NumPy finds of them:

    python3 internal/commands/validate/testdata/make.py

The numbers are random, with a fixed seed; no network is asked.
"""

import json
import pathlib

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.io import write

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20)
FILE = "labels.extxyz"


def formula(numbers):
    """Hill's order."""
    return Atoms(numbers=numbers).get_chemical_formula("hill")


def structures():
    """Sodium comes with as much chlorine, always: offsets that cannot be told apart."""
    offsets = {1: 0.3, 6: -0.7, 8: 1.1, 11: 0.4, 17: 0.2}
    for k in range(48):
        numbers = rng.choice([1, 6, 8], size=1 + k % 7 * (1 + k // 16)).tolist()
        if k % 5 == 0:
            numbers += [11, 17] * int(rng.integers(1, 4))
        n = len(numbers)
        periodic = k % 4 == 1
        s = {
            "frame": k,
            "numbers": np.array(numbers),
            "positions": rng.uniform(0, 8, (n, 3)),
            "cell": np.diag(rng.uniform(8, 10, 3)) if periodic else None,
            "energy": rng.normal(-4 * n, 2) if k % 11 != 3 else None,
            "forces": rng.normal(0, 2, (n, 3)) if k % 13 != 5 else None,
            "stress": rng.normal(0, 0.02, 6) if periodic else None,
        }
        if k == 7:
            s["forces"][0] = 0  # has no direction
        if s["energy"] is not None:
            s["predicted_energy"] = s["energy"] + sum(offsets[z] for z in numbers) + rng.normal(0, 0.1 * np.sqrt(n))
        if s["forces"] is not None:
            s["predicted_forces"] = s["forces"] * 0.95 + rng.normal(0, 0.3, (n, 3))
        if periodic:
            s["predicted_stress"] = s["stress"] + rng.normal(0, 0.004, 6)
        for key in ("positions", "energy", "forces", "stress", "predicted_energy", "predicted_forces", "predicted_stress"):
            if s.get(key) is not None:
                s[key] = np.round(s[key], 6)
        yield s


def full(stress):
    xx, yy, zz, yz, xz, xy = stress
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def atoms(s):
    a = Atoms(numbers=s["numbers"], positions=s["positions"])
    if s["cell"] is not None:
        a.cell, a.pbc = s["cell"], True
    for key in ("energy", "predicted_energy"):
        if s.get(key) is not None:
            a.info[key] = float(s[key])
    if s["stress"] is not None:
        a.info["stress"] = full(s["stress"])
        a.info["predicted_stress"] = s["predicted_stress"]
    for key in ("forces", "predicted_forces"):
        if s.get(key) is not None:
            a.arrays[key] = s[key]
    return a


def errors(e):
    e = np.asarray(e, dtype=np.float64).ravel()
    return {"n": len(e), "mae": np.mean(np.abs(e)), "rmse": np.sqrt(np.mean(e**2)), "max": np.max(np.abs(e))}


def r2(predicted, label):
    return 1 - np.sum((predicted - label) ** 2) / np.sum((label - np.mean(label)) ** 2)


def energy_metrics(some):
    label = np.array([s["energy"] for s in some])
    predicted = np.array([s["predicted_energy"] for s in some])
    n = np.array([len(s["numbers"]) for s in some])
    e = predicted - label
    elements = sorted({z for s in some for z in s["numbers"]})
    counts = np.array([[np.sum(s["numbers"] == z) for z in elements] for s in some], dtype=np.float64)
    offsets, _, rank, _ = np.linalg.lstsq(counts / n[:, None], e / n, rcond=1e-10)  # per atom, as they are reported
    left = e - counts @ offsets
    return errors(e) | {
        "bias": np.mean(e),
        "r2": r2(predicted, label),
        "per_atom": errors(e / n),
        "offsets": errors(left)
        | {
            "per_atom": errors(left / n),
            "rank": int(rank),
            "per_element": {chemical_symbols[z]: c for z, c in zip(elements, offsets)},
        },
    }


def forces_metrics(some):
    label = np.concatenate([s["forces"] for s in some])
    predicted = np.concatenate([s["predicted_forces"] for s in some])
    lengths = np.linalg.norm(label, axis=1) * np.linalg.norm(predicted, axis=1)
    cosines = np.sum(label * predicted, axis=1)[lengths > 0] / lengths[lengths > 0]
    return errors(predicted - label) | {"r2": r2(predicted, label), "cosine": np.mean(cosines), "cosine_atoms": len(cosines)}


def by_element(some):
    numbers = np.concatenate([s["numbers"] for s in some])
    e = np.concatenate([s["predicted_forces"] - s["forces"] for s in some])
    return [
        {"element": chemical_symbols[z], "atoms": int(np.sum(numbers == z)), "forces": errors(e[numbers == z])} for z in np.unique(numbers)
    ]


def by_size(some):
    for k in range(20):
        these = [s for s in some if 2**k <= len(s["numbers"]) < 2 ** (k + 1)]
        if not these:
            continue
        size = {"min_atoms": 2**k, "max_atoms": 2 ** (k + 1) - 1, "structures": len(these)}
        energies = [(s["predicted_energy"] - s["energy"]) / len(s["numbers"]) for s in these if s["energy"] is not None]
        forces = [s["predicted_forces"] - s["forces"] for s in these if s["forces"] is not None]
        if energies:
            size["energy_per_atom"] = errors(energies)
        if forces:
            size["forces"] = errors(np.concatenate(forces))
        yield size


def worst(some, key):
    list = []
    for s in some:
        w = {"file": FILE, "frame": s["frame"], "formula": formula(s["numbers"]), "atoms": len(s["numbers"])}
        if s["energy"] is not None:
            w["energy_error"] = s["predicted_energy"] - s["energy"]
            w["energy_error_per_atom"] = w["energy_error"] / len(s["numbers"])
        if s["forces"] is not None:
            e = errors(s["predicted_forces"] - s["forces"])
            w |= {"force_rmse": e["rmse"], "force_max": e["max"]}
        if key in w:
            list.append(w)
    return sorted(list, key=lambda w: -abs(w[key]))[:10]


def main():
    some = list(structures())
    write(here / FILE, [atoms(s) for s in some], format="extxyz")
    with_energy = [s for s in some if s["energy"] is not None]
    with_forces = [s for s in some if s["forces"] is not None]
    labelled = [s for s in some if any(s[key] is not None for key in ("energy", "forces", "stress"))]
    metrics = {
        "computed": len(labelled),
        "energy": energy_metrics(with_energy),
        "forces": forces_metrics(with_forces),
        "stress": errors(np.concatenate([s["predicted_stress"] - s["stress"] for s in some if s["stress"] is not None])),
        "by_element": by_element(with_forces),
        "by_size": list(by_size(labelled)),
        "worst_energy": worst(some, "energy_error_per_atom"),
        "worst_forces": worst(some, "force_rmse"),
    }
    (here / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")


main()
