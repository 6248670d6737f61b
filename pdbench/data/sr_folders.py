"""Folders of images made elsewhere: which file belongs to which image, and whether it fits.

A file belongs to the image whose name it begins with ("SR_" may stand before it), and what follows
the name is its style: `0801.png`, `0801x4.png`, `0801_SRFlow.png`, `0801_x4_SR.png`. Several files
of one image are samples only where they say so: `000000_sample00003.png`, `0801_s3.png`, or plain
numbers that count from 0 or 1. Files that differ in anything else, such as a temperature in the
name, are outputs of different settings and never pooled.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pdbench.data.layouts import image_files, image_name, whole_name
from pdbench.data.pairs import Pair, name_some
from pdbench.errors import InputError
from pdbench.weights import sha256_of

__all__ = ["Outputs", "digest_of", "group_outputs", "match_outputs"]

Outputs = dict[str, tuple[Path, ...]]
"""Image name -> its outputs in the order of their sample numbers, as many for every image."""

# Nothing, a separator, or "x4" must follow the image's name: "img_10" is no output of "img_1".
_BOUNDARY = re.compile(r"$|[ ._-]|x\d", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:sr|out|outputs?|pred|results?|restored)[ _-](?=.)", re.IGNORECASE)
# A dot between digits belongs to a decimal: "tau0.1" is no sample 1.
_SAMPLE = re.compile(
    r"(?:[ _-]|(?<!\d)\.|(?<=x4))(samples?|s|seed)?(?:[ _-]|(?<!\d)\.)?(\d+)$", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class _Output:
    """One file, taken apart.

    Attributes:
        file: The file.
        image: Name of its image.
        style: What follows the image's name, without the sample's number.
        number: Number at the end, -1 for none.
        declared: Whether a word says that the number is a sample's.
    """

    file: Path
    image: str
    style: str
    number: int = -1
    declared: bool = False


def match_outputs(folder: Path, pairs: Sequence[Pair], *, by_order: bool | None = None) -> Outputs:
    """Match the files of a folder with the images of a dataset.

    Args:
        folder: Holds one or several outputs for each image, and nothing else.
        pairs: The images.
        by_order: Match the first name with the first image, the second with the second, and so on,
            whatever the names ("000000_sample00003.png" with "0801.png"). None: do not, and advise
            no option that only `eval` has.

    Returns:
        The outputs of each image.

    Raises:
        InputError: The folder is empty, a file or an image has no partner, or several files of an
            image are not told apart by sample numbers alone; the files are named.
    """
    found = _groups(_parsed(folder, pairs, by_order))
    if len(found) > 1:
        listed = ", ".join(f"'{label}' (of {len(files)})" for label, files in found.items())
        rows = "" if by_order is None else " score each as its own row with --group-by,"
        raise InputError(
            f"'{folder}' holds outputs of {len(found)} settings, not samples of one: {listed} "
            f"images; keep one,{rows} or number samples like '{pairs[0].name}_sample00000.png'"
        )
    return _complete(next(iter(found.values())), pairs, folder, by_order)


def group_outputs(
    folder: Path, pairs: Sequence[Pair], *, by_order: bool = False, parameter: str = ""
) -> dict[str, Outputs]:
    """Match a folder that holds the outputs of several settings of one method.

    Args:
        folder: As in `match_outputs`, for each of the settings.
        pairs: The images.
        by_order: As in `match_outputs`.
        parameter: Word that what differs must begin with ("tau"), or "" for any.

    Returns:
        What differs in the names ("tau0.9") -> the outputs of each image.

    Raises:
        InputError: As `match_outputs`, of any setting, or another parameter differs.
    """
    found = _groups(_parsed(folder, pairs, by_order))
    wrong = [label for label in found if not label.lower().startswith(parameter.lower())]
    if wrong:
        raise InputError(f"'{folder}' holds {name_some(wrong)}, which '{parameter}' does not name")
    return {label: _complete(files, pairs, folder, by_order) for label, files in found.items()}


def _parsed(folder: Path, pairs: Sequence[Pair], by_order: bool | None) -> list[_Output]:
    files = image_files(folder)
    if by_order:
        return list(_by_order(folder, files, pairs))
    keys = _keys(pairs)
    found, strangers = [], []
    for file in files:
        stem = whole_name(file)
        for name in (stem, _PREFIX.sub("", stem)):
            if key := _owner(name, keys):
                found.append(_taken_apart(file, keys[key], name[len(key) :]))
                break
        else:
            strangers.append(file)
    named = {output.image for output in found}
    lonely = [pair.hr for pair in pairs if pair.name not in named]
    if strangers or lonely:
        raise _orphans(folder, strangers, lonely, by_order)
    return found


def _by_order(folder: Path, files: list[Path], pairs: Sequence[Pair]) -> Iterator[_Output]:
    parts = [_taken_apart(file, "", whole_name(file)) for file in files]
    names = sorted({part.style for part in parts})
    if len(names) != len(pairs):
        raise InputError(
            f"'{folder}' holds outputs of {len(names)} names but there are {len(pairs)} HR "
            "images; to match them by order, give one name for each"
        )
    images = {name: pair.name for name, pair in zip(names, pairs, strict=True)}
    for part in parts:
        yield replace(part, image=images[part.style], style="")


def _keys(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return every spelling of an image's name -> the name; whole stems win over parts."""
    pairs = list(pairs)
    keys = {whole_name(pair.hr): pair.name for pair in pairs}
    for pair in pairs:
        for name in (unicodedata.normalize("NFC", pair.name), image_name(pair.hr)):
            keys.setdefault(name, pair.name)
    return keys


