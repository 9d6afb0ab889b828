"""Makes testdata/: random-weight checkpoints of the three sizes, their TorchScript exports, golden outputs.

Run by Debian's python3 with python3-torch and python3-ase:  python3 internal/dev/golden/generate.py testdata
Users never need it: its output is committed.
"""
import json
import os
import platform
import sys
import zipfile

import ase
import numpy as np
import torch

from model import Student, randomise
from structures import edges, structures

CONFIGS = {
    "original": dict(hidden_dim=128, num_interactions=3, num_rbf=20, cutoff=5.0, max_z=100),
    "tiny": dict(hidden_dim=64, num_interactions=2, num_rbf=12, cutoff=5.0, max_z=100),
    "ultra_tiny": dict(hidden_dim=32, num_interactions=2, num_rbf=10, cutoff=5.0, max_z=100),
}


def checkpoint(name, model, config):
    """The container that the training code writes for each size."""
    state, count = model.state_dict(), sum(p.numel() for p in model.parameters())
    prefixed = lambda prefix: {prefix + k: v for k, v in state.items()}
    if name == "original":
        return {"model_state_dict": state, "config": dict(config, use_torch_cluster=True), "num_parameters": count}
    if name == "tiny":
        return {"epoch": 3, "model_state_dict": prefixed("model."), "config": config, "total_params": count,
                "best_val_loss": 0.25, "train_losses": {"energy": [1.0, 0.5]}}  # fmt: skip
    return prefixed("module.")


def deflate(path):
    """Rewrites a zip with deflated entries, to keep the repository small, and without the paths of this machine's sources.

    torch.jit.load reads it as before."""
    with zipfile.ZipFile(path) as z:
        entries = [(name, z.read(name)) for name in z.namelist() if not name.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, data in entries:
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def traced(model):
    z = torch.tensor([8, 1, 1, 6])
    r = torch.tensor([[0.0, 0, 0], [0.9, 0.1, 0], [-0.2, 0.9, 0.3], [1.5, 1.5, 1.5]], dtype=model.rbf.centers.dtype)
    return torch.jit.trace(model, (z, r))


def isolated(script, atoms, dtype):
    """Energy and forces from the TorchScript module by autograd."""
    r = torch.tensor(atoms.positions, dtype=dtype, requires_grad=True)
    with torch.jit.optimized_execution(False):  # the profiling executor of 1.13 breaks on the second shape it sees
        energy = script(torch.tensor(atoms.numbers), r)
        (gradient,) = torch.autograd.grad(energy, r, allow_unused=True)
    forces = np.zeros_like(atoms.positions) if gradient is None else -gradient.double().numpy()
    return energy.item(), forces


def with_edges(model, atoms, dtype):
    """Energy, forces and stress (eV/angstrom^3, ASE's sign) over explicit images."""
    src, dst, shift = edges(atoms, model.cutoff)
    r = torch.tensor(atoms.positions, dtype=dtype, requires_grad=True)
    strain = torch.zeros(3, 3, dtype=dtype, requires_grad=True)
    src, dst = torch.tensor(src), torch.tensor(dst)
    x = r[src] + torch.tensor(shift, dtype=dtype) - r[dst]
    x = x + x @ strain.T
    energy = model.energy(torch.tensor(atoms.numbers), src, dst, x)
    if len(src) == 0:
        return energy.item(), np.zeros_like(atoms.positions), np.zeros((3, 3))
    gradient, virial = torch.autograd.grad(energy, (r, strain))
    stress = 0.5 * (virial + virial.T).double().numpy() / (atoms.get_volume() if atoms.pbc.any() else 1)
    return energy.item(), -gradient.double().numpy(), stress


def numbers(values):
    return " ".join(f"{v:.15g}" for v in np.ravel(values))


def write_golden(path, script, model):
    script64, model64 = traced(model.double()), model
    with open(path, "w") as f:
        for atoms in structures():
            periodic = atoms.pbc.any()
            model64.double()
            e64, f64, s64 = with_edges(model64, atoms, torch.float64)
            if not periodic:
                e, forces = isolated(script64, atoms, torch.float64)
                assert abs(e - e64) < 1e-10 * max(1, abs(e)) and np.abs(forces - f64).max() < 1e-9
                e64, f64 = e, forces
                e32, f32 = isolated(script, atoms, torch.float32)
            else:
                e32, f32, _ = with_edges(model64.float(), atoms, torch.float32)
            comment = f'name={atoms.info["name"]} pbc="{" ".join("FT"[int(p)] for p in atoms.pbc)}" '
            if periodic:
                comment += f'Lattice="{numbers(atoms.cell)}" stress="{numbers(s64)}" '
            comment += f"energy={numbers(e64)} energy_f32={e32:.9g} "
            f.write(f"{len(atoms)}\n{comment}Properties=species:S:1:pos:R:3:forces:R:3:forces_f32:R:3\n")
            for symbol, r, a, b in zip(atoms.symbols, atoms.positions, f64, f32):
                f.write(f"{symbol} {numbers(r)} {numbers(a)} {' '.join(f'{v:.9g}' for v in b)}\n")
            print(f"{atoms.info['name']:24s} {len(atoms):3d} atoms  E {e64:12.6f} eV  max|F| {np.abs(f64).max():9.4f} eV/A"
                  f"  float32 error {abs(e32 - e64) / len(atoms):.1e} eV/atom {np.abs(f32 - f64).max():.1e} eV/A")
    model.float()


def write_stages(path, model):
    """s [N, H] and v [N, 3, H] after every stage, in float64, for the smallest molecule with three elements."""
    atoms = next(a for a in structures() if a.info["name"] == "HCN")
    src, dst, _ = edges(atoms, model.cutoff)
    r, stages = torch.tensor(atoms.positions), []
    energy = model.double().energy(torch.tensor(atoms.numbers), torch.tensor(src), torch.tensor(dst), r[src] - r[dst], stages)
    model.float()
    with open(path, "w") as f:
        json.dump({"numbers": atoms.numbers.tolist(), "positions": atoms.positions.tolist(), "energy": energy.item(),
                   "stages": [{"name": n, "s": s.tolist(), "v": v.tolist()} for n, s, v in stages]}, f)  # fmt: skip


def main(folder):
    torch.set_num_threads(1)
    for seed, (name, config) in enumerate(CONFIGS.items()):
        print(f"{name}:")
        model = randomise(Student(**config), seed)
        torch.save(checkpoint(name, model, config), os.path.join(folder, f"{name}.pt"))
        script, path = traced(model), os.path.join(folder, f"{name}_traced.pt")
        script.save(path)
        deflate(path)
        write_golden(os.path.join(folder, f"{name}.extxyz"), torch.jit.load(path), model)
        if name == "ultra_tiny":
            write_stages(os.path.join(folder, "ultra_tiny_stages.json"), model)
    with open(os.path.join(folder, "VERSIONS"), "w") as f:
        f.write(f"python {platform.python_version()}\ntorch {torch.__version__}\nase {ase.__version__}\nnumpy {np.__version__}\n")


if __name__ == "__main__":
    main(sys.argv[1])
