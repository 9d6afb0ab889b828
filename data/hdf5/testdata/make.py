"""Writes the HDF5 files of this folder with h5py (3.7, libhdf5 1.10), and set.extxyz, which says what is in them.

The numbers are multiples of 1/1024, so that float32 holds them too. The files are byte-identical each time, but for
the times in those of libver latest.
"""
import os

import h5py
import numpy as np

rng = np.random.default_rng(5)
S = 6
atoms = np.array([3, 1, 5, 2, 4, 7])
splits = np.concatenate([[0], np.cumsum(atoms)])
N = splits[-1]


def numbers(*shape):
    return np.round(rng.normal(size=shape) * 1024) / 1024


periodic = np.array([True, False, True, True, False, True])
has_stress = np.array([True, False, False, True, False, True])
SET = {
    "structures/atomic_numbers": rng.choice([1, 6, 7, 8, 17], N),
    "structures/atomic_numbers_splits": splits,
    "structures/positions": 3 * numbers(N, 3),
    "structures/cells": np.where(periodic[:, None, None], 8 * np.eye(3) + numbers(S, 3, 3), 0),
    "structures/pbc": periodic[:, None] & np.array([[True, True, False]]),
    "labels/energy": -100 + numbers(S),
    "labels/forces": numbers(N, 3).astype(np.float32),
    "labels/forces_splits": splits,
    "labels/stress": np.where(has_stress[:, None], numbers(S, 6), 0),
    "labels/stress_mask": has_stress,
    "labels/structure_indices": np.array([10, 11, 12, 20, 21, 22]),
}


def write(name, data=SET, libver=None, metadata=True, **options):
    with h5py.File(name, "w", libver=libver) as f:
        for path, values in data.items():
            f.create_dataset(path, data=values, **{
                k: v(values) if callable(v) else v for k, v in options.items()})
        if metadata:
            f.create_group("metadata").attrs.update({
                "teacher": "größer", "count": S, "cutoff": 5.5, "periodic": True, "elements": ["H", "C"],
                "fixed": np.bytes_("text"), "cells": np.array([1.5, 2.5]), "numbers": np.array([1, 2], np.int32)})


def without(*paths):
    return {k: v for k, v in SET.items() if k not in paths}


def cast(real, integer, boolean=np.bool_):
    kinds = {"f": real, "i": integer, "b": boolean}
    return {k: v.astype(kinds[v.dtype.kind]) for k, v in SET.items()}


cut = lambda v: tuple(max(1, min(4, n) - 1) for n in v.shape)  # chunks that cut the rows too
write("gzip.h5", compression="gzip", maxshape=lambda v: (None, *v.shape[1:]))
write("lzf.h5", compression="lzf", chunks=cut)
write("lzf_shuffle.h5", compression="lzf", shuffle=True, fletcher32=True, chunks=lambda v: (min(16, len(v)), *v.shape[1:]))
write("chunked.h5", chunks=cut, metadata=False)
write("contiguous.h5")
write("gzip_shuffle.h5", compression="gzip", shuffle=True, fletcher32=True, chunks=cut, metadata=False)
write("latest.h5", libver="latest", compression="gzip", chunks=cut)
write("latest_resizable.h5", libver="latest", chunks=cut, maxshape=lambda v: (None,) * v.ndim, metadata=False)
write("single.h5", cast("<f4", "<i4", np.uint8), metadata=False)
write("small_integers.h5", {**SET, "structures/atomic_numbers": SET["structures/atomic_numbers"].astype(np.uint8)}, metadata=False)
write("big_endian.h5", cast(">f8", ">i8"), compression="gzip", shuffle=True, chunks=cut, metadata=False)
write("big_endian_single.h5", cast(">f4", ">u2"), metadata=False)
write("bare.h5", {k: v for k, v in SET.items() if k in (
    "structures/atomic_numbers", "structures/atomic_numbers_splits", "structures/positions")}, metadata=False)
