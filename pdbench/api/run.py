"""`pdbench run` as a Python call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from pdbench.api.environment import settings
from pdbench.api.names import check_name
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.data.datasets import open_dataset
from pdbench.errors import InputError
from pdbench.harness import runner
from pdbench.harness.config import RunConfig
from pdbench.harness.options import EvalOptions, OptionFields
from pdbench.harness.results import export_results
from pdbench.harness.runner import RunResult
from pdbench.methods import SUITES
from pdbench.methods.catalog import MethodCatalog
from pdbench.registry import unknown_id

__all__ = ["run"]


def run(
    methods: Sequence[str] = (),
    *,
    suite: str | None = None,
    checkpoint: str | Path | None = None,
    name: str | None = None,
    dataset: str = "builtin",
    output: str | Path | None = None,
    export: str | Path | None = None,
    force: Sequence[str] | None = None,
    progress: bool = False,
    **fields: Unpack[OptionFields],
) -> RunResult:
    """Score methods on a dataset; scores in the run folder are kept and not computed again.

    Args:
        methods: Method ids, in row order.
        suite: Name of a list of methods, put before `methods`; those whose networks have no
            weights here are left out and reported.
        checkpoint: File of a x4 RGB network that spandrel knows, scored after `methods`.
        name: Id of the checkpoint's row; made from the file's name when None.
        dataset: Dataset id, or a folder of images.
        output: Run folder; runs/<dataset> when None.
        export: Folder below which the scores are exported as well, as in results/.
        force: Methods whose stored scores are computed again; all of them when empty, none when
            None.
        progress: Show progress bars on stderr.
        fields: How images are restored and scored, as in `EvalOptions`.

    Returns:
        The scores and where they are.

    Raises:
        InputError: Something asked for is unknown or cannot be used.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    options = EvalOptions.of(**fields)
    if suite is not None and suite not in SUITES:
        raise unknown_id("suite", suite, SUITES)
    if name is not None and checkpoint is None:
        raise InputError("--name is for the row of a --checkpoint; leave it out")
    with settings(weights_dir=options.weights_dir, offline=options.offline):
        rows = [row for row in SUITES[suite] if row not in methods] if suite else []
        left_out = MethodCatalog().without_weights(rows, options.size)
        names = [*(row for row in rows if row not in left_out), *methods]
        catalog = MethodCatalog()
        if checkpoint is not None:
            given = _checkpoint(Path(checkpoint).expanduser(), name)
            catalog = MethodCatalog(given)
            names.append(given.id)
        opened = open_dataset(dataset, options.data_root)
        result = runner.run(
            RunConfig(dataset=opened, methods=tuple(names), catalog=catalog, options=options),
            Path(output) if output else Path("runs") / opened.id,
            force=() if force is None else force or names,
            progress=progress,
        )
    exported = tuple(export_results(result.record, Path(export))) if export else ()
    return replace(result, left_out=left_out, exported=exported)


def _checkpoint(path: Path, name: str | None) -> Checkpoint:
    """Return the network in a file; what is wrong with it is said before anything is written."""
    own = name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "checkpoint"
    given = Checkpoint(id=check_name(own), path=path)
    open_checkpoint(given)
    return given
