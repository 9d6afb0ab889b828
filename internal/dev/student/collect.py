"""Joins the labelled parts into train-*.xyz, valid.xyz, test.xyz and test-KIND.xyz, checks them and writes their statistics.

    python3 collect.py PARTS OUT [parts of the training set, default all] > metrics-data.json
"""
import glob
import json
import os
import sys
from collections import Counter, defaultdict

import numpy as np

from frames import SYMBOLS, read
from plan import read_crossed, read_rows
from xtb import GFN2, SCFError

PARTS_A_FILE = 10
BELOW, ABOVE = 3.0, 8.0  # eV per atom off the sum of element energies: further than any bonding goes; pressed bonds go higher
DIFFERENCES = 400  # of the whole set: frames whose forces are held against differences of energies


def composition(z):
    return np.array([(z == e).sum() for e in SYMBOLS], dtype=float)


def fit(counts, energies):
    """Returns element energies by least squares on energies per atom, damped for elements that are absent."""
    n = counts.sum(1, keepdims=True)
    a, b = counts / n, energies / n[:, 0]
    return np.linalg.solve(a.T @ a + 1e-9 * np.eye(len(SYMBOLS)), a.T @ b)


def key(frame):
    """Returns what two frames of one geometry share, however they are turned: composition, energy, forces' sizes."""
    return (composition(frame.z).tobytes(), round(frame.energy, 4), round(float(np.abs(frame.forces).sum()), 1))


def kind_group(kind):
    return "md300" if kind == "md300" else "md-other" if kind.startswith("md") else kind


class Summary:
    """Statistics of a split, frame by frame."""

    def __init__(self):
        self.kinds, self.elements, self.frames_with, self.sizes = Counter(), Counter(), Counter(), Counter()
        self.force, self.atoms, self.largest, self.molecules, self.sample = defaultdict(float), 0, 0.0, set(), []

    def add(self, frame):
        kind = frame.info["kind"]
        self.kinds[kind] += 1
        size = np.sqrt((frame.forces**2).sum(1))
        self.largest = max(self.largest, float(size.max()))
        self.atoms += len(frame.z)
        self.sizes[len(frame.z) // 10 * 10] += 1
        for e, n in zip(*np.unique(frame.z, return_counts=True)):
            self.elements[SYMBOLS[e]] += int(n)
            self.frames_with[SYMBOLS[e]] += 1
            self.force[SYMBOLS[e]] += float(np.abs(frame.forces[frame.z == e]).mean(1).sum())
        self.force["kind " + kind] += float(np.abs(frame.forces).mean())
        self.molecules.update(frame.info["smiles"].split("."))

    def report(self):
        frames = sum(self.kinds.values())
        return {
            "frames": frames, "atoms": self.atoms, "mean atoms": round(self.atoms / frames, 2), "molecules": len(self.molecules),
            "frames by kind": dict(sorted(self.kinds.items())), "frames with element": dict(sorted(self.frames_with.items())),
            "atoms by element": dict(sorted(self.elements.items())), "frames by atoms, tens": dict(sorted(self.sizes.items())),
            "mean |F component| by element, eV/Å": {e: round(self.force[e] / self.elements[e], 3) for e in sorted(self.elements)},
            "mean |F component| by kind, eV/Å": {k: round(self.force["kind " + k] / n, 3) for k, n in sorted(self.kinds.items())},
            "largest |F| on an atom, eV/Å": round(self.largest, 2),
        }


def difference(frame, rng):
    """Returns the error of the forces along a random direction against a difference of energies, eV/Å."""
    gfn2, h = GFN2(frame.z), 2e-3
    d = rng.normal(size=frame.x.shape)
    d /= np.sqrt((d * d).sum())
    slope = (gfn2(frame.x - h * d)[0] - gfn2(frame.x + h * d)[0]) / (2 * h)
    return abs(slope - float((frame.forces * d).sum())), abs(gfn2(frame.x)[0] - frame.energy)


def parts_of(folder, split):
    return sorted(glob.glob(os.path.join(folder, f"{split}-*.xyz")))


def main():
    folder, out = sys.argv[1], sys.argv[2]
    os.makedirs(out, exist_ok=True)
    train = parts_of(folder, "train")[:int(sys.argv[3]) if len(sys.argv) > 3 else None]
    files = {"train": train, "valid": parts_of(folder, "valid"), "test": parts_of(folder, "test")}
    table = {r.smiles: r.split for r in read_rows() + read_crossed()}

    pairs = [(composition(f.z), f.energy) for path in train for f in read(path)]
    elements = fit(np.array([c for c, _ in pairs]), np.array([e for _, e in pairs]))

    rng = np.random.default_rng(1)
    seen, summaries, checks, errors = {}, {}, Counter(), []
    labels = Counter()
    for split, paths in files.items():
        summary, outputs = Summary(), {}

        def write(name, text):
            if name not in outputs:
                outputs[name] = open(os.path.join(out, name + ".xyz"), "w")
            outputs[name].write(text)

        for i, path in enumerate(paths):
            with open(path[:-4] + ".json") as f:
                labels.update(json.load(f))
            for frame in read(path):
                splits = {table[s] for s in frame.info["smiles"].split(".")}
                if split == "train" and splits != {"train"}:
                    checks["training frames with a held-out molecule"] += 1
                    continue
                residual = (frame.energy - composition(frame.z) @ elements) / len(frame.z)
                if not -BELOW < residual < (ABOVE if frame.info["kind"] == "press" else BELOW):
                    checks["dropped for their energy"] += 1
                    continue
                same = seen.setdefault(key(frame), split)
                if same != split:
                    checks["dropped from valid and test as in another split"] += 1
                    continue
                if rng.random() < DIFFERENCES / 80000 * (1 if split == "train" else 5):
                    try:
                        errors.append(difference(frame, rng))
                    except SCFError:
                        checks["whose neighbours did not converge, and were not held against differences"] += 1
                summary.add(frame)
                text = frame.text()
                write(split if split != "train" else f"train-{i // PARTS_A_FILE}", text)
                if split == "test":
                    write("test-" + kind_group(frame.info["kind"]), text)
        for f in outputs.values():
            f.close()
        if paths:
            summaries[split] = summary.report()

    for name in ("training frames with a held-out molecule", "dropped for their energy", "dropped from valid and test as in another split"):
        checks.setdefault(name, 0)
    errors = np.array(errors).reshape(-1, 2)
    json.dump({
        "teacher": "GFN2-xTB, libxtb 6.5.1, accuracy 1, singlet, neutral, gas phase; energies absolute, eV; forces eV/Å",
        "labelling": dict(sorted(labels.items())), "checks": dict(sorted(checks.items())),
        "forces against differences of energies": {
            "frames": len(errors), "mean error, eV/Å": float(errors[:, 0].mean()), "largest, eV/Å": float(errors[:, 0].max()),
            "largest change of energy when labelled again from atoms, eV": float(errors[:, 1].max())} if len(errors) else {},
        "element energies, least squares, eV": {SYMBOLS[e]: round(float(v), 4) for e, v in zip(SYMBOLS, elements)},
        **summaries}, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
