"""Molecular dynamics: molecules at constant energy, and a droplet of water that should stay one, and liquid."""
import csv
import glob
import json
import os
from collections import defaultdict

import matplotlib
import numpy as np

from card_run import Refused
from frames import NUMBERS, Frame, read
from xtb import GFN2

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

KELVIN, DT = 300, 0.5  # K, fs
WARM, STEPS = 10_000, 200_000  # 5 ps with a thermostat, 100 ps without
DROPLET_WARM = 40_000  # 20 ps
EVERY = 200  # steps
TOGETHER = 4.0  # Å, of the oxygens of molecules that are of one droplet
LABELLED = 8  # frames of the droplet that GFN2 computes too


def trajectory(path):
    """Returns elements, and positions [F, N, 3] of a trajectory of painless md, Å."""
    frames = []
    with open(path) as f:
        while count := f.readline():
            f.readline()
            rows = [f.readline().split() for _ in range(int(count))]
            frames.append([r[1:4] for r in rows])
    return np.array([NUMBERS[r[0]] for r in rows]), np.array(frames, dtype=float)


def last_frame(path):
    with open(path) as f:
        lines = f.readlines()
    return "".join(lines[-int(lines[0]) - 2:])


def simulate(run, folder, start, warm, *flags):
    """Runs a thermostat, and then constant energy (with flags) from there, each as far as it is not there yet; returns the report."""
    path = lambda name: os.path.join(folder, name)  # noqa: E731
    if not os.path.exists(path("start.xyz")):
        run.painless("md", "-ensemble", "langevin", "-temperature", KELVIN, "-dt", DT, "-steps", warm, "-every", warm, "-threads", 1, "-force",
                     "-o", path("warm.xyz"), start)
        with open(path("start.part"), "w") as f:
            f.writelines(last_frame(p) for p in sorted(glob.glob(path("warm*.xyz"))))
        os.rename(path("start.part"), path("start.xyz"))
    report = reported(path("report/report.json"))
    if report is None:
        files = ["-o", path("run.xyz"), "-log", path("run.csv"), "-checkpoint", path("run.json"), "-report", path("report")]
        how = ["-steps", STEPS, "-every", EVERY, "-threads", 1, "-force", *files]
        begin = ["-restart", path("run.json")] if os.path.exists(path("run.json")) else ["-ensemble", "nve", "-dt", DT, *flags]
        try:
            run.painless("md", *begin, *how, *([] if "-restart" in begin else [path("start.xyz")]))
        except Refused:
            if reported(path("report/report.json")) is None:
                raise
        report = reported(path("report/report.json"))
    return report


def reported(path):
    """Returns the report of a run that went to its end, or left no replica within limits; None of one that is to go on."""
    if not os.path.exists(path):
        return None
    with open(path) as f:
        report = json.load(f)
    return report if report["last_step"] == STEPS or report.get("stopped", "by a signal") != "by a signal" else None


def conserved(path):
    """Returns times (ps) and conserved energies less the first (meV an atom) of each replica of a log."""
    series = defaultdict(list)
    with open(path) as f:
        for row in csv.DictReader(f):
            series[int(row["replica"])].append((float(row["time_fs"]) / 1000, 1000 * float(row["conserved_eV"]) / int(row["atoms"])))
    return [(t, e - e[0]) for t, e in (np.array(series[r]).T for r in sorted(series))]


def moved(report):
    """Returns what a report says of each replica."""
    reasons = {f["replica"]: f["reason"] for f in report.get("failed", [])}
    for replica in report["replicas"]:
        energy, atoms = replica["conserved_energy"], replica["atoms"]
        yield {"atoms": atoms, "K": replica["temperature_K"], "drift": energy["drift_meV_per_atom_ps"], "±": energy["drift_standard_error_meV_per_atom_ps"],
               "largest deviation": 1000 * abs(energy["largest_deviation_eV"]) / atoms, "ps": replica["last_step"] * DT / 1000,
               "failed": (reasons.get(replica["replica"]) or report.get("stopped", "")).split("; last good frame")[0] or None}


