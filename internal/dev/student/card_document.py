"""Writes what card.py measured into docs/student.md: what stands between <!-- NAME --> and <!-- /NAME --> is replaced."""
import glob
import os
import re
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
DOCS = os.path.join(HERE, "..", "..", "..", "docs")
NAMES = {"md300": "dynamics at 300 K, force field's", "md-other": "dynamics at 50, 600 and 1000 K", "relax": "on the way to minima", "stretch": "a bond stretched or pressed",
         "random": "atoms displaced at random", "torsion": "torsions", "dimer": "pairs of molecules, 1.2 to 5 Å", "clash": "pairs, 0.5 to 1.4 Å",
         "cluster": "clusters of 3 to 5", "water": "2 to 30 waters"}


def table(head, rows):
    """Returns a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def verdict(value, target, moonshot=None):
    if moonshot is not None and value <= moonshot:
        return "met, moonshot too"
    return "met" if value <= target else "missed"


def targets(card):
    """Returns the issue's targets beside what was measured."""
    rows, sets = [], card["errors"]["sets"]
    for name, key, most, moonshot in (("force MAE, all held-out frames", "test", 0.07, 0.05), ("force MAE, GFN2's own dynamics at 300 K", "GFN2 at 300 K", 0.055, 0.04)):
        value = sets[key]["forces"]["mae"]
        rows.append([name, f"≤ {most} eV/Å ({moonshot})", f"{value:.4f}", verdict(value, most, moonshot)])
    test, torsions, relaxations = sets["test"], card["torsions"], card["relaxations"]
    r2, energy, drop = test["forces"]["r2"], test["energy per atom"]["mae"], card["droplet"]
    rows.append(["R² of forces, all held-out frames", "≥ 0.996", f"{r2:.4f}", verdict(-r2, -0.996)])
    rows.append(["energy MAE, all held-out frames", "≤ 5 meV/atom", f"{1000 * energy:.2f}", verdict(energy, 0.005)])
    for way in ("relaxed", "rigid"):
        missed = [name for name, r in torsions[way].items() if r["rms"] > 0.06]
        rows.append([f"torsion profiles, {way}, the farthest of {len(torsions[way])}", "≤ 60 meV RMS", f"{1000 * torsions['largest rms'][way]:.0f}",
                     "met" if not missed else f"missed by {len(missed)}: {', '.join(missed)}"])
    wide = [name for name, r in card["nve"]["molecules"].items() if abs(r["drift"]) > 0.02]
    rows.append([f"drift at constant energy, 100 ps, the largest of {len(card['nve']['molecules'])} molecules", "≤ 0.02 meV/atom/ps",
                 f"{card['nve']['largest |drift|']:.3f}", "met" if not wide else f"missed by {len(wide)}: {', '.join(wide)}"])
    if not drop["failed"]:
        rows.append(["drift of the droplet, 100 ps", "≤ 0.02 meV/atom/ps", f"{abs(drop['drift']):.4f}", verdict(abs(drop["drift"]), 0.02)])
    rows.append(["64 waters at 300 K stay a droplet, and liquid", "", "as below", "met" if liquid(drop) else "missed"])
    rows.append([f"collapses of {relaxations['starts']:,} random starts", "0", relaxations["collapsed"] + relaxations["stopped"],
                 verdict(relaxations["collapsed"] + relaxations["stopped"], 0)])
    return table(["", "target (moonshot)", "this student", ""], rows)


def liquid(drop):
    """Whether the waters are whole, nearly all in one droplet, at a liquid's distance, and on the move."""
    return bool(not drop["failed"] and drop["largest O–H"] < 1.4 and drop["molecules in the droplet"]["mean"] >= 60 and 2.6 <= drop["first peak"]["at"] <= 3.0
                and drop["diffusion, Å²/ps"] >= 0.02)


