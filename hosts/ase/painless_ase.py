"""An ASE calculator of painless: energies, forces and stress of distilled student force fields.

    from painless_ase import Painless
    atoms.calc = Painless(model="student.pt")

One file, which needs ASE, numpy and libpainless.so: that of $PAINLESS_LIBRARY or else one beside this file, under the
prefix that both were installed in, in the source tree's bin, or where the linker looks.
"""

import copy
import ctypes
import ctypes.util
import functools
import numbers
import os
import warnings

import numpy as np
from ase.calculators.calculator import CalculationFailed, Calculator, CalculatorError, CalculatorSetupError, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

__all__ = ["Painless"]

ABI = 0  # PL_ABI of painless.h, whose structs these are
PRECISIONS = {"float32": 0, "float64": 1}
OPTIONS = {  # what each may be, beside the model
    "device": ("the name of a device, such as cpu", lambda x: isinstance(x, str)),
    "precision": ("float32 or float64", lambda x: isinstance(x, str) and x in PRECISIONS),
    "threads": ("a whole number from 0", lambda x: isinstance(x, numbers.Integral) and x >= 0),
    "key": ("a text, or None", lambda x: x is None or isinstance(x, str)),
    "cutoff": ("a positive number, or None", lambda x: x is None or isinstance(x, numbers.Real) and x > 0),
    "any_element": ("True or False", lambda x: isinstance(x, (bool, np.bool_))),
}
ESTRUCTURE = -3
DEFAULT = "default"  # the student that is in the library


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("device", ctypes.c_char_p), ("key", ctypes.c_char_p),
                ("cutoff", ctypes.c_double), ("precision", ctypes.c_int32), ("threads", ctypes.c_int32),
                ("any_element", ctypes.c_int32), ("atom_shares", ctypes.c_int32)]


class Info(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("cutoff", ctypes.c_double), ("parameters", ctypes.c_int64),
                ("features", ctypes.c_int32), ("blocks", ctypes.c_int32), ("radial", ctypes.c_int32),
                ("max_number", ctypes.c_int32), ("precision", ctypes.c_int32), ("threads", ctypes.c_int32)]


@functools.lru_cache(maxsize=None)
def library():
    """Load the library, once in a process."""
    here = os.path.dirname(os.path.abspath(__file__))
    given = os.environ.get("PAINLESS_LIBRARY")
    names = [given] if given else [name for name in (
        os.path.join(here, *parts) for parts in (["libpainless.so.0"], ["libpainless.so"], ["..", "..", "lib", "libpainless.so.0"],
                                                 ["..", "..", "bin", "libpainless.so"])) if os.path.exists(name)]
    names = names or [ctypes.util.find_library("painless") or "libpainless.so.0"]
    try:
        lib = ctypes.CDLL(names[0])
        abi = lib.pl_abi()
    except (OSError, AttributeError) as error:
        raise CalculatorSetupError(f"{error}: expected painless's library; make lib builds it, and $PAINLESS_LIBRARY "
                                   "says where it is") from error
    if abi != ABI:
        raise CalculatorSetupError(f"{names[0]}: expected a library of ABI {ABI}, found {abi}: take painless_ase.py and it from one version")
    pointer = ctypes.c_void_p
    lib.pl_message.restype = ctypes.c_char_p
    lib.pl_open.restype, lib.pl_open.argtypes = pointer, [ctypes.c_char_p, pointer]
    lib.pl_close.argtypes = [pointer]
    lib.pl_get_info.argtypes = [pointer, pointer]
    lib.pl_notes.restype, lib.pl_notes.argtypes = ctypes.c_int64, [pointer, pointer, ctypes.c_size_t]
    lib.pl_compute_batch.argtypes = [pointer, ctypes.c_int64] + [pointer] * 11
    return lib


def message(lib):
    return lib.pl_message().decode("utf-8", "replace")


class Model:
    """An open model of the library, closed with the last reference to it."""

    handle = None

    def __init__(self, model, device, precision, threads, key, cutoff, any_element, shares=False):
        self.lib, self.shares = library(), shares
        options = Options(ctypes.sizeof(Options), device.encode(), key.encode() if key else None, cutoff or 0.0,
                          PRECISIONS[precision], min(int(threads), 2**31 - 1), any_element, shares)
        self.handle = self.lib.pl_open(os.fsencode(model), ctypes.byref(options))
        if not self.handle:
            raise CalculatorSetupError(message(self.lib))
        self.info = Info(ctypes.sizeof(Info))
        self.check(self.lib.pl_get_info(self.handle, ctypes.byref(self.info)))
        self.check(size := self.lib.pl_notes(self.handle, None, 0))
        text = ctypes.create_string_buffer(size + 1)
        self.check(self.lib.pl_notes(self.handle, text, size + 1))
        self.notes = text.value.decode().split("\n")

    def check(self, code):
        if code < 0:
            raise (CalculationFailed if code == ESTRUCTURE else CalculatorError)(message(self.lib))

    def compute(self, numbers, positions, cell, pbc):
        """Return energy, forces, stress and, of a model opened with the atoms' shares, these of energy and virial."""
        n = len(numbers)
        energy, forces, stress = np.empty(1), np.empty((n, 3)), np.empty(6)
        shares = [np.empty(n), np.empty((n, 3, 3))] if self.shares else []
        results = [a.ctypes.data for a in (energy, forces)] + [None, stress.ctypes.data] + ([a.ctypes.data for a in shares] or [None, None])
        self.check(self.lib.pl_compute_batch(self.handle, 1, ctypes.byref(ctypes.c_int64(n)), numbers.ctypes.data, positions.ctypes.data,
                                             cell.ctypes.data, pbc.ctypes.data, *results))
        return float(energy[0]), forces, stress, *shares

    def __del__(self):
        if self.handle:  # in a forked child it is the parent's, and stays so
            self.lib.pl_close(self.handle)


