"""GFN2-xTB through libxtb's C interface: energies in eV, forces in eV/Å, positions in Å."""
import ctypes
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from best import at_its_best

at_its_best(1)

import numpy as np

BOHR = 0.529177210544  # Å, CODATA 2022, as painless has it
HARTREE = 27.211386245981  # eV
_lib = ctypes.CDLL("libxtb.so.6")
for _name in ("newEnvironment", "newMolecule", "newCalculator", "newResults"):
    getattr(_lib, "xtb_" + _name).restype = ctypes.c_void_p


class SCFError(Exception):
    """The self-consistent field did not converge, or gave what is no number."""


def _array(a):
    return a.ctypes.data_as(ctypes.c_void_p)


class GFN2:
    """The singlet of neutral atoms of the given atomic numbers. calls counts the evaluations of all."""

    calls = 0

    def __init__(self, numbers):
        self.numbers = np.ascontiguousarray(numbers, dtype=np.int32)
        self.env = ctypes.c_void_p(_lib.xtb_newEnvironment())
        _lib.xtb_setVerbosity(self.env, 0)
        self.mol = None

    def _load(self, bohr):
        n, charge, uhf = ctypes.c_int(len(self.numbers)), ctypes.c_double(0), ctypes.c_int(0)
        self.mol = ctypes.c_void_p(_lib.xtb_newMolecule(
            self.env, ctypes.byref(n), _array(self.numbers), _array(bohr), ctypes.byref(charge), ctypes.byref(uhf), None, None))
        self.calc = ctypes.c_void_p(_lib.xtb_newCalculator())
        _lib.xtb_loadGFN2xTB(self.env, self.mol, self.calc, None)
        self.res = ctypes.c_void_p(_lib.xtb_newResults())
        self._check()

    def _check(self):
        if _lib.xtb_checkEnvironment(self.env):
            size, message = ctypes.c_int(512), ctypes.create_string_buffer(512)
            _lib.xtb_getError(self.env, message, ctypes.byref(size))
            self.forget()
            raise SCFError(message.value.decode(errors="replace").strip())

    def __call__(self, positions, fresh=False):
        """Returns the energy and the forces [n, 3]; the last call's density is the first guess, unless fresh. Raises SCFError.

        After a clash the old density can hold the field in a wrong state, tens of eV too low, for all geometries that follow.
        """
        GFN2.calls += 1
        bohr = np.ascontiguousarray(positions / BOHR, dtype=np.float64)
        if self.mol is None:
            self._load(bohr)
        else:
            _lib.xtb_updateMolecule(self.env, self.mol, _array(bohr), None)
            if fresh:
                _lib.xtb_delResults(ctypes.byref(self.res))
                self.res = ctypes.c_void_p(_lib.xtb_newResults())
        _lib.xtb_singlepoint(self.env, self.mol, self.calc, self.res)
        self._check()
        energy, gradient = ctypes.c_double(), np.empty((len(self.numbers), 3))
        _lib.xtb_getEnergy(self.env, self.res, ctypes.byref(energy))
        _lib.xtb_getGradient(self.env, self.res, _array(gradient))
        self._check()
        if not (np.isfinite(energy.value) and np.isfinite(gradient).all()):
            self.forget()
            raise SCFError("an energy or force that is no number")
        return energy.value * HARTREE, gradient * (-HARTREE / BOHR)

    def forget(self):
        """Frees the molecule and its density: the next call starts from atoms."""
        if self.mol is not None:
            for kind, handle in (("Results", self.res), ("Calculator", self.calc), ("Molecule", self.mol)):
                getattr(_lib, "xtb_del" + kind)(ctypes.byref(handle))
            self.mol = None

    def __del__(self):
        self.forget()
        _lib.xtb_delEnvironment(ctypes.byref(self.env))
