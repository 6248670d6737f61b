"""pdbench: an evaluation suite for perception-distortion studies of x4 super-resolution."""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_CALLS = {
    "analysis": ("audit", "claims", "diff", "front"),
    "checkpoints": ("import_weights", "show_weights"),
    "compare": ("compare",),
    "datasets": ("export_data", "get_data", "prepare_data"),
    "evaluate": ("evaluate",),
    "inventory": ("doctor", "list_all"),
    "leaderboard": ("build_leaderboard", "make_crops", "open_server", "verify"),
    "protocols": ("protocol",),
    "report": ("report",),
    "run": ("run",),
    "submit": ("submit",),
    "tables": ("plot", "table"),
    "train": ("train", "train_all"),
}
_MODULES = {call: f"pdbench.api.{module}" for module, calls in _CALLS.items() for call in calls}

# In a checkout that is not installed, pdbench.methods and friends lie beside this folder.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and (_root / "methods").is_dir():
    __path__.append(str(_root))


def __getattr__(name: str) -> Any:  # noqa: ANN401  (the public calls, loaded when first used)
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'pdbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted((*_MODULES, "__version__"))
