"""A student that is measured: its program, its data, and where results go."""
import hashlib
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")


class Refused(Exception):
    """painless gave no results; the text ends with what it said."""


class Run:
    """A student, its data, and where results and what they are made of go."""

    def __init__(self, student, data, out):
        with open(student, "rb") as f:
            self.sha256 = hashlib.sha256(f.read()).hexdigest()
        self.data, self.out = data, out
        self.work = os.path.join(out, "work", self.sha256[:8])
        os.makedirs(self.work, exist_ok=True)
        self.student = os.path.join(self.work, "student.pt")  # a copy: the file may be written on
        shutil.copyfile(student, self.student)
        self.program = os.environ.get("PAINLESS") or self.built()

    def built(self):
        path = os.path.abspath(os.path.join(self.out, "painless"))
        subprocess.run(["go", "build", "-o", path, "./tools/painless"], cwd=ROOT, check=True)
        return path

    def painless(self, verb, *args):
        """Returns what a verb prints of the student; exit code 2, done in part, is no error."""
        return self.call(verb, "-model", self.student, *args)

    def call(self, *args):
        command = [self.program, *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 2):
            raise Refused(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def predict(self, path):
        """Returns energies (eV) and forces (eV/Å) of a file's frames."""
        lines = [json.loads(line) for line in self.painless("predict", "-json", "-strict", path).splitlines()]
        return [r["energy"] for r in lines], [r["forces"] for r in lines]

    def file(self, *names):
        return os.path.join(self.data, *names)

    def folder(self, name):
        path = os.path.join(self.work, name)
        os.makedirs(path, exist_ok=True)
        return path

    def figure(self, name):
        return os.path.join(self.out, name + ".png")

    def write(self, name, value):
        path = os.path.join(self.out, name + ".json")
        with open(path + ".part", "w") as f:
            json.dump(value, f, indent=1, ensure_ascii=False)
            f.write("\n")
        os.rename(path + ".part", path)

    def read(self, name):
        """Returns a part's result, or None where it is not there or another student's."""
        path = os.path.join(self.out, name + ".json")
        if not os.path.exists(path):
            return None
        with open(path) as f:
            value = json.load(f)
        return value if value["student"] == self.sha256 else None