class Painless(Calculator):
    """Energies (eV), forces (eV/Å) and stress (eV/Å³) of a student's checkpoint.

    model      checkpoint file, or default, the student that painless brings with it: what painless predict -model takes
    device     "cpu", or "cuda" or "cuda:1" with a library built for GPUs
    precision  "float32", or "float64", the yardstick for it, on the CPU
    threads    on the CPU; 0: OMP_NUM_THREADS or, without it, 1 under an MPI launcher and else all cores
    key        where in the file the weights stand, such as "ema"; None: the one network of the file
    cutoff     Å, for a file that does not state it; None: what the file says
    any_element  True: elements too that the student says that it was not trained on

    The model is opened by the first calculation, so that a calculator may be made before a process forks; a calculator
    is copied and pickled as its options. free_energy is energy. Stress is there where three lattice vectors span a
    volume and any of them is periodic. Energies and stresses of single atoms, whose sums are energy and stress, are
    computed from when they are first asked for: a stress is half of what the atom's pairs have in it.
    """

    name = "painless"
    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "stresses"]
    default_parameters = {"device": "cpu", "precision": "float32", "threads": 0, "key": None, "cutoff": None, "any_element": False}
    ignored_changes = {"initial_charges", "initial_magmoms"}
    discard_results_on_any_change = True

    def __init__(self, model=DEFAULT, atoms=None, **parameters):
        self._model, self._shares = None, False
        if parameters.pop("restart", None) is not None:
            raise CalculatorSetupError("restart: expected none, as painless keeps nothing")
        super().__init__(atoms=atoms, model=model, **parameters)

    def set(self, **parameters):
        """Change options; the model is opened again where any is another."""
        unknown = set(parameters) - set(OPTIONS) - {"model"}
        if unknown:
            raise CalculatorSetupError(f"{', '.join(sorted(unknown))}: expected options among model, {', '.join(OPTIONS)}")
        if not isinstance(parameters.get("model", DEFAULT), (str, os.PathLike)):
            raise CalculatorSetupError(f"model {parameters['model']!r}: expected a file, or default")
        if parameters.get("model", DEFAULT) != DEFAULT:
            parameters["model"] = os.path.abspath(parameters["model"])
            if not os.path.exists(parameters["model"]):
                raise CalculatorSetupError(f"{parameters['model']}: no such file: expected a student's checkpoint")
        for name, (expected, fits) in OPTIONS.items():
            if name in parameters and not fits(parameters[name]):
                raise CalculatorSetupError(f"{name} {parameters[name]!r}: expected {expected}")
        changed = super().set(**parameters)
        if changed:
            self._model = None
        return changed

    @property
    def opened(self):
        """The open model."""
        if self._model is None:
            self._model = Model(**self.parameters, shares=self._shares)
            for line in self._model.notes[2:]:
                warnings.warn(f"{self.parameters['model']}: {line}", stacklevel=2)
        return self._model

    @property
    def info(self):
        """What the model is: cutoff (Å), parameters, features, blocks, radial, max_number, precision, threads, and notes."""
        info = self.opened.info
        names = [name for name, _ in Info._fields_ if name != "size"]
        return {**{name: getattr(info, name) for name in names}, "notes": self.opened.notes}

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Compute everything at once."""
        super().calculate(atoms, properties, system_changes)
        self.results = {}
        if not self._shares and not {"energies", "stresses"}.isdisjoint(properties):
            self._model, self._shares = None, True
        atoms = self.atoms
        energy, forces, stress, *shares = self.opened.compute(
            np.ascontiguousarray(atoms.numbers, np.int32), np.ascontiguousarray(atoms.positions, np.float64),
            np.ascontiguousarray(atoms.cell.array, np.float64), np.ascontiguousarray(atoms.pbc, np.int32))
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        if shares:
            self.results["energies"] = shares[0]
        if np.isnan(stress[0]):
            return
        self.results["stress"] = stress
        if shares:
            self.results["stresses"] = full_3x3_to_voigt_6_stress(shares[1] + shares[1].transpose(0, 2, 1)) / (-2 * atoms.get_volume())

    def __getstate__(self):
        return {**self.__dict__, "_model": None, "parameters": copy.deepcopy(self.parameters), "results": dict(self.results)}