def about(card):
    a = card["about"]
    c, test, data = a["config"], a["data"]["test"] if "test" in a["data"] else {}, a["data"]
    train = data["train"]

    def fact(name):
        return int(re.search(rf"\b{name} (\d+)", a["metadata"]["training"])[1])

    size = f"{c['hidden_dim']},{c['num_interactions']},{c['num_rbf']}"
    rows = [["file", f"{a['bytes']:,} bytes, SHA-256 `{card['student'][:16]}…`"],
            ["size", f"{size}: {a['parameters']:,} parameters, cutoff {c['cutoff']} Å"],
            ["teacher", data["teacher"]],
            ["data", f"{train['frames']:,} frames of {train['molecules']:,} molecules, {train['atoms']:,} atoms; held out {data['valid']['frames']:,} to validate"
             + (f", {test['frames']:,} to test, of {data['valid']['molecules']} and {test['molecules']} other molecules" if test else "")],
            ["atoms in training", ", ".join(f"{e} {n:,}" for e, n in sorted(train["atoms by element"].items(), key=lambda r: -r[1]))],
            ["command", "`" + re.sub(r"(?<=[ =])[^\s=]*/", "", a["command"]) + "`"],  # files without folders
            ["best validation", f"after {fact('visits'):,} of {fact('visits_of_the_run'):,} visits, {fact('steps'):,} steps"]]
    return table(["", ""], rows)


def errors(r):
    f, e = r["forces"], r["energy per atom"]
    return [f"{r['frames']:,}", f"{f['mae']:.4f}", f"{f['rmse']:.4f}", f"{f['r2']:.4f}", f"{f['cosine']:.3f}", f"{1000 * e['mae']:.2f}", f"{1000 * e['rmse']:.2f}"]


def kinds(card):
    e = card["errors"]
    rows = [["**all held out**", *errors(e["sets"]["test"])], ["GFN2's own dynamics at 300 K", *errors(e["sets"]["GFN2 at 300 K"])]]
    rows += [[NAMES[k], *errors(r)] for k, r in sorted(e["kinds"].items(), key=lambda k: k[1]["forces"]["mae"])]
    rows += [["validation", *errors(e["sets"]["valid"])], ["training frames, some", *errors(e["sets"]["train"])]]
    return table(["frames", "", "F MAE, eV/Å", "F RMSE", "R²", "cosine", "E MAE, meV/atom", "E RMSE"], rows)


def elements(card):
    e = card["errors"]
    rows = [[name, f"{r['atoms']:,}", f"{r['mae']:.3f}", f"{r['rmse']:.3f}", f"{e['compositions'][name]['mae']:.3f}" if name in e["compositions"] else ""]
            for name, r in e["sets"]["test"]["elements"].items()]
    rows.append(["H, C, N, O alone", "", "", "", f"{e['compositions']['H, C, N, O']['mae']:.3f}"])
    return table(["element", "held-out atoms", "F MAE on them, eV/Å", "F RMSE", "F MAE of all atoms of frames with it"], rows)


def torsions(card):
    t = card["torsions"]
    rows = [[name, *(text for way in ("relaxed", "rigid") for text in (f"{1000 * t[way][name]['rms']:.0f}", f"{1000 * t[way][name]['barrier']:.0f}",
                                                                    f"{1000 * t[way][name]['gfn2 barrier']:.0f}"))] for name in t["relaxed"]]
    rows.append(["all", f"{1000 * t['rms']['relaxed']:.0f}", "", "", f"{1000 * t['rms']['rigid']:.0f}", "", ""])
    return table(["meV", "relaxed: RMS", "barrier", "GFN2's", "rigid: RMS", "barrier", "GFN2's"], rows)


def nve(card):
    rows = [[name, r["atoms"], r["split"], f"{r['K']:.0f}", f"{r['drift']:+.4f} ± {r['±']:.4f}", f"{r['largest deviation']:.2f}", f"{r['ps']:.0f}" + (f", {r['failed']}" if r["failed"] else "")]
            for name, r in card["nve"]["molecules"].items()]
    return table(["molecule", "atoms", "split", "K", "drift, meV/atom/ps", "largest deviation, meV/atom", "ps"], rows)


