"""Catalog of the methods and networks of this repository, of packages, and of one checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from pdbench import baselines, methods
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.errors import WeightsUnavailable
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Restored

__all__ = ["MethodCatalog"]


@dataclass(frozen=True)
class MethodCatalog:
    """What runs here; see `pdbench.harness.config.Catalog`.

    Attributes:
        checkpoint: A network out of a file, one more method beside all others; None for none.
        local: Id -> a method of the caller's own, beside all others.
    """

    checkpoint: Checkpoint | None = None
    local: Mapping[str, Method] = field(default_factory=dict)

    def method(self, name: str) -> Method:
        """Return a method by its id; raises InputError for an unknown one."""
        if name in self.local:
            return self.local[name]
        if self.checkpoint is None or name != self.checkpoint.id:
            return methods.resolve(name)
        return Method(
            id=name,
            title=name,
            kind="single",
            needs=(Restored(name),),
            reference=f"checkpoint {self.checkpoint.path.name}",
            run=partial(_run, name),
            size="external",
        )

    def network(self, name: str, size: str, device: str) -> Any:  # noqa: ANN401
        """Load a network as the sample bank wants it; raises WeightsUnavailable."""
        if self.checkpoint is not None and name == self.checkpoint.id:
            return open_checkpoint(self.checkpoint, device)
        return baselines.open_baseline(name, size, device)

    def fingerprint(self, name: str, size: str) -> str:
        """Return 12 hex digits that identify the file a network is read from."""
        if self.checkpoint is not None and name == self.checkpoint.id:
            return self.checkpoint.fingerprint()
        return baselines.fingerprint(name, size)

    def implementation(self, name: str) -> tuple[Callable[..., Any], ...]:
        """Return the functions and classes whose source defines a network."""
        if self.checkpoint is not None and name == self.checkpoint.id:
            return (open_checkpoint,)
        baseline = baselines.BASELINES.get(name)
        return (baseline.network, baseline.wrap, baseline.convert_state_dict)

    def weight_files(self, method: str, size: str) -> tuple[Path, ...]:
        """Return the files that a method's networks are read from, without those that ship."""
        if self.checkpoint is not None and method == self.checkpoint.id:
            return (self.checkpoint.path,)
        networks = [baselines.BASELINES.get(name) for name in self.method(method).baselines]
        paths = [(network.folder, network.weights_path(size)) for network in networks]
        return tuple(path for folder, path in paths if path.parent != folder)

    def without_weights(self, names: list[str], size: str) -> dict[str, str]:
        """Return those methods whose networks have no weights here, and why."""
        reasons: dict[str, str] = {}
        for name in names:
            try:
                for baseline in self.method(name).baselines:
                    self.fingerprint(baseline, size)
            except WeightsUnavailable as error:
                reasons[name] = str(error)
        return reasons


def _run(name: str, lr: Tensor, bank: SampleBank) -> Tensor:
    del lr
    return bank.restored(name)
