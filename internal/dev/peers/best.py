"""Lets a peer's libraries do their best. To be called before PyTorch, NumPy or xtb are loaded, which read the environment then."""
import ctypes
import os
import re


def blas_threads(threads):
    """Sets the threads of an OpenBLAS that is loaded."""
    try:
        ctypes.CDLL("libopenblas.so.0", os.RTLD_NOLOAD).openblas_set_num_threads(threads)
    except OSError:
        pass  # another BLAS


def at_its_best(threads):
    """Sets what the environment does not say already.

    The threads of OpenBLAS do not heed PyTorch's own number, and spin. Debian's OpenBLAS takes processors that are newer than it for a Pentium 4, at a third of the
    speed. And large arrays would be given back to the system, and taken again, at every operation.
    """
    with open("/proc/cpuinfo") as file:
        flags = re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE)
    flags = set(flags[1].split()) if flags else set()
    core = "SkylakeX" if "avx512vl" in flags else "Haswell" if "avx2" in flags else None
    for name, value in (("OMP_NUM_THREADS", threads), ("OPENBLAS_NUM_THREADS", threads), ("OPENBLAS_CORETYPE", core)):
        if value:
            os.environ.setdefault(name, str(value))
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's
    if mallopt:
        for option, size in ((-1, 1 << 28), (-2, 1 << 28), (-3, 1 << 25)):  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD: 32 MiB is the most
            mallopt(option, size)