def nve(run):
    """Returns the drifts of the ten molecules of eval/nve.xyz (meV an atom and ps); draws them."""
    folder = run.folder("nve")
    report = simulate(run, folder, run.file("eval", "nve.xyz"), WARM)
    frames = list(read(run.file("eval", "nve.xyz")))
    result = {frame.info["name"]: {**replica, "split": frame.info["split"]} for frame, replica in zip(frames, moved(report))}
    fig, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for (name, r), (t, e) in zip(result.items(), conserved(os.path.join(folder, "run.csv"))):
        axes.plot(t, smooth(e), lw=1, label=f"{name} ({r['drift']:+.3f})")
    axes.set_xlabel("ps at constant energy")
    axes.set_ylabel("conserved energy, meV/atom")
    axes.legend(fontsize=7, title="drift, meV/atom/ps", title_fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    fig.savefig(run.figure("student-nve"), dpi=110)
    plt.close(fig)
    return {"molecules": result, "largest |drift|": max(abs(r["drift"]) for r in result.values())}


def smooth(e, width=10):
    """Returns means of width samples each, at all of them, the same at its ends."""
    padded = np.concatenate([np.full(width // 2, e[0]), e, np.full(width - width // 2 - 1, e[-1])])
    return np.convolve(padded, np.full(width, 1 / width), "valid")


def droplet(run):
    """Returns what became of 64 waters at 300 K; draws the distances of oxygens, how far they come, and how many are one droplet."""
    folder = run.folder("droplet")
    try:
        report = simulate(run, folder, run.file("eval", "droplet.xyz"), DROPLET_WARM, "-no-rotation")
    except Refused as stopped:
        return {"failed": str(stopped).strip().splitlines()[-1]}
    (replica,) = moved(report)
    if replica["failed"]:
        return replica
    z, x = trajectory(os.path.join(folder, "run.xyz"))
    ps = np.arange(len(x)) * EVERY * DT / 1000
    oxygens = np.flatnonzero(z == 8)
    o = x[:, oxygens]
    intact = np.sqrt(((x.reshape(len(x), -1, 3, 3)[:, :, 1:] - o[:, :, None]) ** 2).sum(-1)).max((1, 2))  # waters are O, H, H
    pairs = np.array([np.sqrt(((f[:, None] - f[None]) ** 2).sum(-1)) for f in o])
    held = np.array([largest_cluster(d < TOGETHER) for d in pairs])
    largest = held.sum(1)
    r, g, neighbours = radial(o, pairs)
    msd_t, msd = displacement(o[:, held.all(0)], ps)
    fit = (msd_t > 2) & (msd_t < 10)
    result = {
        **replica, "largest O–H": float(intact.max()), "molecules in the droplet": {"mean": float(largest.mean()), "least": int(largest.min())},
        "first peak": {"at": float(r[g.argmax()]), "height": float(g.max())}, "neighbours within 3.4 Å, inside": neighbours,
        "diffusion, Å²/ps": float(np.polyfit(msd_t[fit], msd[fit], 1)[0] / 6), "forces on its own frames": against_gfn2(run, folder, z, x),
    }
    draw_droplet(run, (r, g), (msd_t, msd), (ps, largest))
    return result


def largest_cluster(near):
    """Returns which molecules hang together, of the most that do: [molecules]."""
    left, best = set(range(len(near))), []
    while left:
        edge, found = [left.pop()], []
        while edge:
            found.append(edge.pop())
            more = [j for j in np.flatnonzero(near[found[-1]]) if j in left]
            left.difference_update(more)
            edge += more
        best = max(best, found, key=len)
    return np.isin(np.arange(len(near)), best)


def radial(o, pairs, inside=4.0, density=0.0334, width=0.05, farthest=6.0):
    """Returns g(r) about the oxygens within inside Å of the middle, and how many neighbours those have within 3.4 Å.

    Density is the liquid's, molecules an Å³. Beyond the droplet's radius less inside, shells reach out of it.
    """
    edges = np.arange(0, farthest + width, width)
    counts, neighbours, origins = np.zeros(len(edges) - 1), 0, 0
    for f, d in zip(o, pairs):
        core = np.sqrt(((f - np.median(f, 0)) ** 2).sum(1)) < inside
        rows = d[core]
        counts += np.histogram(rows[rows > 0], edges)[0]
        neighbours += ((rows > 0) & (rows < 3.4)).sum()
        origins += core.sum()
    shells = 4 / 3 * np.pi * np.diff(edges**3) * density
    return 0.5 * (edges[1:] + edges[:-1]), counts / origins / shells, float(neighbours / origins)


def displacement(o, ps, farthest=200):
    """Returns times (ps) and mean square displacements (Å²) of oxygens from the middle of them all."""
    o = o - o.mean(1, keepdims=True)
    lags = range(1, min(farthest, len(o) // 2))
    return ps[1:len(lags) + 1], np.array([((o[lag:] - o[:-lag]) ** 2).sum(-1).mean() for lag in lags])


def against_gfn2(run, folder, z, x):
    """Returns the student's errors of forces (eV/Å) on frames of its own run."""
    path = os.path.join(folder, "own.xyz")
    if not os.path.exists(path):
        gfn2 = GFN2(z)
        with open(path + ".part", "w") as f:
            for positions in x[np.linspace(0, len(x) - 1, LABELLED).astype(int)]:
                positions = np.round(positions, 6)
                f.write(Frame(z, positions, *gfn2(positions, fresh=True), kind="droplet").text())
        os.rename(path + ".part", path)
    forces = json.loads(run.painless("validate", "-json", path))["models"][0]["forces"]
    return {"frames": LABELLED, "mae": forces["mae"], "rmse": forces["rmse"]}


def draw_droplet(run, distances, displacements, sizes):
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    left.plot(*distances)
    left.set(xlabel="O–O, Å", ylabel="g(r), inside", xlim=(2, 6))
    middle.plot(*displacements)
    middle.set(xlabel="ps", ylabel="mean square displacement of O, Å²")
    right.plot(*sizes)
    right.set(xlabel="ps at constant energy", ylabel="molecules in the droplet", ylim=(0, 66))
    fig.savefig(run.figure("student-droplet"), dpi=110)
    plt.close(fig)
