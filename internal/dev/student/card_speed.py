"""What a call costs: the student, others, and GFN2-xTB on the same structures, in turns on one core."""
import json
import os
import time

import matplotlib
import numpy as np

from frames import Frame, read
from xtb import GFN2

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROUNDS, CALLS = 9, 20
GFN2_CALLS = {9: 20, 21: 8, 51: 3, 99: 2}  # a round; the others are calls of painless


def structures(run):
    """Returns ethanol, aspirin, and the waters next to the middle of the droplet."""
    molecules = {f.info["name"]: f for f in read(run.file("eval", "nve.xyz"))}
    (drop,) = read(run.file("eval", "droplet.xyz"))
    near = np.argsort(((drop.x[::3] - drop.x.mean(0)) ** 2).sum(1))
    found = [("ethanol", molecules["ethanol"]), ("aspirin", molecules["aspirin"])]
    for waters in (17, 33):
        atoms = np.concatenate([[3 * w, 3 * w + 1, 3 * w + 2] for w in near[:waters]])
        found.append((f"{waters} waters", Frame(drop.z[atoms], drop.x[atoms])))
    return found


def gfn2_ms(gfn2, frame, calls):
    """Returns the CPU times of calls as in a simulation: each begins from the density of the one before, 0.01 Å away.

    They are longer than a slice of time on a busy machine, which wall time would count.
    """
    times = []
    for step in range(calls):
        x = frame.x.copy()
        x[np.arange(len(x)), np.arange(len(x)) % 3] += 0.01 * (step % 2)
        began = time.thread_time()
        gfn2(x)
        times.append(1000 * (time.thread_time() - began))
    return times


def speed(run):
    """Returns medians (ms) of calls for energy and forces, and of the ratios to GFN2-xTB of each round; draws them."""
    folder, models = run.folder("speed"), {"student": run.student}
    for path in filter(None, os.environ.get("MODELS", "").split(",")):
        models[os.path.splitext(os.path.basename(path))[0]] = path
    result = {}
    for name, frame in structures(run):
        path, gfn2, atoms = os.path.join(folder, f"{len(frame.z)}.xyz"), GFN2(frame.z), len(frame.z)
        with open(path, "w") as f:
            f.write(Frame(frame.z, frame.x).text())
        gfn2_ms(gfn2, frame, 2)
        rounds = []
        for _ in range(ROUNDS):
            bench = json.loads(run.call("bench", "-json", "-model", ",".join(models.values()), "-structures", path, "-batch", 1, "-threads", 1,
                                        "-rounds", 1, "-calls", CALLS, "-any-element"))
            ms = [row["ms"]["median"] for row in bench["rows"] if row["quantity"] == "energy+forces"]
            rounds.append([*ms, float(np.median(gfn2_ms(gfn2, frame, GFN2_CALLS[atoms])))])
        rounds = np.array(rounds)
        names = [*models, "GFN2-xTB"]
        result[name] = {"atoms": atoms, "ms": dict(zip(names, np.median(rounds, 0).tolist())),
                        "GFN2-xTB over": dict(zip(models, np.median(rounds[:, -1:] / rounds[:, :-1], 0).tolist()))}
    draw_speed(run, result)
    return {"machine": bench["machine"], "structures": result}


def draw_speed(run, result):
    fig, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
    atoms = [r["atoms"] for r in result.values()]
    for name in next(iter(result.values()))["ms"]:
        axes.loglog(atoms, [r["ms"][name] for r in result.values()], marker="o", ms=4, lw=2.2 if name in ("student", "GFN2-xTB") else 1,
                    ls="-" if name in ("student", "GFN2-xTB") else "--", label=name)
    axes.set(xlabel="atoms", ylabel="ms for energy and forces, one core")
    axes.set_xticks(atoms, [str(a) for a in atoms])
    axes.minorticks_off()
    axes.legend(fontsize=8)
    fig.savefig(run.figure("student-speed"), dpi=110)
    plt.close(fig)
