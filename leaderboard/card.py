"""The card of a submission: who, what, trained how. Strictly parsed; a stranger wrote it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, cast

import yaml

from pdbench.errors import InputError
from pdbench.leaderboard.contamination import LOSSES
from pdbench.leaderboard.safe_io import LIMITS
from pdbench.leaderboard.text_validation import check_link, check_text, quoted
from pdbench.registry import unknown_id

__all__ = ["KINDS", "Card", "card_from", "check_field", "format_card", "parse_card"]

KINDS = ("single", "stochastic", "fused")

DEEPEST = 3
MOST_ITEMS = 40
LARGEST_SEED = 2**63 - 1
A_YEAR = 366 * 24 * 3600

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a submission declares about its method; every field is required.

    Attributes:
        name: Title of the row ("MyNet (x4)").
        authors: Who made the method.
        paper: Title, venue and year; "unpublished" for none.
        link: Address of paper or code, "" for none.
        licence: Licence of the method or its weights ("Apache-2.0").
        training_data: Sets the networks were trained on; ("none",) for a method without any.
        losses: Losses they were trained with: keys of `LOSSES`, or "other: ...".
        kind: "single" (one image), "stochastic" (several samples, each scored) or "fused" (one
            image made from samples).
        seeds: Seeds of the outputs; (0,) where nothing is random.
        hardware: What the method ran on.
        runtime: Seconds per megapixel of output there, or None where not measured.
    """

    name: str
    authors: tuple[str, ...]
    paper: str
    link: str
    licence: str
    training_data: tuple[str, ...]
    losses: tuple[str, ...]
    kind: Literal["single", "stochastic", "fused"]
    seeds: tuple[int, ...]
    hardware: str
    runtime: float | None


class _Loader(yaml.SafeLoader):
    """Builds plain values, and refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.YAMLError("a key is given twice")
        return mapping


def parse_card(content: bytes, source: str = "card.yaml") -> Card:
    """Read a card.

    Args:
        content: The file's bytes.
        source: Name of the file, for errors.

    Raises:
        InputError: It is too large, no plain YAML mapping (aliases, tags and deep nesting are
            refused before anything is built), or a field is missing, unknown or not as it must be.
    """
    if len(content) > LIMITS[".yaml"]:
        raise InputError(f"'{source}' is larger than {LIMITS['.yaml'] // 1024} KiB; shorten it")
    try:
        text = content.decode("utf-8")
        _refuse_structure(text)
        entries = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = quoted(" ".join(str(error).split()), longest=120)[1:-1]
        raise InputError(f"'{source}' is no plain YAML ({reason}); mend it") from None
    return card_from(entries, source)


def _refuse_structure(text: str) -> None:
    """Look at the events of the parser, which take no more room than the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError("it holds an anchor or alias")
        if getattr(event, "tag", None):
            raise yaml.YAMLError("it holds a tag")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError("it is nested too deep")


def card_from(entries: object, source: str = "card") -> Card:
    """Make a card from a mapping of its fields.

    Args:
        entries: Field -> value, as YAML or the command line has it.
        source: Where they come from, for errors.

    Raises:
        InputError: A field is missing, unknown or not as it must be; it is named.
    """
    if not isinstance(entries, Mapping):
        raise InputError(f"'{source}' is no list of fields like 'name: MyNet'; write one a line")
    known = [field.name for field in fields(Card)]
    for name in entries:
        if name not in known:
            raise InputError(f"'{source}': {unknown_id('field', quoted(name)[1:-1], known)}")
    if missing := [name for name in known if name not in entries]:
        raise InputError(f"'{source}' is incomplete: it lacks {', '.join(missing)}; fill them in")
    values = {name: check_field(name, entries[name], f"'{source}': {name}") for name in known}
    return Card(**cast(dict[str, Any], values))


def check_field(name: str, value: object, what: str) -> object:
    """Return one field of a card as a card holds it.

    Args:
        name: The field.
        value: As YAML or the command line has it.
        what: What it is called in errors.

    Raises:
        InputError: The value is not as it must be.
    """
    return _CHECKS[name](value, what)


def format_card(card: Card) -> bytes:
    """Write a card as YAML; `parse_card` gives it back."""
    entries = {
        field.name: list(value) if isinstance(value := getattr(card, field.name), tuple) else value
        for field in fields(card)
    }
    text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=96)
    return text.encode()


def _title(value: object, what: str) -> str:
    return check_text(value, what, longest=60, ascii_only=True)


def _text(value: object, what: str) -> str:
    return check_text(value, what)


def _reference(value: object, what: str) -> str:
    return check_text(value, what, longest=500)


def _items(value: object, what: str) -> tuple[object, ...]:
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MOST_ITEMS:
        raise InputError(f"{what} must be a list of 1 to {MOST_ITEMS} entries; write '[a, b]'")
    return tuple(value)


def _distinct(values: tuple[_T, ...], what: str) -> tuple[_T, ...]:
    if len(set(values)) != len(values):
        raise InputError(f"{what} names an entry twice; remove one")
    return values


def _texts(value: object, what: str) -> tuple[str, ...]:
    texts = tuple(check_text(entry, what, longest=80) for entry in _items(value, what))
    return _distinct(texts, what)


def _losses(value: object, what: str) -> tuple[str, ...]:
    names = _texts(value, what)
    for name in names:
        if name not in LOSSES and not name.startswith("other: "):
            raise InputError(
                f"{what}: {unknown_id('loss', quoted(name)[1:-1], LOSSES)} (another one is "
                "written 'other: what it is')"
            )
    return names


def _kind(value: object, what: str) -> str:
    if value not in KINDS:
        raise InputError(f"{what} is {quoted(value)}; choose {', '.join(KINDS)}")
    return str(value)


def _seeds(value: object, what: str) -> tuple[int, ...]:
    seeds = _items(value, what)
    for seed in seeds:
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= LARGEST_SEED:
            raise InputError(f"{what} holds {quoted(seed)}; give whole numbers from 0 on")
    return _distinct(cast(tuple[int, ...], seeds), what)


def _runtime(value: object, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= A_YEAR:
        return float(value)
    raise InputError(f"{what} is {quoted(value)}; give seconds per megapixel of output, or null")


_CHECKS: Mapping[str, Callable[[object, str], object]] = {
    "name": _title,
    "authors": _texts,
    "paper": _reference,
    "link": check_link,
    "licence": _text,
    "training_data": _texts,
    "losses": _losses,
    "kind": _kind,
    "seeds": _seeds,
    "hardware": _text,
    "runtime": _runtime,
}
