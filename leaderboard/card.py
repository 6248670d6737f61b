"""The card of a submission: who, what, trained how. Strictly parsed; a stranger wrote it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from pdbench.errors import InputError, system_reason
from pdbench.leaderboard.contamination import LOSSES
from pdbench.leaderboard.safe_io import LIMITS
from pdbench.leaderboard.text_validation import (
    Strict,
    as_tuple,
    check_link,
    check_text,
    held_to,
    quoted,
)
from pdbench.pydantic_errors import parse, words_of
from pdbench.registry import unknown_id

__all__ = ["Card", "card_from", "check_field", "format_card", "parse_card", "read_card"]

DEEPEST = 3
MOST_ITEMS = 40
A_YEAR = 366 * 24 * 3600
OPTIONS = {"authors": "--author", "losses": "--loss"}
"""Fields whose option of `pdbench submit` is not simply `--field`."""

_T = TypeVar("_T")


def _check_loss(value: object) -> str:
    name = check_text(value, "a loss", longest=80)
    if name not in LOSSES and not name.startswith("other: "):
        raise InputError(
            f"{unknown_id('loss', quoted(name)[1:-1], LOSSES)} (another one is written "
            "'other: what it is')"
        )
    return name


def _distinct(values: tuple[_T, ...]) -> tuple[_T, ...]:
    if len(set(values)) != len(values):
        raise ValueError("an entry is given twice; remove one")
    return values


_Text = Annotated[str, held_to(check_text, what="a text")]
_Entry = Annotated[str, held_to(check_text, what="an entry", longest=80)]
_Loss = Annotated[str, held_to(_check_loss)]
_Seed = Annotated[int, Field(ge=0, lt=2**63)]
_LIST = (BeforeValidator(as_tuple), Len(1, MOST_ITEMS), AfterValidator(_distinct))


class Card(Strict):
    """What a submission declares about its method.

    Attributes:
        name: Title of the row ("MyNet (x4)").
        authors: Who made the method.
        paper: Title, venue and year; "unpublished" for none.
        link: Address of paper or code, "" for none.
        license: License of the method or its weights ("Apache-2.0").
        training_data: Sets the networks were trained on; ("none",) for a method without any.
        losses: Losses they were trained with: keys of `LOSSES`, or "other: ...".
        kind: "single" (one image), "stochastic" (several samples, each scored) or "fused" (one
            image made from samples).
        seeds: Seeds of the outputs; (0,) where nothing is random.
        hardware: What the method ran on.
        runtime: Seconds per megapixel of output there, or None where not measured.
    """

    name: Annotated[str, held_to(check_text, what="a title", longest=60, ascii_only=True)]
    authors: Annotated[tuple[_Entry, ...], *_LIST]
    paper: Annotated[str, held_to(check_text, what="a reference", longest=500)]
    link: Annotated[str, held_to(check_link, what="a link")] = ""
    license: _Text
    training_data: Annotated[tuple[_Entry, ...], *_LIST]
    losses: Annotated[tuple[_Loss, ...], *_LIST]
    kind: Literal["single", "stochastic", "fused"]
    seeds: Annotated[tuple[_Seed, ...], *_LIST] = (0,)
    hardware: _Text
    runtime: Annotated[float, Field(ge=0, le=A_YEAR, allow_inf_nan=False)] | None = None


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
        InputError: It is no plain YAML, or a field is missing, unknown or not as it must be.
    """
    if len(content) > LIMITS[".yaml"]:
        raise InputError(f"'{source}' is larger than any card; write the fields of a card only")
    try:
        text = content.decode("utf-8")
        _refuse_structure(text)
        entries = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = quoted(" ".join(str(error).split()), longest=120)[1:-1]
        raise InputError(f"'{source}' is not plain YAML ({reason}); fix it") from None
    return card_from(entries, source)


def read_card(path: Path) -> Card:
    """Read a card from a file; raises InputError as `parse_card` does."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LIMITS[".yaml"] + 1)
    except OSError as error:
        raise InputError(
            f"cannot read card '{path}' ({system_reason(error)}); check the path"
        ) from None
    return parse_card(content, str(path))


def _refuse_structure(text: str) -> None:
    """Look at the events of the parser, which take no more room than the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError("it contains an anchor or alias")
        if getattr(event, "tag", None):
            raise yaml.YAMLError("it contains a tag")
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
    known = Card.model_fields
    for name in entries:
        if name not in known:
            raise InputError(f"'{source}': {unknown_id('field', quoted(name)[1:-1], known)}")
    lacking = [name for name in known if known[name].is_required() and name not in entries]
    if lacking:
        options = " ".join(OPTIONS.get(name, f"--{name.replace('_', '-')}") for name in lacking)
        raise InputError(
            f"'{source}' is incomplete: it lacks {', '.join(lacking)}; fill them in (options of "
            f"'pdbench submit': {options}; or all in a file: --card)"
        )
    return parse(Card, dict(entries), source, advice="fix the card")


def check_field(name: str, value: object) -> None:
    """Check one field of a card by itself; raises InputError if it is not as it must be."""
    try:
        Card.model_validate({name: value})
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if problem["loc"][0] == name:
                raise InputError(words_of(problem)) from None


def format_card(card: Card) -> bytes:
    """Write a card as YAML; `parse_card` gives it back."""
    entries = card.model_dump(mode="json")
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=96).encode()
