"""Writes the HDF5 files of this folder with h5py (3.7, libhdf5 1.10): one for each thing that the format has, and expected.json,
what h5py reads of them. What h5py does not offer of libhdf5 is called in the library that it has loaded.
"""
import ctypes
import glob
import hashlib
import json

import h5py
import numpy as np

with open("/proc/self/maps") as maps:
    library = ctypes.CDLL(next(line.split()[-1] for line in maps if "libhdf5_serial.so" in line or "/libhdf5-" in line))


def libhdf5(name, *arguments):
    assert getattr(library, name)(*[ctypes.c_int64(a) if isinstance(a, int) else a for a in arguments]) >= 0, name


def file(name, libver="latest", **options):
    return h5py.File(name + ".h5", "w", libver=libver, **options)


def numbers(*shape):
    return (np.arange(np.prod(shape)) % 1000 / 4 - 100).reshape(shape)


def low(f, name, values, change, maxshape=None, chunks=None, written=True):
    """A dataset whose creation properties change changes."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if chunks:
        plist.set_chunk(chunks)
    change(plist)
    most = tuple(h5py.h5s.UNLIMITED if n is None else n for n in maxshape or values.shape)
    space = h5py.h5s.create_simple(values.shape, most)
    d = h5py.Dataset(h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(values.dtype), space, plist))
    if written and values.size:
        d[...] = values
    return d


# Superblocks, and where a file begins.
def simple(f):
    f["group/sub/numbers"] = numbers(5, 3)
    f["group"].attrs["text"] = "größer"
    f["again"] = f["group/sub/numbers"]


for version, libver in enumerate(["earliest", None, ("v108", "v108"), "latest"]):
    if version == 1:
        fcpl = h5py.h5p.create(h5py.h5p.FILE_CREATE)
        libhdf5("H5Pset_istore_k", fcpl.id, 7)
        with h5py.File(h5py.h5f.create(b"superblock1.h5", h5py.h5f.ACC_TRUNC, fcpl)) as f:
            simple(f)
            f.create_dataset("chunks", data=numbers(200), chunks=(3,))
    else:
        with file(f"superblock{version}", libver) as f:
            simple(f)
for size, libver in ((2, "earliest"), (4, "latest")):
    fcpl = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    fcpl.set_sizes(size, size)
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    if libver == "latest":
        fapl.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    with h5py.File(h5py.h5f.create(f"sizes{size}.h5".encode(), h5py.h5f.ACC_TRUNC, fcpl, fapl)) as f:
        simple(f)
        f.create_dataset("unwritten", (7,), np.int16)
        f.create_dataset("chunks", data=numbers(30), chunks=(3,), compression="gzip")
for block, libver in ((512, "earliest"), (2048, "latest")):
    with file(f"userblock{block}", libver, userblock_size=block) as f:
        simple(f)
        f.create_dataset("chunks", data=numbers(30), chunks=(3,))
    with open(f"userblock{block}.h5", "r+b") as f:
        f.write(b"#!/bin/sh\n")

# Groups.
for libver in ("earliest", "latest"):
    with file("groups_" + libver, libver) as f:
        f["zero"] = np.int8(0)
        for n in (1, 8, 9, 60, 700):
            g = f.create_group(f"of{n}", track_order=n == 9)
            for i in range(n):
                g[f"name {i * 7919 % n}" + "x" * (i % 40)] = f["zero"]
        f["links/hard"] = f["zero"]
        f["links/soft"] = h5py.SoftLink("/links/hard")
        f["links/external"] = h5py.ExternalLink("other.h5", "/links/hard")
        f["links/type"] = np.dtype("<f4")

# Attributes: texts and numbers, in headers that go on elsewhere, in heaps, and larger than blocks of heaps.
VALUES = {
    "text": "größer", "empty": "", "bytes": np.bytes_("text"), "texts": ["a", "", "ccc"], "fixed": np.array([b"ab", b"c"]),
    "int8": np.int8(-1), "big": np.array([1, -2], ">i4"), "uint64": np.uint64(2**62), "float16": np.float16(1.5), "float64": 0.1,
    "float32": np.array([1e-3, 2], np.float32), "bool": True, "bools": np.array([True, False]), "none": np.zeros(0), "one": np.array([3]),
}
for libver in ("earliest", "latest"):
    with file("attributes_" + libver, libver) as f:
        f.create_group("few").attrs.update({k: VALUES[k] for k in ("text", "int8", "bools")})
        f.create_group("many").attrs.update(VALUES)
        for i in range(60):
            f["many"].attrs[f"number {i}"] = i
        if libver == "latest":
            f["many"].attrs["huge"] = np.arange(3000)
            f["many"].attrs["long"] = "x" * 9000
        f["type"] = np.dtype("<i2")
        f["few"].attrs.create("committed", 5, dtype=f["type"])
        f.create_dataset("committed", data=[1, 2, 3], dtype=f["type"]).attrs["unit"] = "bohr"

# Types of values.
with file("types", "earliest") as f:
    for name in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
        for order in "<>":
            values = numbers(7) if name[0] == "f" else np.array([0, 1, 2, 100, 127, -1 if name[0] == "i" else 200, 5])
            f[order.replace("<", "little ").replace(">", "big ") + name] = values.astype(order + name)
    f["bool"] = np.array([[True, False], [False, False]])
    f["one"] = 2.5
    f["one"].attrs["large"] = np.uint64(2**63)
    f["null"] = h5py.Empty(float)
    f["half"] = np.array([0, -0.0, 1, -2, 65504, 6e-8, 1e-5, np.inf, -np.inf, 0.1], np.float16)
    f["text"] = np.array([b"ab", b"c"])
    f["long text"] = "None"
    f["compound"] = np.zeros(2, [("a", float), ("b", int)])
    f["enum"] = np.zeros(2, h5py.enum_dtype({"RED": 0, "BLUE": 1}, np.int8))
    f["complex"] = np.zeros(2, complex)
    f.create_dataset("lists", (2,), h5py.vlen_dtype(int))
    f["reference"] = f["one"].ref
    f["opaque"] = np.zeros(2, "V3")

# Layouts.
none = lambda plist: None
with file("contiguous", "earliest") as f:
    f["numbers"] = numbers(4, 3, 2)
    f.create_dataset("unwritten", (4, 3), np.float64)
    f.create_dataset("filled", (4, 3), np.float64, fillvalue=1.5)
    f["empty"] = numbers(0, 3)
    low(f, "compact", numbers(4, 3), lambda p: p.set_layout(h5py.h5d.COMPACT))
for libver in ("earliest", "latest"):
    with file("chunks_" + libver, libver) as f:
        for filters, options in {
            "plain": {}, "gzip": {"compression": "gzip"}, "shuffle": {"shuffle": True}, "lzf": {"compression": "lzf"},
            "all": {"compression": "gzip", "shuffle": True, "fletcher32": True}, "lzf all": {"compression": "lzf", "shuffle": True, "fletcher32": True},
        }.items():
            if libver == "earliest" and filters not in ("plain", "lzf all"):
                continue
            for shape, chunks, most in (
                    ((10,), (10,), None), ((10,), (4,), None), ((10,), (4,), (None,)), ((7, 3), (2, 2), None), ((7, 3), (2, 3), (None, 3)),
                    ((7, 5), (2, 2), (7, None)), ((7, 5), (2, 2), (None, None)), ((7, 3), (16, 3), (None, 3)), ((5, 4, 3), (2, 3, 2), (9, 8, 7)),
                    ((5, 4, 3), (2, 3, 2), (9, None, 7))):
                f.create_dataset(f"{filters} {shape} {chunks} {most}", data=numbers(*shape), chunks=chunks, maxshape=most, **options)
        d = f.create_dataset("holes", (20, 3), float, chunks=(2, 2), fillvalue=-3)
        d[4:9, 1] = 1
        d = f.create_dataset("shrunk", data=numbers(20), chunks=(3,), maxshape=(None,))
        d.resize((10,))
        d = f.create_dataset("masked", (8,), float, chunks=(4,), compression="gzip", shuffle=True)
        d[4:] = numbers(4)
        d.id.write_direct_chunk((0,), numbers(4).tobytes(), 3)  # neither filter applied
        low(f, "early", numbers(7, 3), lambda p: p.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY), chunks=(2, 2))
        low(f, "early in more", numbers(7, 3), lambda p: p.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY), (20, 9), (2, 2))

        def whole_edges(plist):
            plist.set_deflate(4)
            if libver == "latest":
                libhdf5("H5Pset_chunk_opts", plist.id, 2)
        low(f, "whole edges", numbers(7, 3), whole_edges, chunks=(2, 2))
        low(f, "whole edges single", numbers(7), whole_edges, chunks=(8,), maxshape=(8,))

# Indices of many chunks.
for libver in ("earliest", "latest"):
    with file("many_" + libver, libver) as f:
        n = 38 if libver == "latest" else 14
        f.create_dataset("fixed", data=numbers(n * n).astype(np.int8), chunks=(1,))
        f.create_dataset("two limits", data=numbers(n, n).astype(np.int8), chunks=(1, 1), maxshape=(None, None))
        if libver == "earliest":
            continue
        f.create_dataset("extensible", data=numbers(600).astype(np.int8), chunks=(1,), maxshape=(None,))
        f.create_dataset("extensible gzip", data=numbers(90).astype(np.int8), chunks=(1,), maxshape=(None,), compression="gzip")
        for name, options in {"sparse": {}, "sparse gzip": {"compression": "gzip"}}.items():
            d = f.create_dataset(name, (300_000,), np.int8, chunks=(1,), maxshape=(None,), fillvalue=7, **options)
            for i in (0, 3, 4, 100, 131_071, 140_000, 262_143, 262_144, 270_001, 299_999):
                d[i] = i % 100
        d = f.create_dataset("sparse fixed", (5000,), np.int8, chunks=(1,), fillvalue=7)
        d[3000] = 1

# What is not read.
with file("not_read", "earliest") as f:
    f.create_dataset("scaleoffset", data=np.arange(20), scaleoffset=0, chunks=(10,))
    f.create_dataset("external", shape=3, dtype=float, external=[("other.bin", 0, 24)])
    virtual = h5py.VirtualLayout(3, float)
    virtual[:] = h5py.VirtualSource("other.h5", "x", 3)
    f.create_virtual_dataset("virtual", virtual)
    plist = lambda number: lambda p: libhdf5("H5Pset_filter", p.id, number, 1, 0, None)
    for name, number in {"blosc": 32001, "lz4": 32004, "zstd": 32015, "unknown": 40000}.items():
        low(f, name, numbers(3), plist(number), chunks=(3,), written=False)


def sha256(b):
    return hashlib.sha256(b).hexdigest()[:16]


def describe(name):
    """What h5py says is in a file."""
    seen = {}

    def look(path, o):
        about = {"attributes": {}}
        for key, value in o.attrs.items():
            value = [x.decode() for x in value] if getattr(value, "dtype", np.dtype("V")).kind == "S" and value.shape else value
            value = value.tolist() if hasattr(value, "tolist") else value
            about["attributes"][key] = value.decode() if isinstance(value, bytes) else value
        if isinstance(o, h5py.Group):
            about["links"] = sha256("\n".join(sorted(o)).encode())
        elif isinstance(o, h5py.Dataset):
            about["type"], about["size"] = o.dtype.name, o.dtype.itemsize
            about["big"] = o.dtype.byteorder == ">"
            if o.shape is not None:
                about["shape"] = o.shape
                if o.dtype.kind in "iufb":
                    about["sha256"] = sha256(np.ascontiguousarray(o[...]).tobytes())
        seen["/" + path] = about

    with h5py.File(name) as f:
        look("", f)
        f.visititems(look)
    return seen


with open("expected.json", "w") as f:
    lines = [f"{json.dumps(name)}: {{\n" + ",\n".join(f"  {json.dumps(path)}: {json.dumps(about, ensure_ascii=False)}" for path, about in describe(name).items()) + "}"
             for name in sorted(glob.glob("*.h5")) if name != "not_read.h5"]
    f.write("{" + ",\n".join(lines) + "}\n")
