"""Bonds that turn, minima, and what comes of random starts."""
import json
import os
import subprocess
import tempfile
from collections import Counter, defaultdict

import matplotlib
import numpy as np
from rdkit import Chem

from frames import SYMBOLS, Frame, read

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

RADII = {z: Chem.GetPeriodicTable().GetRcovalent(z) for z in SYMBOLS}  # Å
COLLAPSED, BROKEN, JOINED = 0.6, 1.35, 1.05  # of two covalent radii: nearer than any bond; longer than bonds; a bond where there was none
NEAREST = 0.1  # Å: some starts have atoms within painless' own limit of 0.4
CHUNK = 1000  # starts in a file of relaxed ones


def torsions(run):
    """Returns errors of the profiles, each less its mean (eV), and of barriers; draws them."""
    path = run.file("eval", "torsions.xyz")
    profiles = defaultdict(list)
    for frame, energy in zip(read(path), run.predict(path)[0]):
        profiles[frame.info["fragment"], frame.info["kind"].split("-")[1]].append((int(frame.info["angle"]), frame.energy, energy))
    result = {"relaxed": {}, "rigid": {}}
    curves = {}
    for (fragment, way), rows in profiles.items():
        angle, gfn2, student = np.array(rows).T
        error = student - student.mean() - (gfn2 - gfn2.mean())
        result[way][fragment] = {"rms": np.sqrt((error**2).mean()), "barrier": np.ptp(student), "gfn2 barrier": np.ptp(gfn2)}
        curves.setdefault(fragment, {})[way] = angle, gfn2 - gfn2.min(), gfn2 - gfn2.min() + error - error[gfn2.argmin()]
    draw_torsions(run, curves, result)
    every = {way: np.sqrt(np.mean([r["rms"] ** 2 for r in found.values()])) for way, found in result.items()}
    return {**result, "rms": every, "largest rms": {way: max(r["rms"] for r in found.values()) for way, found in result.items()}}


def draw_torsions(run, curves, result):
    fig, panels = plt.subplots(3, 4, figsize=(11, 7), sharex=True, layout="constrained")
    for axes, (fragment, ways) in zip(panels.flat, curves.items()):
        for way, color in (("relaxed", "#1f4e79"), ("rigid", "#c0712b")):
            angle, gfn2, student = ways[way]
            axes.plot(angle, 1000 * gfn2, "o", ms=3.5, color=color, mfc="none", label=f"GFN2-xTB, {way}")
            axes.plot(angle, 1000 * student, "-", lw=1.4, color=color, label=f"student, {way}")
        axes.set_title("{}: RMS {:.0f}, {:.0f} meV".format(fragment, *(1000 * result[way][fragment]["rms"] for way in ("relaxed", "rigid"))), fontsize=8)
        axes.set_xticks(range(0, 181, 45))
        axes.tick_params(labelsize=7)
    for axes in panels.flat[len(curves):]:
        axes.set_visible(False)
    fig.legend(*panels.flat[0].get_legend_handles_labels(), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=4, fontsize=8)
    fig.supxlabel("torsion, °", fontsize=9)
    fig.supylabel("energy, meV", fontsize=9)
    fig.savefig(run.figure("student-torsions"), dpi=110, bbox_inches="tight")
    plt.close(fig)


def optimized(frame):
    """Returns GFN2's minimum, by the xtb program, or None where it finds none."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "start.xyz"), "w") as f:
            f.write(f"{len(frame.z)}\n\n" + "".join("%s %.8f %.8f %.8f\n" % (SYMBOLS[z], *p) for z, p in zip(frame.z.tolist(), frame.x.tolist())))
        done = subprocess.run(["xtb", "start.xyz", "--opt", "tight"], cwd=folder, capture_output=True)
        path = os.path.join(folder, "xtbopt.xyz")
        if done.returncode or not os.path.exists(path):
            return None
        with open(path) as f:
            return np.array([line.split()[1:4] for line in f.readlines()[2:2 + len(frame.z)]], dtype=float)


def minima(run):
    """Returns the path of GFN2's minima of the molecules of eval/md300.xyz: the same for every student, and made once."""
    path = os.path.join(run.out, "gfn2-minima.xyz")
    if not os.path.exists(path):
        with open(path + ".part", "w") as f:
            seen = set()
            for frame in read(run.file("eval", "md300.xyz")):
                if frame.info["smiles"] not in seen:
                    seen.add(frame.info["smiles"])
                    x = optimized(frame)
                    if x is not None:
                        f.write(Frame(frame.z, x, smiles=frame.info["smiles"]).text())
        os.rename(path + ".part", path)
    return path


def relaxed(run, path):
    """Yields (frame, record) of a file's frames, as painless relax has them; the record is None where one was stopped."""
    found = {r["frame"]: r for r in map(json.loads, run.painless("relax", "-json", path).splitlines())}
    for i, frame in enumerate(read(path)):
        yield frame, found.get(i)


