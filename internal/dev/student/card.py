"""Measures a student for its model card: OUT/card.json and figures. A part that was done for the same student is left as it is.

    OMP_NUM_THREADS=1 python3 card.py STUDENT DATA OUT [about errors torsions bonds relaxations nve droplet speed]
    OMP_NUM_THREADS=1 python3 card.py STUDENT DATA OUT document    # the tables and figures of docs/student.md

DATA has full/, of collect.py, and eval/, of evaluation.py. PAINLESS is the program, or it is built; MODELS are students for speed to show beside.
"""
import sys

import card_document
import card_errors
import card_geometry
import card_motion
import card_speed
from card_run import Run

PARTS = {"about": card_errors.about, "errors": card_errors.errors, "torsions": card_geometry.torsions, "bonds": card_geometry.bonds,
         "relaxations": card_geometry.relaxations, "nve": card_motion.nve, "droplet": card_motion.droplet, "speed": card_speed.speed}


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    run = Run(*sys.argv[1:4])
    for name in sys.argv[4:] or PARTS:
        if name == "document":
            card_document.document(run)
            continue
        if run.read(name) is None:
            run.write(name, {"student": run.sha256, **PARTS[name](run)})
        print(name, "done", flush=True)
    run.write("card", {"student": run.sha256, **{name: value for name in PARTS if (value := run.read(name))}})


if __name__ == "__main__":
    main()
