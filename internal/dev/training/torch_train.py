"""Trains the student in PyTorch as painless train does: the same network, data, loss, optimizer and schedule, eager.

usage: torch_train.py TRAIN.xyz VALID.xyz SECONDS SEED H K R THREADS

Prints one line of JSON. Reading, pairs and the measuring of the speed are not counted.
"""
import json
import math
import re
import sys
import time
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parent.parent / folder) for folder in ("golden", "peers")]
from best import at_its_best  # noqa: E402

at_its_best(sys.argv[8])

import numpy as np  # noqa: E402
import torch  # noqa: E402

from model import Student  # noqa: E402

BATCH, RATE, WARMUP, FINAL, DECAY, EMA, CLIP, CUTOFF = 8, 2e-3, 0.02, 0.01, 0.01, 0.999, 3.0, 5.0
ENERGY, FORCE, SCALE = 2.0, 1.0, 10.0
SYMBOLS = ("X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb "
           "Te I").split()
NUMBER = {symbol: z for z, symbol in enumerate(SYMBOLS)}


def read(path):
    """Isolated structures of extended XYZ with the columns species, pos and forces: numbers, positions, energy, forces, pairs."""
    frames = []
    with open(path) as file:
        while line := file.readline():
            n, comment = int(line), file.readline()
            rows = [file.readline().split() for _ in range(n)]
            values = np.array([row[1:7] for row in rows], dtype=np.float64)
            if np.sqrt((values[:, 3:] ** 2).sum(1)).max() > 60:
                continue
            r = torch.tensor(values[:, :3], dtype=torch.float32)
            src, dst = torch.where((torch.cdist(r, r) <= CUTOFF) & ~torch.eye(n, dtype=torch.bool))
            energy = float(re.search(r"(?:^|\s)energy=(\S+)", comment)[1])
            frames.append((torch.tensor([NUMBER[row[0]] for row in rows]), r, energy, torch.tensor(values[:, 3:], dtype=torch.float32), src, dst))
    return frames


class Tied(Student):
    """The student whose mixing matrices are 1 and whose filters are 0 at the cutoff."""

    def filter(self, k, rbf):
        first, _, second = self.interactions[k].message.rbf_to_scalar
        at_cutoff = second.weight @ torch.nn.functional.silu(first.bias)
        return torch.nn.functional.silu(first(rbf)) @ second.weight.T - at_cutoff

    def energies(self, numbers, src, dst, x):
        d = x.norm(dim=1)
        unit = x / (d + 1e-8).unsqueeze(-1)
        rbf = self.rbf(d)
        s = self.embedding(numbers)
        v = s.new_zeros(s.shape[0], 3, s.shape[1])
        for k, block in enumerate(self.interactions):
            phi_s, phi_v, phi_u = self.filter(k, rbf).chunk(3, -1)
            s = s.index_add(0, dst, s[src] * phi_s)
            v = v.index_add(0, dst, v[src] * phi_v.unsqueeze(1) + unit.unsqueeze(-1) * phi_u.unsqueeze(1))
            norm = (v.square().sum(1) + 1e-10).sqrt()
            a, g1, g2 = block.update.update_mlp(torch.cat([s, norm], -1)).chunk(3, -1)
            s, v = s + a, v * (g1 + g2).unsqueeze(1)
        return self.energy_head(s).squeeze(-1)

    def predict(self, batch, create_graph):
        """Energies [S] and forces [N] of frames, and which structure each atom is of."""
        start = np.cumsum([0] + [len(f[0]) for f in batch])
        numbers, r = torch.cat([f[0] for f in batch]), torch.cat([f[1] for f in batch]).requires_grad_()
        src = torch.cat([f[4] + int(at) for f, at in zip(batch, start)])
        dst = torch.cat([f[5] + int(at) for f, at in zip(batch, start)])
        of = torch.repeat_interleave(torch.arange(len(batch)), torch.tensor([len(f[0]) for f in batch]))
        energy = torch.zeros(len(batch)).index_add(0, of, self.energies(numbers, src, dst, r[src] - r[dst]))
        forces = -torch.autograd.grad(energy.sum(), r, create_graph=create_graph)[0]
        return energy, forces, of


def initialise(model, hidden):
    for name, p in model.named_parameters():
        with torch.no_grad():
            if name == "embedding.weight" or name.endswith("rbf_to_scalar.0.weight"):
                p.normal_(0, 1)
            elif name.endswith("rbf_to_scalar.0.bias"):
                p.normal_(0, 0.5)
            elif name.endswith("rbf_to_scalar.2.weight"):
                p.normal_(0, 0.4 / math.sqrt(hidden))
            elif name.endswith("bias"):
                p.zero_()
            elif p.dim() == 2 and "mixing" not in name:
                torch.nn.init.xavier_uniform_(p)


