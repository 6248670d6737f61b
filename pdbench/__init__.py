"""pdbench: an evaluation suite for perception-distortion studies of x4 super-resolution.

The public calls are listed in `__init__.pyi`; each is loaded when it is first used.
"""

from pathlib import Path

import lazy_loader

__version__ = "0.1.0"

# In a checkout that is not installed, pdbench.methods and friends lie beside this folder.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and (_root / "methods").is_dir():
    __path__.append(str(_root))

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