def droplet(card):
    d = card["droplet"]
    if d["failed"]:
        step, reason = re.search(r"step (\d+): replica 0: ([^;:]*)", d["failed"]).groups()
        return f"This student's does not stay one: after {int(step) / 2000:.1f} ps {reason}, and the run was stopped."
    own = d["forces on its own frames"]
    rows = [["longest O–H bond in any frame", "< 1.4 Å", f"{d['largest O–H']:.2f} Å"],
            ["molecules in the droplet (O–O below 4 Å), mean, least", "mean ≥ 60", f"{d['molecules in the droplet']['mean']:.1f}, {d['molecules in the droplet']['least']}"],
            ["first peak of g(r) of oxygens", "2.6 to 3.0 Å", f"{d['first peak']['at']:.2f} Å, height {d['first peak']['height']:.1f}"],
            ["neighbours within 3.4 Å, inside the droplet", "", f"{d['neighbours within 3.4 Å, inside']:.1f}"],
            ["self-diffusion of molecules that stay, 2 to 10 ps", "≥ 0.02 Å²/ps", f"{d['diffusion, Å²/ps']:.3f} Å²/ps"],
            ["temperature, drift", "", f"{d['K']:.0f} K, {d['drift']:+.4f} ± {d['±']:.4f} meV/atom/ps"],
            [f"forces beside GFN2's in {own['frames']} frames of its own", "", f"MAE {own['mae']:.3f}, RMSE {own['rmse']:.3f} eV/Å"]]
    return table(["", "a liquid droplet", "this student"], rows) + """

Water at 300 K moves 0.23 Å²/ps, and its oxygens are 2.8 Å apart; a droplet this small is not the bulk liquid, and GFN2-xTB's own water not that of nature.

![distances, motion and size of the droplet](figures/student-droplet.png)"""


def relaxations(card):
    r = card["relaxations"]
    share = lambda n: f"{n:,} ({100 * n / r['starts']:.2f} %)"  # noqa: E731
    said = {"converged": "converged to 0.01 eV/Å", "not converged": "not after 1,000 steps", "stopped": "stopped: atoms within 0.1 Å",
            "collapsed": "collapsed: atoms nearer than 0.6 of their covalent radii", "broken": "a bond of the molecule longer than 1.35 of these",
            "joined": "atoms within 1.05 of these that were not bonded"}
    rows = [[said[n], share(r[n]), ", ".join(f"`{s}`" for s in r["examples"].get(n, [])[:3])] for n in said]
    return table([f"{r['starts']:,} starts of {r['molecules']} held-out molecules; median {r['steps']['median']:.0f} steps", "", "such as"], rows)


def bonds(card):
    b = card["bonds"]
    rows = [[name, r["n"], f"{r['mae']:.4f}", f"{r['mean']:+.4f}"] for name, r in b["by bond"].items() if r["n"] >= 5]
    rows.append(["all", b["bonds"], f"{b['mae']:.4f}", f"largest {b['largest']:.3f}"])
    return table(["bond", "", "MAE, Å", "mean error, Å"], rows) + (
        f"\n\nOf {b['molecules']} held-out molecules, relaxed from GFN2's minima: angles MAE {b['angles']['mae']:.2f}°; "
        f"atoms within {b['rmsd']['median']:.3f} Å RMS (median; largest {b['rmsd']['largest']:.2f}).")


def speed(card):
    structures = card["speed"]["structures"]
    names = list(next(iter(structures.values()))["ms"])
    rows = [[f"{name}, {r['atoms']} atoms", *(f"{r['ms'][n]:.3g}" for n in names), f"{r['GFN2-xTB over']['student']:.0f}×"] for name, r in structures.items()]
    return table(["ms", "**this student**", *(n.replace("_", "-") + ("" if n == "GFN2-xTB" else " (upstream)") for n in names[1:]), "GFN2-xTB over this"], rows)


def health(card):
    return table(["", "", ""], [[v["grade"], v["topic"], v["text"]] for v in card["about"]["health"]["verdicts"]])


def document(run):
    """Replaces the tables and figures of docs/student.md."""
    card = {name: run.read(name) for name in ("about", "errors", "torsions", "bonds", "relaxations", "nve", "droplet", "speed")}
    missing = [name for name, value in card.items() if value is None]
    if missing:
        raise SystemExit(f"{run.out}: of this student, expected {', '.join(missing)}")
    card["student"] = run.sha256
    path = os.path.join(DOCS, "student.md")
    with open(path) as f:
        text = f.read()
    for make in (targets, about, kinds, elements, torsions, nve, droplet, relaxations, bonds, speed, health):
        name = make.__name__
        text, found = re.subn(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + make(card) + "\n" + m[2], text, flags=re.S)
        if found != 1:
            raise SystemExit(f"docs/student.md: expected <!-- {name} --> and <!-- /{name} --> once, found them {found} times")
    with open(path, "w") as f:
        f.write(text)
    for figure in glob.glob(os.path.join(run.out, "student-*.png")):
        shutil.copy(figure, os.path.join(DOCS, "figures"))
