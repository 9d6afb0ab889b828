"""Loss and its gradient by the weights, by PyTorch's double backward in float64: the yardstick for package train.

Reads a JSON list of jobs from standard input and writes one of results; see TestTorchGradient for both.
"""
import json
import sys

import torch
from torch.nn.utils.stateless import functional_call

import model

torch.set_default_dtype(torch.float64)


def update(self, s, v):
    """Update.forward with the |v| of training."""
    h = self.update_mlp(torch.cat([s, ((v**2).sum(dim=1) + job["smooth"]).sqrt()], -1))
    a, g1, g2 = h.chunk(3, -1)
    mixed = torch.einsum("ij,njk->nik", self.mixing_matrix, v)
    return s + a, v * g1.unsqueeze(1) + mixed * g2.unsqueeze(1)


def rho(x, delta):
    size = x.abs()
    return torch.where(size > delta, delta * (2 * size - delta), x**2) if delta > 0 else x**2


def names(blocks):
    yield "embedding.weight"
    for k in range(blocks):
        for part in "message.rbf_to_scalar.0", "message.rbf_to_scalar.2", "update.update_mlp.0", "update.update_mlp.2":
            yield f"interactions.{k}.{part}.weight"
            yield f"interactions.{k}.{part}.bias"
        yield f"interactions.{k}.update.mixing_matrix"
    for i in 0, 2, 4:
        yield f"energy_head.{i}.weight"
        yield f"energy_head.{i}.bias"


def parameters(net, flat):
    """The flat weights as the network's parameters, the tied ones made of others."""
    shapes, values, at = dict(net.named_parameters()), {}, 0
    for name in names(job["blocks"]):
        shape = shapes[name].shape
        values[name], at = flat[at : at + shape.numel()].reshape(shape), at + shape.numel()
    assert at == len(flat) and len(values) == len(shapes)
    if not job["free"]:
        for k in range(job["blocks"]):
            name = f"interactions.{k}.message.rbf_to_scalar."
            values[name + "2.bias"] = -values[name + "2.weight"] @ torch.nn.functional.silu(values[name + "0.bias"])
    return values


class Sums(torch.nn.Module):
    """The energies of the atoms, in place of their sum, as a module for functional_call."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, z, i, j, x):
        kept = []
        handle = self.net.energy_head.register_forward_hook(lambda module, inputs, output: kept.append(output))
        self.net.energy(z, torch.cat([j, i]), torch.cat([i, j]), torch.cat([x, -x]))
        handle.remove()
        return kept[0][:, 0]


def derivatives(values, sums, s):
    """The energies of a sample's atoms, positions, and the gradients by these and by a strain."""
    r = torch.tensor(s["positions"], requires_grad=True)
    strain = torch.zeros(3, 3, requires_grad=True)
    i, j = torch.tensor(s["i"]), torch.tensor(s["j"])
    x = torch.tensor(s["x"])
    x = (x - (r[j] - r[i]).detach()) + r[j] - r[i]
    x = x + x @ strain.T
    e = functional_call(sums, {"net." + k: v for k, v in values.items()}, (torch.tensor(s["numbers"]), i, j, x))
    return e, r, *torch.autograd.grad(e.sum(), (r, strain), create_graph=True)


def product(values, sums, s, r, gradient):
    """The Hessian times the direction, whose components are 1, root mean square: by autograd, or as training has it."""
    direction = torch.tensor(s["curvature"]["Direction"])
    unit = direction / direction.square().mean().sqrt()
    if job["exact_hessian"]:
        return torch.autograd.grad((gradient * unit).sum(), r, create_graph=True)[0]
    forwards, backwards = (derivatives(values, sums, x)[2] for x in s["displaced"])
    return (forwards - backwards) / (2 * job["step"]) * unit.norm(dim=1).max()


def loss_of(values, sums, samples, loss):
    energies = [s for s in samples if s["energy"] is not None]
    stresses = [s for s in samples if s["stress"] is not None]
    components = 3 * sum(len(s["forces"] or []) for s in samples)
    atoms = sum(len(s["atom_energies"] or []) for s in samples)
    curved = sum(len(s["numbers"]) for s in samples if s["curvature"])
    total = torch.zeros(())
    for s in samples:
        n = len(s["numbers"])
        e, r, gradient, virial = derivatives(values, sums, s)
        weight = torch.ones(n)
        if s["forces"] is not None:
            label = torch.tensor(s["forces"])
            if loss["scale"]:
                weight = 1 / (1 + (label**2).sum(1) / loss["scale"] ** 2)
            total = total + loss["force"] / components * (weight * rho((-gradient - label).norm(dim=1), loss["force_huber"])).sum()
        if s["energy"] is not None:
            total = total + loss["energy"] / len(energies) * weight.mean() * n * rho((e.sum() - s["energy"]) / n, loss["energy_huber"])
        if s["atom_energies"] is not None:
            total = total + loss["atom_energy"] / atoms * rho(e - torch.tensor(s["atom_energies"]), loss["energy_huber"]).sum()
        if s["curvature"]:
            label = torch.tensor(s["curvature"]["Product"]) / torch.tensor(s["curvature"]["Direction"]).square().mean().sqrt()
            total = total + loss["hessian"] / (3 * curved) * (weight * (product(values, sums, s, r, gradient) - label).square().sum(1)).sum()
        if s["stress"] is not None:
            xx, yy, zz, yz, xz, xy = s["stress"]
            label = torch.tensor([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) * s["volume"]
            total = total + loss["stress"] / 9 / len(stresses) * n * rho(((virial + virial.T) / 2 - label) / n, loss["energy_huber"]).sum()
    return total


def energies(student, job):
    """Energies of the samples in float32 with other weights, as users run the student."""
    if not job["folded"]:
        return []
    single = {k: v.float() for k, v in parameters(student, torch.tensor(job["folded"])).items()}
    student.float()
    return [
        functional_call(Sums(student), {"net." + k: v for k, v in single.items()}, edges(s)).double().sum().item() for s in job["samples"]
    ]


def edges(s):
    return torch.tensor(s["numbers"]), torch.tensor(s["i"]), torch.tensor(s["j"]), torch.tensor(s["x"], dtype=torch.float32)


model.Update.forward = update
results = []
for job in json.load(sys.stdin):
    c = job["config"]
    student = model.Student(c["HiddenDim"], c["NumInteractions"], c["NumRBF"], c["Cutoff"], c["MaxZ"])
    student.rbf.centers, student.rbf.widths = torch.tensor(job["centers"]), torch.tensor(job["widths"])
    weights = torch.tensor(job["weights"], requires_grad=True)
    result = loss_of(parameters(student, weights), Sums(student), job["samples"], job["loss"])
    gradient = torch.autograd.grad(result, weights)[0].tolist()
    results.append({"loss": result.item(), "gradient": gradient, "energies": energies(student, job)})
json.dump(results, sys.stdout)
