"""The commands as Python calls: each does what `pdbench <command>` does with the same options.

Imports of what computes stand inside the functions: help must not wait for torch, and tables and
plots must work without it.
"""

from pdbench.api.analysis import REPORT_FORMATS, audit, claims, diff, front
from pdbench.api.checkpoints import WeightsReport, import_weights, show_weights
from pdbench.api.compare import compare
from pdbench.api.datasets import export_data, get_data, prepare_data
from pdbench.api.evaluate import evaluate
from pdbench.api.leaderboard import build_leaderboard, open_server
from pdbench.api.listing import KINDS, doctor, list_all
from pdbench.api.protocols import PROTOCOL_FORMATS, protocol
from pdbench.api.report import report
from pdbench.api.run import Report, run
from pdbench.api.submit import (
    BOARD,
    make_crops,
    submit,
    verify,
)
from pdbench.api.tables import CERTAINTIES, TABLE_FORMATS, plot, table
from pdbench.api.train import train, train_all

__all__ = [
    "BOARD",
    "CERTAINTIES",
    "KINDS",
    "PROTOCOL_FORMATS",
    "REPORT_FORMATS",
    "TABLE_FORMATS",
    "Report",
    "WeightsReport",
    "audit",
    "build_leaderboard",
    "claims",
    "compare",
    "diff",
    "doctor",
    "evaluate",
    "export_data",
    "front",
    "get_data",
    "import_weights",
    "list_all",
    "make_crops",
    "open_server",
    "plot",
    "prepare_data",
    "protocol",
    "report",
    "run",
    "show_weights",
    "submit",
    "table",
    "train",
    "train_all",
    "verify",
]