write("no_stress.h5", without("labels/stress", "labels/stress_mask", "labels/structure_indices", "labels/forces_splits"), metadata=False)
write("no_pbc.h5", without("structures/pbc", "labels/stress_mask"), metadata=False)
some = np.concatenate([np.arange(*splits[k:k + 2]) for k in (1, 2, 5)])
write("some_forces.h5", {**SET, "labels/forces": SET["labels/forces"][some],
                         "labels/forces_splits": np.array([0, 0, 1, 6, 6, 6, 13])}, metadata=False)
empty = {k: v[:0] for k, v in SET.items()}
empty["structures/atomic_numbers_splits"] = empty["labels/forces_splits"] = np.array([0])
write("empty.h5", empty, compression="gzip", chunks=True, maxshape=lambda v: (None, *v.shape[1:]), metadata=False)
write("half_forces.h5", {**SET, "labels/forces": (np.round(SET["labels/forces"] * 16) / 16).astype(np.float16)}, metadata=False)
write("energy_column.h5", {**SET, "labels/energy": SET["labels/energy"][:, None]}, metadata=False)
write("nan_energy.h5", {**SET, "labels/energy": np.where(np.arange(S) == 5, np.nan, SET["labels/energy"])}, metadata=False)
write("inf_force.h5", {**SET, "labels/forces": np.where(np.arange(N)[:, None] == 5, np.float32(np.inf), SET["labels/forces"])}, metadata=False)
write("nan_stress.h5", {k: np.where(np.arange(S)[:, None] == 2, np.nan, v) if k == "labels/stress" else v for k, v in SET.items()
                        if k != "labels/stress_mask"}, metadata=False)
with h5py.File("user_block.h5", "w", userblock_size=1024) as f:
    for path, values in SET.items():
        f[path] = values
with h5py.File("unwritten.h5", "w") as f:  # nothing but False, and a stress that is never meant
    for path, values in SET.items():
        written = path not in ("structures/pbc", "labels/stress", "labels/stress_mask")
        f.create_dataset(path, data=values if written else None, shape=values.shape, dtype=values.dtype, chunks=cut(values))

symbols = {1: "H", 6: "C", 7: "N", 8: "O", 17: "Cl"}
text = lambda values: " ".join(repr(float(x)).removesuffix(".0") for x in np.ravel(values))
with open("set.extxyz", "w") as f:
    for k in range(S):
        a, b = splits[k:k + 2]
        fields = ["energy=" + text(SET["labels/energy"][k])]
        if has_stress[k]:
            xx, yy, zz, yz, xz, xy = SET["labels/stress"][k]
            fields.append(f'stress="{text([xx, xy, xz, xy, yy, yz, xz, yz, zz])}"')
        fields.append(f"structure_index={SET['labels/structure_indices'][k]}")
        if periodic[k]:
            fields.append(f'Lattice="{text(SET["structures/cells"][k])}"')
        fields.append('pbc="%s"' % " ".join("FT"[x] for x in SET["structures/pbc"][k].astype(int)))
        print(b - a, " ".join(["Properties=species:S:1:pos:R:3:forces:R:3"] + fields), sep="\n", file=f)
        for i in range(a, b):
            print(symbols[int(SET["structures/atomic_numbers"][i])], text(SET["structures/positions"][i]), text(SET["labels/forces"][i]), file=f)

# Layouts of other projects: water three times, and once hydrogen chloride.
os.makedirs("projects", exist_ok=True)
WATER = np.array([[0, 0, 0], [1, 0, 0], [-0.25, 1, 0]])
MOLECULES = {"water": ([8, 1, 1], np.stack([WATER, WATER + 0.125, WATER * 1.25])), "hydrogen_chloride_2": ([17, 1], np.array([[[0, 0, 0], [1.25, 0, 0.5]]]))}


def conformations(name, numbers, positions, energy, forces, real=np.float64, unit=None, **more):
    with h5py.File(f"projects/{name}.h5", "w") as f:
        for molecule, (z, x) in MOLECULES.items():
            g = f.create_group(molecule)
            g[numbers], g[positions] = np.array(z, np.int16), x.astype(real)
            g[energy], g[forces] = -2.0 - np.arange(len(x)), (x / 4).astype(real)
            for path, values in more.items():
                g[path] = values
            for path, text in (unit or {}).items():
                g[path].attrs["units"] = text


