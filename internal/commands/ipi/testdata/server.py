# ASE's SocketIOCalculator as a server: the arguments are unix NAME or tcp PORT, standard input has the
# structures as lines of JSON, of the same atoms. Says what was found, as lines of JSON.
import json
import sys

import numpy as np
from ase import Atoms
from ase.calculators.socketio import SocketIOCalculator

kind, name = sys.argv[1:]
at = {'unixsocket': name} if kind == 'unix' else {'port': int(name)}
with SocketIOCalculator(timeout=100, **at) as calculator:
    for line in sys.stdin:
        atoms = Atoms(**json.loads(line), calculator=calculator)
        print(json.dumps({
            'energy': atoms.get_potential_energy(),
            'forces': atoms.get_forces().tolist(),
            'stress': atoms.get_stress().tolist() if atoms.cell.rank == 3 and any(atoms.pbc) else None,
        }), flush=True)
