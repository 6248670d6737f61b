"""Imports go one way: a file imports only lower layers, at module level or inside a function."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {
    "atomic_write": 0,
    "bicubic": 0,
    "errors": 0,
    "images": 0,
    "allocator": 0,
    "pydantic_errors": 0,
    "registry": 0,
    "scores": 0,
    "score_table": 0,
    "safetensors_io": 0,
    "torchvision_guard": 0,
    "weights": 0,
    "analysis": 1,
    "data": 1,
    "metrics": 1,
    "harness": 2,
    "plots": 2,
    "training": 2,
    "baselines": 3,
    "methods": 4,
    "leaderboard": 5,
    "api": 6,
    "cli": 7,
}
MAPPED = ("baselines", "leaderboard", "methods")
# Packages of the extras, and the files that may import each.
OPTIONAL = {
    "lpips": (),
    "playwright": (),
    "pyiqa": ("pyiqa_metric.py",),
    "pytest": (),
    "ray": ("ray_cluster.py", "ray_driver.py", "ray_worker.py"),
    "spandrel": ("spandrel_adapter.py",),
    "torchvision": ("torchvision_guard.py",),
}
# What must start at once, or must work on a machine where torch does not.
TORCH_FREE = ("errors", "registry", "scores", "score_table", "analysis", "plots")


def sources():
    """Yield (room, path) of every source file of the package."""
    for path in sorted((ROOT / "pdbench").rglob("*.py")):
        parts = path.relative_to(ROOT / "pdbench").with_suffix("").parts
        if parts[0] not in ("__init__", "__main__"):
            yield parts[0], path
    for room in MAPPED:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield room, path


def type_checking_only(tree):
    """Return the nodes under `if TYPE_CHECKING:`, which never run."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }


def package_of(room, path):
    """Return the dotted package that holds the file."""
    base = ROOT if room in MAPPED else ROOT / "pdbench"
    return ".".join(("pdbench", *path.relative_to(base).parent.parts))


def imported(room, path, *, running_only):
    """Return the dotted names a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = type_checking_only(tree) if running_only else set()
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package_of(room, path).split(".")
                base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def upward(room, names):
    """Return what is wrong with the imports of a file; only the ground layer may use itself."""
    wrong = [f"{name}: say pdbench.{name}" for name in names if name.split(".")[0] in MAPPED]
    for name in names:
        first, _, rest = name.partition(".")
        other = rest.split(".")[0]
        if first != "pdbench" or other in ("", room, "__version__"):
            continue
        if other not in LAYERS:
            wrong.append(f"{name} is in no layer")
        elif LAYERS[other] > LAYERS[room] or (LAYERS[other] == LAYERS[room] and LAYERS[room]):
            wrong.append(f"{room} imports {name}, which is not below it")
    return wrong


def test_files_import_only_lower_layers():
    wrong = {
        path: upward(room, imported(room, path, running_only=False)) for room, path in sources()
    }
    assert wrong
    assert not {path: lines for path, lines in wrong.items() if lines}


def test_tables_and_plots_need_no_torch():
    needed = {
        path: {name.split(".")[0] for name in imported(room, path, running_only=True)}
        for room, path in sources()
        if room in TORCH_FREE
    }
    heavy = {"torch", "torchvision", "accelerate", "safetensors"}
    assert needed
    assert not {path: roots & heavy for path, roots in needed.items() if roots & heavy}


def test_nothing_imports_a_star_or_another_files_optional_package():
    wrong = []
    for room, path in sources():
        elsewhere = {package for package, users in OPTIONAL.items() if path.name not in users}
        for name in imported(room, path, running_only=False):
            if name.endswith(".*") or name.split(".")[0] in elsewhere:
                wrong.append(f"{path} imports {name}")
    assert not wrong


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("metrics", "def f():\n    from ..harness import run"),
        ("metrics", "import pdbench.data"),
        ("methods", "from baselines import rrdb"),
        ("harness", "from pdbench import cli"),
    ],
)
def test_an_upward_or_sideways_import_is_seen(room, line, tmp_path, monkeypatch):
    path = ROOT / "pdbench" / room / "bad.py"
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_kwargs: line)
    assert upward(room, imported(room, path, running_only=False))


def test_evaluation_loads_nothing_of_training_or_ray():
    code = """
import importlib, pkgutil, sys
import pdbench.api, pdbench.baselines, pdbench.harness, pdbench.methods
for module in pkgutil.iter_modules(pdbench.harness.__path__, "pdbench.harness."):
    importlib.import_module(module.name)
pdbench.baselines.open_baseline("srflow-da")
unwanted = ("pdbench.training", "accelerate", "ray.")
print(*(name for name in sys.modules if name.startswith(unwanted)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr


WITHOUT_CIRCLES = ("api", "baselines", "cli", "data", "harness", "methods", "metrics", "training")


def test_no_module_imports_itself_through_others():
    modules = {}
    for room, path in sources():
        package = package_of(room, path)
        name = package if path.stem == "__init__" else f"{package}.{path.stem}"
        modules[name] = imported(room, path, running_only=True)
    needs = {
        name: {parent for i in found for parent in (i, i.rpartition(".")[0]) if parent in modules}
        for name, found in modules.items()
    }
    done = set()

    def visit(name, above):
        assert name not in above, f"circle: {' -> '.join([*above, name])}"
        if name not in done:
            for other in sorted(needs[name] - {name}):
                visit(other, [*above, name])
            done.add(name)

    for name in modules:
        if name.split(".")[1] in WITHOUT_CIRCLES:
            visit(name, [])
