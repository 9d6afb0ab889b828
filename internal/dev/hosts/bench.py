"""bench.py PAINLESS CHECKPOINT STRUCTURE [ROUNDS]: what hosts cost beside the computation, in turns, one thread.

A call of every way to the same energy and forces, of positions that change: the median and the least of many rounds of
20 calls, and what is left of the least when the library's is taken away: the least is what the code costs where other
programs run beside it. The two servers are bare: they send bytes that were made
before, so that a step's cost beside the library's is painless ipi's and the system's.
"""
import ctypes
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.socketio import SocketIOCalculator
from ase.io import read
from painless_ase import Painless

CALLS = 20


class Nothing(Calculator):
    """What ASE costs by itself."""

    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}


def library(checkpoint, atoms):
    model = Painless(model=checkpoint, threads=1).opened
    x, energy, forces, one = atoms.positions.copy(), np.empty(1), np.empty((len(atoms), 3)), ctypes.c_int64(len(atoms))
    kept = np.ascontiguousarray(atoms.numbers, np.int32), np.ascontiguousarray(atoms.cell.array), np.ascontiguousarray(atoms.pbc, np.int32)
    z, cell, pbc = (a.ctypes.data for a in kept)
    args = model.handle, 1, ctypes.byref(one), z, x.ctypes.data, cell, pbc, energy.ctypes.data, forces.ctypes.data, None, None, None, None

    def call(step, keep=(model, kept, x, energy, forces, one)):
        x[0, 0] += step
        model.check(model.lib.pl_compute_batch(*args))

    return call


def ase(atoms, calculator):
    atoms = atoms.copy()
    atoms.calc = calculator

    def call(step):
        atoms.positions[0, 0] += step
        atoms.get_forces()

    return call


def client(painless, checkpoint, structure, *address):
    return subprocess.Popen([painless, "ipi", "-model", checkpoint, "-threads", "1", "-structure", structure, *address, "-wait", "1m"],
                            stderr=subprocess.DEVNULL)


def server(atoms, listener, start):
    """Answer a client as i-PI does: STATUS, POSDATA, STATUS, GETFORCE."""
    process = start()
    connection, _ = listener.accept()
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    n = len(atoms)
    status, get = b"STATUS".ljust(12), b"GETFORCE".ljust(12)
    x = atoms.positions / 0.529177210903
    head = b"POSDATA".ljust(12) + np.zeros(18).tobytes() + struct.pack("i", n)
    answer = 12 + 8 + 4 + 24 * n + 72 + 4

    def receive(size):
        data = b""
        while len(data) < size:
            part = connection.recv(size - len(data))
            assert part, "the client has gone"
            data += part
        return data

    def ask(word):
        connection.sendall(status)
        assert receive(12).strip() == word

    ask(b"NEEDINIT")
    connection.sendall(b"INIT".ljust(12) + struct.pack("ii", 0, 0))

    def call(step):
        x[0, 0] += step
        ask(b"READY")
        connection.sendall(head + x.tobytes())
        ask(b"HAVEDATA")
        connection.sendall(get)
        receive(answer)

    return call, process


def main():
    painless, checkpoint, structure = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 300
    atoms = read(structure)
    with tempfile.TemporaryDirectory() as folder:
        path, name = folder + "/socket", f"bench-{os.getpid()}"
        unix, tcp = socket.socket(socket.AF_UNIX), socket.socket()
        unix.bind(path), unix.listen(), tcp.bind(("localhost", 0)), tcp.listen()
        port = tcp.getsockname()[1]
        over_unix, first = server(atoms, unix, lambda: client(painless, checkpoint, structure, "-unix", path))
        over_tcp, second = server(atoms, tcp, lambda: client(painless, checkpoint, structure, "-tcp", f"localhost:{port}"))
        third = client(painless, checkpoint, structure, "-unix", name)
        with socket.socket() as free:
            free.bind(("localhost", 0))
            ase_port = free.getsockname()[1]
        fourth = client(painless, checkpoint, structure, "-tcp", f"localhost:{ase_port}")
        with SocketIOCalculator(unixsocket=name, timeout=100) as sockets, SocketIOCalculator(port=ase_port, timeout=100) as ports:
            ways = {
                "the library, pl_compute_batch": library(checkpoint, atoms),
                "ASE with no calculation": ase(atoms, Nothing()),
                "ASE, painless_ase.py": ase(atoms, Painless(model=checkpoint, threads=1)),
                "a bare server, painless ipi, UNIX socket": over_unix,
                "a bare server, painless ipi, TCP": over_tcp,
                "ASE's SocketIOCalculator, painless ipi, UNIX socket": ase(atoms, sockets),
                "ASE's SocketIOCalculator, painless ipi, TCP": ase(atoms, ports),
            }
            times = {way: [] for way in ways}
            for _ in range(rounds):
                for way, call in ways.items():
                    begin = time.perf_counter()
                    for k in range(CALLS):
                        call(1e-4 * (-1) ** k)
                    times[way].append((time.perf_counter() - begin) / CALLS)
            print(f"{len(atoms)} atoms, {os.path.basename(checkpoint)}, ms a call".ljust(55), "  median   least  beside the library")
            own = min(times["the library, pl_compute_batch"])
            for way, seconds in times.items():
                print(f"{way:55s} {1e3 * statistics.median(seconds):8.3f} {1e3 * min(seconds):8.3f} {1e3 * (min(seconds) - own):9.3f}")
        for process in first, second, third, fourth:
            process.kill()
            process.wait()


main()