def molecule(frame):
    """Returns the molecule of a frame's SMILES, whose atoms are in the frame's order."""
    mol = Chem.AddHs(Chem.MolFromSmiles(frame.info["smiles"]))
    assert [a.GetAtomicNum() for a in mol.GetAtoms()] == frame.z.tolist(), frame.info["smiles"]
    return mol


def distance(x, *pair):
    return float(np.linalg.norm(x[pair[0]] - x[pair[1]]))


def angle(x, i, j, k):
    a, b = x[i] - x[j], x[k] - x[j]
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def bonds(run):
    """Returns how far bonds (Å) and angles (°) of the student's minima are from those of GFN2's that they began at."""
    lengths, angles, moved, count = defaultdict(list), [], [], Counter()
    for frame, record in relaxed(run, minima(run)):
        count["molecules"] += 1
        if record is None or not record["converged"]:
            count["not relaxed"] += 1
            continue
        mol, x = molecule(frame), np.array(record["positions"])
        for bond in mol.GetBonds():
            a, b = bond.GetBeginAtom(), bond.GetEndAtom()
            name = "–".join(sorted((a.GetSymbol(), b.GetSymbol())))
            lengths[name].append(distance(x, a.GetIdx(), b.GetIdx()) - distance(frame.x, a.GetIdx(), b.GetIdx()))
        for atom in mol.GetAtoms():
            near = [n.GetIdx() for n in atom.GetNeighbors()]
            angles += [angle(x, i, atom.GetIdx(), k) - angle(frame.x, i, atom.GetIdx(), k) for n, i in enumerate(near) for k in near[:n]]
        moved.append(superposed(frame.x, x))
    every = np.concatenate(list(map(np.array, lengths.values())))
    return {**count, "bonds": len(every), "mae": np.abs(every).mean(), "largest": np.abs(every).max(), "angles": {"n": len(angles), "mae": np.abs(angles).mean()},
            "by bond": {k: {"n": len(v), "mae": np.abs(v).mean(), "mean": np.mean(v)} for k, v in sorted(lengths.items(), key=lambda r: -len(r[1]))},
            "rmsd": {"median": np.median(moved), "largest": np.max(moved)}}


def superposed(a, b):
    """Returns the RMSD (Å) of two structures laid upon one another (Kabsch)."""
    a, b = a - a.mean(0), b - b.mean(0)
    u, s, v = np.linalg.svd(a.T @ b)
    s[-1] *= np.sign(np.linalg.det(u) * np.linalg.det(v))
    return float(np.sqrt(max(0.0, (a * a).sum() + (b * b).sum() - 2 * s.sum()) / len(a)))


def relaxations(run):
    """Returns what came of eval/starts.xyz: converged, collapsed, broken and joined molecules, steps."""
    count, steps, examples, folder = Counter(), [], defaultdict(list), run.folder("relaxations")
    starts = list(read(run.file("eval", "starts.xyz")))
    for first in range(0, len(starts), CHUNK):
        chunk, path = starts[first:first + CHUNK], os.path.join(folder, f"{first:05d}")
        if not os.path.exists(path + ".json"):
            with open(path + ".xyz", "w") as f:
                f.writelines(frame.text() for frame in chunk)
            run.painless("relax", "-json", "-min-distance", NEAREST, "-o", path + ".part", path + ".xyz")
            os.rename(path + ".part", path + ".json")
        with open(path + ".json") as f:
            found = {r["frame"]: r for r in map(json.loads, f)}
        for i, frame in enumerate(chunk):
            outcomes = outcome(frame, found.get(i))
            count.update(["starts", *outcomes])
            for name in outcomes:
                if len(examples[name]) < 5 and frame.info["smiles"] not in examples[name]:
                    examples[name].append(frame.info["smiles"])
            if i in found:
                steps.append(found[i]["steps"])
    names = ("converged", "not converged", "stopped", "collapsed", "broken", "joined")
    return {"starts": count["starts"], **{n: count[n] for n in names}, "molecules": len({f.info["smiles"] for f in starts}),
            "steps": {"median": float(np.median(steps)), "95 %": float(np.quantile(steps, 0.95))},
            "examples": {n: examples[n] for n in names if n != "converged" and examples[n]}}


def outcome(frame, record):
    """Returns what is true of a relaxed start, by the bonds of its SMILES."""
    if record is None:
        return ["stopped"]
    x, radius = np.array(record["positions"]), np.array([RADII[z] for z in frame.z.tolist()])
    mol = molecule(frame)
    bonded = Chem.GetAdjacencyMatrix(mol).astype(bool)
    share = np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1)) / (radius[:, None] + radius[None])
    np.fill_diagonal(share, np.inf)
    outcomes = ["converged" if record["converged"] else "not converged"]
    if (share < COLLAPSED).any():
        outcomes.append("collapsed")
    if (share[bonded] > BROKEN).any():
        outcomes.append("broken")
    if (share[~bonded] < JOINED).any():
        outcomes.append("joined")
    return outcomes
