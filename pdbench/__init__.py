"""pdbench: an evaluation suite for perception-distortion studies of x4 super-resolution."""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_PUBLIC = (
    "audit", "build_leaderboard", "claims", "compare", "diff", "doctor", "evaluate", "front",
    "get_data", "import_weights", "list_all", "plot", "prepare_data", "protocol", "report", "run",
    "show_weights", "submit", "table", "train", "train_all", "verify",
)  # fmt: skip

# In a checkout that is not installed, pdbench.methods and friends lie beside this folder.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and (_root / "methods").is_dir():
    __path__.append(str(_root))


def __getattr__(name: str) -> Any:  # noqa: ANN401  (the public calls, loaded when first used)
    if name in _PUBLIC:
        return getattr(import_module("pdbench.api"), name)
    raise AttributeError(f"module 'pdbench' has no attribute '{name}'")