conformations("ani1x", "atomic_numbers", "coordinates", "wb97x_dz.energy", "wb97x_dz.forces", np.float32)
SPICE = ("atomic_numbers", "conformations", "dft_total_energy", "dft_total_gradient")
BOHR = {"conformations": "bohr", "dft_total_energy": "hartree", "dft_total_gradient": "hartree/bohr"}
conformations("spice", *SPICE, unit=BOHR, smiles=b"O", subset=b"none")
conformations("spice_angstrom", *SPICE, unit={"conformations": "angstrom"})
conformations("spice_nan", *SPICE, dft_total_energy_of_another_level=np.nan)
with h5py.File("projects/spice_nan.h5", "a") as f:
    f["water/dft_total_energy"][1] = np.nan
    f["water/conformations"][2, 1, 0] = np.nan
for name, shapes in {"forces_few": ((2,), (3, 2, 3), (2, 3)), "forces_more": ((2,), (2, 3), (5, 2, 3)), "no_atoms": ((0,), (2, 0, 3), (2, 0, 3))}.items():
    with h5py.File(f"projects/ani1x_{name}.h5", "w") as f:
        for path, shape in zip(("atomic_numbers", "coordinates", "wb97x_dz.forces"), shapes):
            f["hydrogen/" + path] = np.arange(1.0, 1 + np.prod(shape)).reshape(shape) if len(shape) > 1 else np.ones(shape, np.int16)
with h5py.File("projects/qm7x.h5", "w") as f, h5py.File("projects/mace.h5", "w") as mace:
    k = 0
    for molecule, (z, conformers) in MOLECULES.items():
        for x in conformers:
            g = f.create_group(f"{molecule}/Geom-m1-i1-c{k}-opt")
            g["atNUM"], g["atXYZ"], g["ePBE0+MBD"], g["totFOR"], g["pbe0FOR"] = z, x, np.array([-2.0 - k]), x / 4, x
            g = mace.create_group(f"config_batch_0/config_{8 + k}")
            g["atomic_numbers"], g["positions"], g["cell"], g["pbc"] = z, x, 8 * np.eye(3), np.array([True, True, False])
            g["properties/energy"], g["properties/forces"], g["properties/dipole"] = -2.0 - k, x / 4, "None"
            if k == 3:
                for name in ("cell", "pbc", "properties/forces"):
                    del g[name]
                    g[name] = "None"
            k += 1

# Few bytes of many zeros: 2**19 atoms in one structure, and in as many structures.
os.makedirs("floods", exist_ok=True)
for name, atoms_of_each in {"one": [2**19], "many": [1] * (2**19 - 1)}.items():
    flood, ends = np.zeros((sum(atoms_of_each), 3)), np.concatenate([[0], np.cumsum(atoms_of_each)])
    write(f"floods/{name}.h5", {
        "structures/atomic_numbers": np.ones(len(flood), np.int64), "structures/atomic_numbers_splits": ends, "structures/positions": flood,
        "labels/forces": flood, "labels/energy": np.zeros(len(ends) - 1), "labels/stress": np.zeros((len(ends) - 1, 6))},
        metadata=False, compression=9, shuffle=True, chunks=lambda v: (min(2**18, len(v)), *v.shape[1:]))

# Files that are not of the layout: what is required, and what is wrong.
os.makedirs("broken", exist_ok=True)
REQUIRED = {k: v for k, v in SET.items() if k in (
    "structures/atomic_numbers", "structures/atomic_numbers_splits", "structures/positions")}


def broken(name, *paths, edit=None, **changed):
    """Writes what is required and paths; changed are values for datasets by the last part of the name, and edit changes the file."""
    data = {**REQUIRED, **{p: SET[p] for p in paths}}
    for part, values in changed.items():
        data[next(p for p in SET if p.endswith("/" + part))] = values
    with h5py.File(f"broken/{name}.h5", "w") as f:
        for path, values in data.items():
            f[path] = values
        f.require_group("labels")
        if edit:
            edit(f)


