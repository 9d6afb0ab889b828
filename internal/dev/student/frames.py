"""Frames of the recipe's extended XYZ: Å, eV, eV/Å."""
import re

import numpy as np

SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F", 16: "S", 17: "Cl"}
NUMBERS = {symbol: z for z, symbol in SYMBOLS.items()}


class Frame:
    """A labelled structure; energy and forces are None where the file has none. info holds kind, smiles and molecule.

    hessian is None, or a direction and the Hessian's product with it, eV/Å²: [n, 3] each.
    """

    def __init__(self, z, x, energy=None, forces=None, hessian=None, **info):
        self.z, self.x, self.energy, self.forces, self.hessian, self.info = z, x, energy, forces, hessian, info

    def text(self):
        fields = "".join(f' {k}="{v}"' for k, v in self.info.items())
        if self.forces is None:
            head, columns = "Properties=species:S:1:pos:R:3", self.x
        else:
            more = "" if self.hessian is None else ":hessian_direction:R:3:hessian_product:R:3"
            head, columns = f"Properties=species:S:1:pos:R:3:forces:R:3{more} energy={self.energy:.7f}", np.hstack([self.x, self.forces, *(self.hessian or ())])
        lines = [str(len(self.z)), f'{head}{fields} pbc="F F F"']
        lines += [SYMBOLS[e] + " %.6f" * len(row) % tuple(row) for e, row in zip(self.z.tolist(), columns.tolist())]
        return "\n".join(lines) + "\n"


def read(path):
    """Yields the frames of a file that text wrote."""
    with open(path) as f:
        while count := f.readline():
            head = f.readline()
            rows = [f.readline().split() for _ in range(int(count))]
            values = np.array([r[1:] for r in rows], dtype=float)
            info = dict(re.findall(r'(\w+)="([^"]*)"', head))
            info.pop("pbc")
            energy = re.search(r"energy=(\S+)", head)
            yield Frame(np.array([NUMBERS[r[0]] for r in rows]), values[:, :3], float(energy[1]) if energy else None,
                        values[:, 3:6] if energy else None, (values[:, 6:9], values[:, 9:]) if "hessian_product" in head else None, **info)
