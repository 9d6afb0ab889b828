"""painless train beside PyTorch, in turns, on as many threads each: ms for a visit of a structure, and the errors on structures held out after equal time and
after equal visits: those that PyTorch made in its time.

CPU time of painless is of the whole command: start, reading, measuring the speed, and validating twice; that of PyTorch is of its steps alone.

usage: bench.py PAINLESS TRAIN.xyz VALID.xyz [SECONDS [ROUNDS [H,K,R [THREADS]]]]
"""
import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def painless(program, train, valid, length, seed, size, threads):
    """A run whose length is flags, as -time 60s or -visits 1000."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        log = f"{folder}/log.csv"
        subprocess.run([program, "train", "-size", size, "-threads", threads, *length, "-seed", str(seed), "-every", "1000000", "-valid", valid, "-log", log,
                        "-o", f"{folder}/student.pt", train], check=True, stdout=subprocess.DEVNULL)
        rows = list(csv.DictReader(open(log)))
    first, last, after = rows[0], rows[-1], resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    visits, elapsed = int(last["visits"]), float(last["time_s"]) - float(first["time_s"])
    return {"visits": visits, "ms_per_visit": 1000 * elapsed / visits, "cpu_ms_per_visit": 1000 * cpu / visits, "force_mae": float(last["valid_force_mae_eV_per_A"]),
            "energy_mae": float(last["valid_energy_mae_eV_per_atom"]), "loss": float(last["valid_loss"])}


def torch(train, valid, seconds, seed, size, threads):
    out = subprocess.run([sys.executable, HERE / "torch_train.py", train, valid, str(seconds), str(seed), *size.split(","), threads], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout)


def main():
    program, train, valid = sys.argv[1:4]
    seconds, rounds, size = int((sys.argv[4:5] or [60])[0]), int((sys.argv[5:6] or [2])[0]), (sys.argv[6:7] or ["64,2,12"])[0]
    threads = (sys.argv[7:8] or ["1"])[0]
    results = {"painless": [], "PyTorch": [], "painless, visits of PyTorch": []}
    for seed in range(1, rounds + 1):
        results["painless"].append(painless(program, train, valid, ["-time", f"{seconds}s"], seed, size, threads))
        results["PyTorch"].append(torch(train, valid, seconds, seed, size, threads))
        results["painless, visits of PyTorch"].append(painless(program, train, valid, ["-visits", str(results["PyTorch"][-1]["visits"])], seed, size, threads))
        for name, runs in results.items():
            print(f"round {seed}: {name}: {json.dumps(runs[-1])}", file=sys.stderr)
    print(f"| size {size}, {threads} threads, {seconds} s a run, {rounds} runs in turns | ms a visit | CPU ms a visit | visits | force MAE, meV/Å | energy MAE, meV/atom | loss held out |\n|---|---|---|---|---|---|---|")
    for name, runs in results.items():
        print(f"| {name} | {min(r['ms_per_visit'] for r in runs):.2f} | {min(r['cpu_ms_per_visit'] for r in runs):.2f} | {max(r['visits'] for r in runs)} | "
              f"{1000 * statistics.mean(r['force_mae'] for r in runs):.0f} | {1000 * statistics.mean(r['energy_mae'] for r in runs):.1f} | {statistics.mean(r['loss'] for r in runs):.4g} |")


if __name__ == "__main__":
    main()