def but(path, index, value):
    values = SET[path].copy()
    values[index] = value
    return values


def replaced(path, **options):
    def edit(f):
        if path in f:
            del f[path]
        f.create_dataset(path, **options)
    return edit


zs, pos, energy = "structures/atomic_numbers_splits", "structures/positions", "labels/energy"
broken("splits_back", atomic_numbers_splits=but(zs, 3, 2))
broken("splits_start", atomic_numbers_splits=but(zs, 0, 1))
broken("splits_short", atomic_numbers_splits=but(zs, 6, 21))
broken("splits_beyond", atomic_numbers_splits=but(zs, 6, 9 * 10**12))
broken("splits_real", atomic_numbers_splits=splits.astype(float))
broken("splits_missing", edit=lambda f: f.pop(zs))
broken("splits_unwritten", edit=replaced(zs, shape=500_000, dtype=np.int64))
broken("many_structures", edit=replaced(zs, shape=10**9, dtype=np.int64))
broken("many_chunks", edit=replaced(zs, shape=10**6, dtype=np.int64, chunks=(1,)))
broken("forces_splits", "labels/forces", forces_splits=but("labels/forces_splits", 1, 2))
broken("forces_splits_len", "labels/forces", forces_splits=splits[:6])
broken("few_forces", forces_splits=splits, forces=SET["labels/forces"][:21])
broken("few_energies", energy=SET[energy][:5])
broken("few_positions", positions=SET[pos][:21])
broken("nan_position", positions=but(pos, (5, 1), np.nan))
broken("nan_cell", cells=but("structures/cells", (3, 2, 1), np.nan))
broken("element", atomic_numbers=but("structures/atomic_numbers", 3, 119))
broken("pbc_of_7", pbc=but("structures/pbc", 0, False).astype(np.int8) + np.array([[0] * 3, [0, 0, 7]] + [[0] * 3] * 4, np.int8))
broken("text_positions", positions=np.full((N, 3), b"text"))
broken("integer_positions", positions=np.zeros((N, 3), np.int64))
broken("compound", energy=np.zeros(S, [("a", float), ("b", float)]))
broken("rank", positions=SET[pos].ravel())
broken("shape", stress=np.zeros((S, 9)))
broken("scalar", energy=1.5)
broken("null", energy=h5py.Empty(float))
broken("group", edit=lambda f: (f.pop(pos), f.create_group(pos)))
broken("dataset", edit=lambda f: (f.pop("structures"), f.create_dataset("structures", data=SET[energy])))
broken("soft_link", "labels/stress_mask", edit=lambda f: f.update({energy: h5py.SoftLink("/labels/stress_mask")}))
broken("external_link", edit=lambda f: f.update({energy: h5py.ExternalLink("../contiguous.h5", "/labels/energy")}))
broken("external_group", edit=lambda f: (f.pop("labels"), f.update({"labels": h5py.ExternalLink("../contiguous.h5", "/labels")})))
broken("external_storage", edit=replaced(energy, shape=S, dtype=float, external=[("../contiguous.h5", 0, 8 * S)]))
virtual = h5py.VirtualLayout(S, float)
virtual[:] = h5py.VirtualSource("../contiguous.h5", energy, S)
broken("virtual", edit=lambda f: f.create_virtual_dataset(energy, virtual))
broken("huge_chunk", edit=replaced(pos, shape=(N, 3), dtype=float, chunks=(9_000_000, 3), maxshape=(None, 3)))
broken("huge", edit=replaced(energy, shape=2**60, dtype=float, chunks=(1,)))
broken("unwritten", edit=replaced(energy, shape=S, dtype=float, chunks=(S,)))
broken("filter", edit=replaced(energy, data=SET[energy], scaleoffset=3))
broken("attribute", edit=lambda f: f.create_group("metadata").attrs.update({"array": np.zeros((2, 2))}))
with open("broken/not.h5", "w") as f:
    f.write("2\n\nH 0 0 0\nH 0 0 1\n")