def _owner(stem: str, keys: Mapping[str, str]) -> str | None:
    """Return the longest key that a stem begins with, or None."""
    for length in range(len(stem), 0, -1):
        if stem[:length] in keys and _BOUNDARY.match(stem[length:]):
            return stem[:length]
    return None


def _taken_apart(file: Path, image: str, rest: str) -> _Output:
    sample = _SAMPLE.search(rest)
    if sample is None:
        return _Output(file=file, image=image, style=rest)
    return _Output(
        file=file,
        image=image,
        style=rest[: sample.start()],
        number=int(sample[2]),
        declared=sample[1] is not None,
    )


def _orphans(
    folder: Path, strangers: list[Path], lonely: list[Path], by_order: bool | None
) -> InputError:
    parts = []
    if strangers:
        parts.append(f"no HR image for {name_some(file.name for file in strangers)}")
    if lonely:
        parts.append(f"no output for {name_some(file.name for file in lonely)}")
    return InputError(
        f"'{folder}' does not fit the HR images: {' and '.join(parts)}; names of outputs begin "
        "with the names of their HR images"
        + ("; --by-order matches first with first instead" if by_order is False else "")
    )


def _groups(outputs: list[_Output]) -> dict[str, dict[str, list[_Output]]]:
    """Return setting -> image name -> its outputs; one setting where names differ in samples."""
    plain = any(not output.declared and output.number >= 0 for output in outputs)
    if plain and not _counts_up(outputs):  # iterations, temperatures in percent: no samples
        outputs = [_undeclared(output) for output in outputs]
    single = len({output.image for output in outputs}) == len(outputs)
    numbers = {tuple(re.findall(r"\d+\.\d+", output.style)) for output in outputs}
    if single and len(numbers) == 1:  # the images' own names may go on in any way
        return {"": {output.image: [output] for output in outputs}}
    labels = _labels({output.style for output in outputs})
    found: dict[str, dict[str, list[_Output]]] = {label: {} for label in labels.values()}
    for output in outputs:
        found[labels[output.style]].setdefault(output.image, []).append(output)
    return found


def _counts_up(outputs: list[_Output]) -> bool:
    """Tell whether the plain numbers of every image and style are 0, 1, ... or 1, 2, ..."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for output in outputs:
        numbers.setdefault((output.image, output.style), []).append(output.number)
    return all(
        sorted(each) in (list(range(len(each))), list(range(1, len(each) + 1)))
        for each in numbers.values()
    )


def _undeclared(output: _Output) -> _Output:
    if output.declared or output.number < 0:
        return output
    number = re.search(r"[ ._-]?\d+$", whole_name(output.file))
    return replace(output, style=output.style + (number[0] if number else ""), number=-1)


def _labels(styles: set[str]) -> dict[str, str]:
    """Name each style by those of its words that not all of them share."""
    words = {style: re.split(r"[ _-]+", style.strip(" ._-")) for style in sorted(styles)}
    shared = set.intersection(*map(set, words.values())) if len(words) > 1 else set()
    return {
        style: "-".join(word for word in each if word not in shared) or style or "plain"
        for style, each in words.items()
    }


def _complete(
    files: Mapping[str, list[_Output]], pairs: Sequence[Pair], folder: Path, by_order: bool | None
) -> Outputs:
    """Sort each image's samples; refuse images without output, and unequal or doubled samples."""
    if lonely := [pair.hr for pair in pairs if pair.name not in files]:
        raise _orphans(folder, [], lonely, by_order)
    numbered = {pair.name: _by_number(pair.name, files[pair.name]) for pair in pairs}
    if any(len(samples) > 1 for samples in numbered.values()):
        _check_counts(numbered)
    return {name: tuple(each[i] for i in sorted(each)) for name, each in numbered.items()}


def _by_number(name: str, outputs: list[_Output]) -> dict[int, Path]:
    numbered = {output.number: output.file for output in outputs}
    if len(numbered) < len(outputs):
        raise InputError(
            f"{len(outputs)} files are outputs of '{name}' "
            f"({name_some(output.file.name for output in outputs)}); keep one of them, or number "
            f"samples like '{name}_sample00000.png'"
        )
    return numbered


def _check_counts(numbered: Mapping[str, Mapping[int, Path]]) -> None:
    most = max(numbered, key=lambda name: len(numbered[name]))
    for name, files in numbered.items():
        if files.keys() != numbered[most].keys():
            unequal = sorted(files.keys() ^ numbered[most].keys())
            raise InputError(
                f"'{name}' has {len(files)} outputs and '{most}' {len(numbered[most])}: they "
                f"differ in {name_some(f'sample {number}' for number in unequal if number >= 0)}; "
                "give the same samples of every image"
            )


def digest_of(files: Iterable[Path]) -> str:
    """Return 12 hex digits over the contents of an image's files, in order.

    Raises:
        InputError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(bytes.fromhex(sha256_of(file)))
        except OSError as error:
            raise InputError(f"cannot read '{file}' ({error.strerror}); check the file") from None
    return digest.hexdigest()[:12]
