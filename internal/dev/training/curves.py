"""Draws learning curves of several runs of painless train, from their logs: errors held out over visits, and over time.

    python3 curves.py OUT.png NAME=LOG.csv …
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def rows(path):
    """Returns (visits, s, force MAE in meV/Å) of the validations after the first step."""
    with open(path) as f:
        return [(float(r["visits"]), float(r["time_s"]), 1000 * float(r["valid_force_mae_eV_per_A"])) for r in csv.DictReader(f) if float(r["steps"]) > 0]


def label(axis, ticks):
    """Labels an axis with those of the numbers that it shows."""
    low, high = axis.get_view_interval()
    shown = [t for t in ticks if low <= t <= high]
    axis.set_ticks(shown, [f"{t:g}" for t in shown])
    axis.set_ticks([], minor=True)


def main():
    out, runs = sys.argv[1], [argument.split("=", 1) for argument in sys.argv[2:]]
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, constrained_layout=True)
    for name, path in runs:
        visits, seconds, error = zip(*rows(path))
        panels[0].loglog([v / 1000 for v in visits], error, ".-", label=name)
        panels[1].loglog([s / 60 for s in seconds], error, ".-")
    panels[0].set(xlabel="visits of structures (thousands)", ylabel="force MAE held out (meV/Å)")
    panels[1].set(xlabel="minutes")
    label(panels[0].yaxis, (60, 80, 100, 120, 150, 200, 300, 500, 800, 1200))
    label(panels[1].xaxis, (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500))
    panels[0].legend(fontsize=8)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
