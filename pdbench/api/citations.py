"""`pdbench cite` as a Python call: BibTeX of the works behind a run's rows and columns."""

from __future__ import annotations

import re

from pdbench.api.tables import Source, read_scores
from pdbench.errors import InputError
from pdbench.methods import resolve
from pdbench.methods.average import REFERENCE as PAPER
from pdbench.metrics import METRICS

__all__ = ["cite"]

_REFERENCE = re.compile(
    r"(?P<authors>.+?), '(?P<title>.+)', (?P<venue>.+?),? (?P<year>\d{4})"
    r"(?:, (?P<url>https?://\S+))?"
)
"""How `Method.reference` and `Metric.reference` are written."""


def cite(folder: Source = "runs/builtin", *, protocol: str | None = None) -> str:
    """Return BibTeX of the paper pdbench reproduces, and of a run's methods and metrics.

    Args:
        folder: A run folder, a dataset's folder below results/, or results.
        protocol: Protocol id; that of the latest run when None.

    Returns:
        One entry for each work, without trailing newline. A comment names each row whose
        reference pdbench does not know.

    Raises:
        InputError: The folder holds no scores.

    >>> import pdbench
    >>> print(pdbench.cite("results/set5_x4").splitlines()[0])
    @misc{korkmaz2022perception,
    """
    record = read_scores(folder, protocol=protocol)
    entries = {PAPER: _bibtex(PAPER)}
    for name in dict.fromkeys(method.id for method in record.methods):
        reference = _method_reference(name)
        entries[reference or name] = _bibtex(reference) or f"% '{name}': cite its authors"
    for name in dict.fromkeys(score.metric for score in record.scores):
        reference = METRICS.get(name).reference if name in METRICS else ""
        entries[reference or name] = _bibtex(reference) or f"% '{name}': cite its authors"
    return "\n\n".join(entries.values())


def _method_reference(name: str) -> str:
    try:
        return resolve(name).reference
    except InputError:  # a row of images or code from elsewhere
        return ""


def _bibtex(reference: str) -> str:
    """Return a reference as an entry, "" where it is not written as ours are."""
    found = _REFERENCE.match(reference)
    if not found:
        return ""
    authors = found["authors"].replace("et al.", "others").split(", ")
    word = next(word for word in re.findall(r"[a-z]+", found["title"].lower()) if len(word) > 3)
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{found['title']}}}",
        "howpublished": found["venue"],
        "year": found["year"],
        "url": found["url"] or "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = re.sub(r"[^a-z]", "", authors[0].lower()) + found["year"] + word
    return "\n".join([f"@misc{{{key},", *lines, "}"])
