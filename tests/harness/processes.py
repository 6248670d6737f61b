"""Runs in a process of their own, and what becomes of it."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

from pdbench.errors import InputError
from pdbench.harness.store import is_run_folder, read_run

PROGRAM = """
import pickle, sys
sys.path[:] = {path!r}
from pathlib import Path
from pdbench.harness.runner import run
if len(sys.argv) > 1:
    run(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))
"""


def start(plan, folder, tmp_path):
    """Start a run in a process of its own, without a main guard, as a user's script would."""
    (tmp_path / "plan.pickle").write_bytes(pickle.dumps(plan))
    program = PROGRAM.format(path=sys.path)
    script = tmp_path / "script.py"
    script.write_text(program)
    return subprocess.Popen([sys.executable, script, tmp_path / "plan.pickle", folder])


def stored(folder):
    """Count stored scores with a value, while the run goes on."""
    if not is_run_folder(folder):
        return 0
    try:
        return len(read_run(folder).scores)
    except InputError:  # the file is there, its tables are not yet
        return 0


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def descendants(process):
    """Ids of the living children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == process and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
