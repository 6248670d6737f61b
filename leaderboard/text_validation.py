"""What a submission may say: plain text that no page, spreadsheet or terminal acts upon.

A submission is written by a stranger and shown to others, so each string in it is held to these
rules when it is read; the site escapes it all the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pdbench.errors import InputError

__all__ = [
    "Strict", "as_tuple", "check_id", "check_link", "check_text", "clean_text", "confusable_key",
    "held_to", "quoted",
]  # fmt: skip

LONGEST_ID = 64

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._=,\[\]-]*[a-z0-9\]])?", re.ASCII)
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?:/[A-Za-z0-9._~%/?#=&+,:;-]*)?")
# A number with zeros that change nothing, so that an id has one spelling: "net-05", "[tau=0.90]".
_PADDED = re.compile(r"(?<![a-z0-9.])0+[0-9]+|(?<==)\d+\.\d*0(?!\d)")
# Names of devices on Windows, where a checkout with such a folder cannot be made.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
# Markup, an entity, a template, a Markdown link, a script address, a formula.
_MARKUP = (
    (re.compile(r"[<>`\\]"), "one of the characters < > ` \\"),
    (re.compile(r"&#|&\w+;"), "an HTML entity"),
    (re.compile(r"\{\{|\$\{|\{%"), "a template"),
    (re.compile(r"\]\("), "a Markdown link"),
    (re.compile(r"(?:javascript|vbscript|data)\s*:", re.IGNORECASE), "a script address"),
    (re.compile(r"^[=+@|-]"), "a spreadsheet formula (it starts with = + - @ or |)"),
)
# Kinds of characters that are never drawn, or that turn the text around: controls, formats
# (bidirectional marks, zero-width spaces), surrogates, private use, unassigned, line separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters that pass for others, within what an id or a title may hold.
_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "|": "l", "τ": "t", "σ": "o",
                             "α": "a", "γ": "y", "β": "b", "λ": "l", "×": "x"})  # fmt: skip
_SEPARATORS = re.compile(r"[\s._=,\[\]()+-]+")


def quoted(value: object, longest: int = 40) -> str:
    """Show a value of a stranger in an error: ASCII only, cut short, in quotes."""
    try:
        text = ascii(str(value)[: longest + 1])[1:-1]
    except ValueError:  # Python declines to write out a number of thousands of digits
        return "a huge number"
    return f"'{text[:longest]}...'" if len(text) > longest else f"'{text}'"


def check_id(name: object) -> str:
    """Return a submission's id if it is a safe name of a folder.

    Args:
        name: Lowercase ASCII letters, digits and `. _ = , [ ] -`, 64 at most; it starts with a
            letter or digit and ends with one or with `]`.

    Raises:
        InputError: It is anything else: a path, a look-alike in another script, a device name.
    """
    if (
        not isinstance(name, str)
        or len(name) > LONGEST_ID
        or not _ID.fullmatch(name)
        or ".." in name
    ):
        raise InputError(
            f"{quoted(name)} cannot be the id of a submission; use up to {LONGEST_ID} of a-z, "
            "0-9, '_', '-' and single '.', a letter or digit first and last, like 'mynet-v2'"
        )
    if _RESERVED.fullmatch(name):
        raise InputError(
            f"{quoted(name)} cannot be the id of a submission: Windows reserves the name; choose "
            "another"
        )
    if number := _PADDED.search(name):
        raise InputError(f"id {quoted(name)} has the number {number[0]}; leave out needless zeros")
    return name


def check_text(value: object, what: str, *, longest: int = 200, ascii_only: bool = False) -> str:
    """Return a text if it is one line of plain, visible characters.

    Args:
        value: What was read.
        what: What it is, for errors ("card.yaml: 'name'").
        longest: Most characters.
        ascii_only: Whether letters outside ASCII are refused, but for `τ σ α β γ λ ×`.

    Returns:
        The text in Unicode's composed form.

    Raises:
        InputError: It is no string, empty, too long, or something a page, a spreadsheet or a
            terminal would act upon.
    """
    if not isinstance(value, str):
        raise InputError(f"{what} must be text, not {quoted(value)}; put it in quotes")
    text = unicodedata.normalize("NFC", value)
    if not text.strip() or text != text.strip():
        raise InputError(f"{what} is empty or has spaces around it; write one line of text")
    if len(text) > longest:
        raise InputError(f"{what} has {len(text)} characters; shorten it to {longest}")
    if any(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise InputError(f"{what} contains invisible or control characters; write one plain line")
    # The compatibility form catches full-width < and =, which some programs fold to plain ones.
    plain = unicodedata.normalize("NFKC", text)
    for pattern, finding in _MARKUP:
        if pattern.search(plain):
            raise InputError(f"{what} contains {finding}; write plain text")
    if ascii_only and not all(letter.isascii() or letter in "τσαβγλ×" for letter in text):
        raise InputError(
            f"{what} contains letters outside A-Z, a-z and τσαβγλ×; spell it with those"
        )
    return text


def clean_text(text: str, longest: int = 600) -> str:
    """Turn a message of this machine into text that `check_text` accepts."""
    plain = "".join(
        " " if unicodedata.category(letter) in _UNSEEN or letter in "<>`\\" else letter
        for letter in unicodedata.normalize("NFKC", text)
    )
    plain = " ".join(plain.split())[:longest].strip()
    try:
        return check_text(plain, "a message", longest=longest)
    except InputError:
        return "not computed"


def check_link(value: object, what: str) -> str:
    """Return a web address, or "" for none; raises InputError for anything but plain http(s)."""
    if value == "":
        return ""
    text = check_text(value, what, longest=300)
    if not _LINK.fullmatch(text):
        raise InputError(
            f"{what} is not a plain web address; write it like https://example.org/paper"
        )
    return text


def confusable_key(name: str) -> str:
    """Return what a name looks like: two names that could be taken for each other share it.

    >>> confusable_key("RRDB") == confusable_key("rrdb")
    True
    >>> confusable_key("net-l0") == confusable_key("net_1o")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_LOOKS_LIKE)
    return _SEPARATORS.sub("", folded).replace("rn", "m").replace("vv", "w")


class Strict(BaseModel):
    """Model that converts no value and takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def held_to(check: Callable[..., Any], **options: Any) -> BeforeValidator:  # noqa: ANN401
    """Apply one of the checks of `text_validation` to a field; its sentence becomes the error."""

    def validate(value: object) -> Any:  # noqa: ANN401
        try:
            return check(value, **options)
        except InputError as error:
            raise ValueError(str(error)) from None

    return BeforeValidator(validate)


def as_tuple(value: object) -> tuple[Any, ...]:
    """Take a list, as JSON and YAML have it, for a tuple; raises ValueError for anything else."""
    if not isinstance(value, list | tuple):
        raise ValueError("write a list, '[a, b]'")
    return tuple(value)