def losses(batch, energy, forces, of):
    """The loss of each structure's energy, and of each component of the forces."""
    want = torch.cat([f[3] for f in batch])
    atoms = torch.tensor([float(len(f[0])) for f in batch])
    w = 1 / (1 + want.square().sum(1) / SCALE**2)
    of_structure = torch.zeros(len(batch)).index_add(0, of, w) / atoms
    difference = energy - torch.tensor([f[2] for f in batch])
    return ENERGY * of_structure * difference.square() / atoms, FORCE * (forces - want).square() * w.unsqueeze(1)


def loss(model, batch):
    of_energies, of_forces = losses(batch, *model.predict(batch, True))
    return of_energies.mean() + of_forces.mean()


def validate(model, frames):
    """Mean errors of energies per atom and of forces, and the loss of all frames as one batch."""
    energy_errors, force_errors, energy_loss, force_loss = [], [], 0.0, 0.0
    for at in range(0, len(frames), 32):
        batch = frames[at:at + 32]
        energy, forces, of = model.predict(batch, False)
        of_energies, of_forces = losses(batch, energy.detach(), forces.detach(), of)
        energy_loss, force_loss = energy_loss + float(of_energies.sum()), force_loss + float(of_forces.sum())
        energy_errors += [abs(float(e) - f[2]) / len(f[0]) for e, f in zip(energy, batch)]
        force_errors.append((forces.detach() - torch.cat([f[3] for f in batch])).abs().flatten())
    errors = torch.cat(force_errors)
    return float(np.mean(energy_errors)), float(errors.mean()), energy_loss / len(frames) + force_loss / len(errors)


def main():
    train, valid = read(sys.argv[1]), read(sys.argv[2])
    seconds, seed, hidden, blocks, radial, threads = float(sys.argv[3]), *map(int, sys.argv[4:9])
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    counts = np.array([np.bincount(f[0].numpy(), minlength=101) for f in train], dtype=float)
    offsets = np.linalg.lstsq(counts, np.array([f[2] for f in train]), rcond=None)[0]
    train, valid = ([(f[0], f[1], f[2] - float(offsets[f[0].numpy()].sum()), *f[3:]) for f in frames] for frames in (train, valid))
    model = Tied(hidden, blocks, radial, CUTOFF, 100)
    initialise(model, hidden)
    frozen = [p for name, p in model.named_parameters() if "mixing" in name or name.endswith("rbf_to_scalar.2.bias")]
    for p in frozen:
        p.requires_grad_(False)
    matrices = [p for name, p in model.named_parameters() if p.requires_grad and p.dim() == 2 and name != "embedding.weight"]
    others = [p for name, p in model.named_parameters() if p.requires_grad and (p.dim() != 2 or name == "embedding.weight")]
    parameters = matrices + others
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}], lr=RATE)

    def gradient(batch):
        value = loss(model, batch)
        for p, g in zip(parameters, torch.autograd.grad(value, parameters, allow_unused=True)):
            p.grad = torch.zeros_like(p) if g is None else g

    order = torch.randperm(len(train)).tolist()
    begin, measured = time.perf_counter(), 0
    while time.perf_counter() - begin < max(1, seconds / 50):
        gradient([train[i] for i in order[measured % len(train):][:BATCH]])
        measured += BATCH
    total = max(BATCH, int(measured / (time.perf_counter() - begin) * seconds))

    average = [p.detach().clone() for p in parameters]
    visits, steps, running = 0, 0, 0.0
    begin, cpu = time.perf_counter(), time.process_time()
    while visits < total:
        order = torch.randperm(len(train)).tolist()
        for at in range(0, len(order), BATCH):
            batch = [train[i] for i in order[at:at + BATCH]]
            gradient(batch)
            norm = float(torch.sqrt(sum(p.grad.square().sum() for p in parameters)))
            most = CLIP * running if running else math.inf
            if norm > most:
                for p in parameters:
                    p.grad.mul_(most / norm)
            running = running + 0.01 * (min(norm, most) - running) if running else norm
            visits, steps = visits + len(batch), steps + 1
            done = min(1, visits / total)
            rate = RATE * done / WARMUP if done < WARMUP else RATE * (FINAL + (1 - FINAL) * 0.5 * (1 + math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))))
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            keep = min(EMA, (1 + steps) / (10 + steps))
            with torch.no_grad():
                for a, p in zip(average, parameters):
                    a.mul_(keep).add_(p, alpha=1 - keep)
            if visits >= total:
                break
    elapsed, cpu = time.perf_counter() - begin, time.process_time() - cpu
    with torch.no_grad():
        for a, p in zip(average, parameters):
            p.copy_(a)
    energy, force, held_out = validate(model, valid)
    print(json.dumps({"visits": visits, "seconds": elapsed, "ms_per_visit": 1000 * elapsed / visits, "cpu_ms_per_visit": 1000 * cpu / visits, "force_mae": force, "energy_mae": energy, "loss": held_out, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
