"""The student network in PyTorch, written from its equations: the yardstick for the Go engine.

Shapes: N atoms, E directed edges j -> i, H features. Units: angstrom, eV.
"""
import math

import torch
from torch import nn


class RBF(nn.Module):
    def __init__(self, num_rbf, cutoff):
        super().__init__()
        self.cutoff = cutoff
        self.register_buffer("centers", torch.linspace(0, cutoff, num_rbf))
        self.register_buffer("widths", torch.full((num_rbf,), cutoff / num_rbf))

    def forward(self, d):
        envelope = 0.5 * (torch.cos(math.pi * d / self.cutoff) + 1) * (d < self.cutoff).to(d.dtype)
        gauss = torch.exp(-((d.unsqueeze(-1) - self.centers) ** 2) / self.widths**2)
        return gauss * envelope.unsqueeze(-1)


class Message(nn.Module):
    def __init__(self, hidden, num_rbf):
        super().__init__()
        self.rbf_to_scalar = nn.Sequential(nn.Linear(num_rbf, hidden), nn.SiLU(), nn.Linear(hidden, 3 * hidden))

    def forward(self, s, v, src, dst, rbf, unit):
        phi_s, phi_v, phi_u = self.rbf_to_scalar(rbf).chunk(3, -1)
        s = s.index_add(0, dst, s[src] * phi_s)
        v = v.index_add(0, dst, v[src] * phi_v.unsqueeze(1) + unit.unsqueeze(-1) * phi_u.unsqueeze(1))
        return s, v


class Update(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.update_mlp = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, 3 * hidden))
        self.mixing_matrix = nn.Parameter(torch.eye(3))

    def forward(self, s, v):
        h = self.update_mlp(torch.cat([s, v.norm(dim=1)], -1))
        a, g1, g2 = h.chunk(3, -1)
        mixed = torch.einsum("ij,njk->nik", self.mixing_matrix, v)
        return s + a, v * g1.unsqueeze(1) + mixed * g2.unsqueeze(1)


class Interaction(nn.Module):
    def __init__(self, hidden, num_rbf):
        super().__init__()
        self.message = Message(hidden, num_rbf)
        self.update = Update(hidden)


class Student(nn.Module):
    def __init__(self, hidden_dim, num_interactions, num_rbf, cutoff, max_z):
        super().__init__()
        self.cutoff = cutoff
        self.embedding = nn.Embedding(max_z + 1, hidden_dim)
        self.rbf = RBF(num_rbf, cutoff)
        self.interactions = nn.ModuleList(Interaction(hidden_dim, num_rbf) for _ in range(num_interactions))
        self.energy_head = nn.Sequential(
            nn.Linear(hidden_dim, hidden_dim // 2), nn.SiLU(),
            nn.Linear(hidden_dim // 2, hidden_dim // 4), nn.SiLU(),
            nn.Linear(hidden_dim // 4, 1))

    def energy(self, atomic_numbers, src, dst, x, stages=None):
        """Energy from directed edges; x = r_src + shift - r_dst, [E, 3]. stages collects (name, s, v)."""
        d = x.norm(dim=1)
        unit = x / (d + 1e-8).unsqueeze(-1)
        rbf = self.rbf(d)
        s = self.embedding(atomic_numbers)
        v = s.new_zeros(s.shape[0], 3, s.shape[1])
        for k, block in enumerate(self.interactions):
            s, v = block.message(s, v, src, dst, rbf, unit)
            if stages is not None:
                stages.append((f"message.{k}", s, v))
            s, v = block.update(s, v)
            if stages is not None:
                stages.append((f"update.{k}", s, v))
        return self.energy_head(s).sum()

    def forward(self, atomic_numbers, positions):
        """Energy of an isolated structure: all ordered pairs of different atoms with d <= cutoff."""
        n = positions.shape[0]
        d = (positions.unsqueeze(0) - positions.unsqueeze(1)).norm(dim=2)
        index = torch.arange(n, device=positions.device)
        src, dst = torch.where((d <= self.cutoff) & (index.unsqueeze(0) != index.unsqueeze(1)))
        return self.energy(atomic_numbers, src, dst, positions[src] - positions[dst])


def randomise(model, seed):
    """Weights of the size that training leaves, with every bias, mixing matrix and gate in play.

    The large matrices are rounded to 12 significant bits so that the TorchScript exports compress;
    all the other tensors keep full float32 mantissas.
    """
    gen = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=gen)
            if name.endswith("mixing_matrix"):
                p.copy_(0.7 * torch.eye(3) + 0.3 * noise)
            elif name == "embedding.weight":
                p.copy_(noise)
            elif name.endswith("bias"):
                p.copy_(0.05 * noise)
            else:
                p.copy_(noise * (0.45 if "rbf_to_scalar.2" in name else 0.7) / math.sqrt(p.shape[1]))
            if p.numel() >= 2048 and name != "embedding.weight":
                mantissa, exponent = torch.frexp(p)
                p.copy_(torch.ldexp(torch.round(mantissa * 4096) / 4096, exponent))
        head = model.energy_head[4]
        head.weight.mul_(6 if head.in_features >= 32 else 18)
    return model
