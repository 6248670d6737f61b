"""Families of methods: one rule, one parameter, one canonical id per value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdbench.errors import InputError
from pdbench.harness.method import Method, Sampled

if TYPE_CHECKING:
    from torch import Tensor

    from pdbench.harness.bank import SampleBank

__all__ = ["MOST_SAMPLES", "SAMPLES_TAU", "Family", "fused_family", "number", "whole_number"]

SAMPLES_TAU = 0.9
"""Temperature of the samples that fused methods combine (the paper's)."""

MOST_SAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Family:
    """A method with a parameter.

    Attributes:
        id: Pattern shown to users ("average-k").
        title: What it is, in a few words.
        pattern: Matches any spelling of a member's id; group 1 is the parameter.
        make: Builds the member from the parameter's text; raises InputError if out of range.
        examples: Members that `list methods` shows.
    """

    id: str
    title: str
    pattern: re.Pattern[str]
    make: Callable[[str], Method]
    examples: tuple[str, ...]

    def spelled_out(self, name: str) -> str:
        """Return the id for a spelling without brackets ("srflow-da:0.9")."""
        family, bracket, parameter = self.id.partition("[")
        if not bracket or not name.startswith(f"{family}:"):
            return name
        return f"{family}[{parameter.partition('=')[0]}={name.removeprefix(f'{family}:')}]"

    def claims(self, name: str) -> bool:
        """Tell whether a name belongs to this family, whatever its parameter."""
        return self.pattern.fullmatch(self.spelled_out(name)) is not None

    def match(self, name: str) -> Method | None:
        """Return the member called `name`, or None if the name is not of this family.

        Raises:
            InputError: The parameter is out of range, or not spelt canonically.
        """
        name = self.spelled_out(name)
        found = self.pattern.fullmatch(name)
        if not found:
            return None
        method = self.make(found.group(1))
        if method.id != name:
            raise InputError(f"write '{method.id}' instead of '{name}': one id, one spelling")
        return method


def whole_number(text: str, what: str) -> int:
    """Read a number of samples k; raises InputError outside 1..1000."""
    k = int(text) if re.fullmatch(r"[+-]?\d{1,9}", text) else 0
    if not 1 <= k <= MOST_SAMPLES:
        raise InputError(f"{what} wants a whole number k from 1 to {MOST_SAMPLES}, got '{text}'")
    return k


def number(text: str, what: str, most: float) -> float:
    """Read a parameter; raises InputError unless it is a number from 0 to `most`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise InputError(f"{what} wants a number from 0 to {most:g}, got '{text}'")
    return value


def fused_family(
    word: str, *, title: str, reference: str, rule: Callable[[Tensor], Tensor]
) -> Family:
    """Declare "word-k": one image made by a rule from the first k SRFlow-DA samples.

    Args:
        word: Start of the ids ("median").
        title: What the family is, in a few words.
        reference: Authors, title, venue, year, URL.
        rule: Maps stacked samples (k, 3, H, W) to (3, H, W).
    """

    def make(text: str) -> Method:
        k = whole_number(text, f"{word}-k")

        def run(lr: Tensor, bank: SampleBank) -> Tensor:
            del lr
            return rule(bank.samples("srflow-da", tau=SAMPLES_TAU, count=k))

        return Method(
            id=f"{word}-{k}",
            title=f"{word.capitalize()} ({k})",
            kind="fused",
            needs=(Sampled("srflow-da", SAMPLES_TAU, k),),
            reference=reference,
            run=run,
        )

    return Family(
        id=f"{word}-k",
        title=title,
        pattern=re.compile(rf"{word}-(.*)"),
        make=make,
        examples=(f"{word}-5", f"{word}-25"),
    )
