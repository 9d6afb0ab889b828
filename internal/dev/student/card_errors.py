"""What a student is, and its errors on labelled frames, by kind and element."""
import glob
import json
import os
import pickletools
import zipfile

import matplotlib
import numpy as np

from collect import composition
from frames import SYMBOLS, read

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LogNorm  # noqa: E402


def about(run):
    """Returns the file, how it was trained, its health card and the counts of its data."""
    report = json.loads(run.call("inspect", "-json", run.student))
    with open(run.file("metrics-data.json")) as f:
        data = json.load(f)
    strings = texts(run.student)
    return {"command": strings[strings.index("command") + 1] if "command" in strings else None, "bytes": report["bytes"], "parameters": report["parameters"], "config": {c["name"]: c["value"] for c in report["config"]},
            "metadata": {m["key"]: m["value"] for m in report["metadata"]}, "health": report["health"], "data": data}


def texts(student):
    """Returns the strings in a checkpoint, in their order, without opening it as PyTorch does."""
    with zipfile.ZipFile(student) as archive:
        name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
        return [argument for _, argument, _ in pickletools.genops(archive.read(name)) if isinstance(argument, str)]


def summary(report):
    """Returns the figures of one model of a validation, in eV, eV/Å and eV an atom."""
    m = report["models"][0]
    forces, energy = m["forces"], m["energy"]
    return {
        "frames": m["computed"], "failed": len(m["failed"]),
        "forces": {k: forces[k] for k in ("n", "mae", "rmse", "max", "r2", "cosine")},
        "energy per atom": {**{k: energy["per_atom"][k] for k in ("mae", "rmse", "max")}, "r2": energy["r2"],
                            "mae less offsets": energy["offsets"]["per_atom"]["mae"] if "offsets" in energy else None},
        "elements": {e["element"]: {"atoms": e["atoms"], "mae": e["forces"]["mae"], "rmse": e["forces"]["rmse"]} for e in m["by_element"]},
    }


def errors(run):
    """Returns the errors of each set; draws parity and the kinds."""
    sets = {"test": run.file("full", "test.xyz"), "valid": run.file("full", "valid.xyz"), "train": run.file("full", "train-0.xyz"),
            "GFN2 at 300 K": run.file("eval", "md300.xyz")}
    kinds = {os.path.basename(p)[5:-4]: p for p in glob.glob(run.file("full", "test-*.xyz"))}
    result = {"sets": {name: summary(json.loads(run.painless("validate", "-json", path))) for name, path in sets.items()},
              "kinds": {name: summary(json.loads(run.painless("validate", "-json", path))) for name, path in sorted(kinds.items())}}
    test = [(frame, energy, np.array(forces)) for frame, energy, forces in zip(read(sets["test"]), *run.predict(sets["test"]))]
    draw_kinds(run, result)
    return {**result, "r2 of energies per atom": draw_parity(run, test), "compositions": compositions(test), "worst": worst(test)}


def compositions(test):
    """Returns the errors of frames of H, C, N and O, and of those with each other element."""
    found = {}
    for frame, _, forces in test:
        others = set(frame.z.tolist()) - {1, 6, 7, 8}
        for name in [SYMBOLS[z] for z in sorted(others)] or ["H, C, N, O"]:
            found.setdefault(name, []).append((forces - frame.forces).ravel())
    return {name: {"frames": len(e), "mae": np.abs(np.concatenate(e)).mean()} for name, e in found.items()}


def worst(test):
    """Returns the ten frames with the largest RMSE of forces."""
    ranked = sorted(((float(np.sqrt(((forces - frame.forces) ** 2).mean())), frame.info) for frame, _, forces in test), key=lambda r: -r[0])
    return [{"rmse": rmse, "kind": info["kind"], "smiles": info["smiles"]} for rmse, info in ranked[:10]]


def draw_kinds(run, result):
    rows = [("all held out", result["sets"]["test"]), *sorted(result["kinds"].items(), key=lambda k: k[1]["forces"]["mae"]),
            ("GFN2's own 300 K", result["sets"]["GFN2 at 300 K"]), ("training frames", result["sets"]["train"])][::-1]
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
    names = [f"{name} ({r['frames']})" for name, r in rows]
    colors = ["#1f4e79" if name == "all held out" else "#6b9ac4" if name not in ("training frames",) else "#b0b0b0" for name, _ in rows]
    for axes, values, label, target in ((left, [1000 * r["forces"]["mae"] for _, r in rows], "force MAE, meV/Å", 70),
                                        (right, [1000 * r["energy per atom"]["mae"] for _, r in rows], "energy MAE, meV/atom", 5)):
        axes.barh(names, values, color=colors)
        axes.axvline(target, color="#c0392b", lw=1, ls="--")
        axes.set_xlabel(label)
        for i, v in enumerate(values):
            axes.text(v, i, f" {v:.3g}", va="center", fontsize=7, bbox={"fc": "white", "ec": "none", "pad": 0.3})
        axes.margins(x=0.12)
    left.tick_params(axis="y", labelsize=8)
    fig.savefig(run.figure("student-kinds"), dpi=110)
    plt.close(fig)


def element_energies(run):
    with open(run.file("metrics-data.json")) as f:
        fitted = json.load(f)["element energies, least squares, eV"]
    return np.array([fitted.get(symbol, 0.0) for symbol in SYMBOLS.values()])


def draw_parity(run, test):
    """Draws forces and energies less the elements', predicted over GFN2's; returns R² of these energies per atom."""
    elements = element_energies(run)
    shifts = np.array([composition(frame.z) @ elements for frame, _, _ in test])
    sizes = np.array([len(frame.z) for frame, _, _ in test])
    labels, predicted = (np.array([frame.energy for frame, _, _ in test]) - shifts) / sizes, (np.array([e for _, e, _ in test]) - shifts) / sizes
    label_f, predicted_f = (np.concatenate([f.ravel() for f in fs]) for fs in ([frame.forces for frame, _, _ in test], [f for _, _, f in test]))
    fig, panels = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
    for axes, x, y, title, unit, bins in ((panels[0], label_f, predicted_f, "forces", "eV/Å", 240),
                                          (panels[1], labels, predicted, "energies less the elements'", "eV/atom", 160)):
        low, high = min(x.min(), y.min()), max(x.max(), y.max())
        axes.plot([low, high], [low, high], color="#999999", lw=0.7, zorder=0)
        mesh = axes.hist2d(x, y, bins=bins, range=[[low, high]] * 2, norm=LogNorm(), cmin=1, cmap="viridis")
        fig.colorbar(mesh[3], ax=axes, shrink=0.85, label="points")
        axes.set_title(f"{title}, {unit}; MAE {np.abs(x - y).mean():.4f}", fontsize=9)
        axes.set_xlabel("GFN2-xTB")
        axes.set_ylabel("student")
        axes.set_aspect("equal")
    fig.savefig(run.figure("student-parity"), dpi=110)
    plt.close(fig)
    return float(1 - ((labels - predicted) ** 2).sum() / ((labels - labels.mean()) ** 2).sum())
