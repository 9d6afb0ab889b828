"""A plugin of pytest that runs ASE's own tests with Painless where they have one of ASE's calculators.

Tests of what a calculator must do, such as stresses that are the slopes of energies, hold for any; tests of what is the
case for copper in one potential do not. CHECKPOINT is the student.
"""
import os

import ase.calculators.emt
import ase.calculators.lj
import ase.calculators.morse
import pytest
from painless_ase import Painless

computed = []


class Student(Painless):
    def __init__(self, *_, **__):
        super().__init__(model=os.environ["CHECKPOINT"], precision="float64", threads=1)

    def calculate(self, *args, **kwargs):
        computed.append(1)
        super().calculate(*args, **kwargs)


ase.calculators.emt.EMT = ase.calculators.lj.LennardJones = ase.calculators.morse.MorsePotential = Student


@pytest.fixture(autouse=True)
def computes():
    """A test that does not compute shows nothing."""
    computed.clear()
    yield
    assert computed
