"""torchvision is importable beside any build of torch."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytest.importorskip("pandas")  # comes with the extra `test`, as torchvision does


@pytest.mark.slow
def test_a_fresh_process_can_import_torchvision_and_build_a_network():
    code = (
        "from pdbench.torchvision_guard import import_torchvision\n"
        "first = import_torchvision()\n"
        "assert import_torchvision() is first\n"
        "import torchvision\n"
        "print(torchvision.models.alexnet().features[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Conv2d(3, 64")


def test_importing_the_guard_imports_no_torch():
    code = "import sys, pdbench.torchvision_guard; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
