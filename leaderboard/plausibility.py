"""Plausibility of outputs: what a method that sees only the LR image cannot reach.

Images made from the HR image (with a little noise, as JPEG, blended with an output) score better
than any method. Four things give them away: PSNR, LR-PSNR, how far their finest detail, which the
LR image does not contain, goes along with the HR image's, and how much of its grain they have. A
row beyond any bound is held for review and takes no rank.

Measured: nine methods of this repository (grain: six of them, on builtin and Set5) and the
published IMDN and PAN (Set5, Set14, BSD100) stay below every bound. Beyond them are the HR image
with noise of 1 or 5 levels, as JPEG of quality 50 to 95, blurred, shifted by a pixel, and its
blends of 5 % and more with each of these methods, under added noise too. What passes: a blend with
the HR image's coarse structure only (blurred first, or cleaned of its grain) that stays below the
bounds of PSNR and detail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d, gaussian_filter, gaussian_gradient_magnitude

from pdbench.leaderboard.provenance import Output
from pdbench.leaderboard.submission import Entry
from pdbench.metrics.protocol import PROTOCOLS

__all__ = [
    "BOUNDS",
    "GRAIN",
    "LR_PSNR",
    "LUMA",
    "ONE_IMAGE",
    "detail",
    "grain",
    "implausible",
]

BOUNDS = {
    "builtin": (29.5, 0.55),
    "set5": (32.6, 0.68),
    "set14": (28.8, 0.58),
    "bsd100": (27.6, 0.50),
    "urban100": (28.8, 0.68),
    "div2k-val": (31.0, 0.68),
}
"""Test set -> highest mean PSNR of RGB, in dB, and highest mean detail. About 1 dB above the best
published x4 networks (33.30, 29.47, 28.09 and 28.60 dB of luma on Set5, Set14, BSD100 and
Urban100: Chen et al., "HAT", CVPR 2023), and as much more detail as 2.5 dB bring from RRDB on."""

GRAIN = 0.025
"""Highest mean share of the HR images' grain, in either sign. Outputs of methods have 0.015 at
most (IMDN on Set5), their blends with 5 % of the HR images 0.03 to 0.05."""

LUMA = 1.8
"""How far PSNR of luma lies above that of RGB, in dB, at most."""

LR_PSNR = 58.5
"""Highest mean LR-PSNR, in dB. Rounding alone keeps an image that agrees with its LR image at 57.5
(measured)."""

ONE_IMAGE = 0.9
"""Highest detail of a single output; 0.78 was the most among 131 outputs of PAN."""

_SIGMA = 0.7
"""Width, in pixels, of the Gaussian that is taken off to leave the finest octave."""

_SMOOTH = 2.0
"""Width, in pixels, of the Gaussian under the gradient that tells smooth places from edges."""

_FOURTH = np.array([1, -4, 6, -4, 1]) / 16
"""Fourth difference: passes the highest frequencies only, which are gone from the LR image."""

_MEASURABLE = 0.03
"""Highest standard error with which the share of grain is still given."""


def detail(levels: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8]) -> float:
    """Correlate the finest detail of an output with that of its HR image.

    Args:
        levels: (H, W, 3) levels of the output.
        reference: (H, W, 3) levels of the HR image.

    Returns:
        Correlation of both images' brightness less its Gaussian blur, -1 to 1, three decimals; 0
        where one of them is flat.
    """
    ours, theirs = _finest(levels), _finest(reference)
    scale = float(np.sqrt((ours**2).sum() * (theirs**2).sum()))
    return round(float((ours * theirs).sum()) / scale, 3) if scale > 1e-6 else 0.0


def grain(levels: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8]) -> float:
    """Return how much of the HR image's grain an output has, where the HR image is smooth.

    Near edges a method can guess fine detail; the sensor's noise in smooth places nobody can. A
    blend with a share a of the HR image has a of it, whatever else it contains.

    Args:
        levels: (H, W, 3) levels of the output.
        reference: (H, W, 3) levels of the HR image.

    Returns:
        Least-squares slope of the output's highest frequencies over the HR image's, in the half of
        the HR image with the smaller gradients: 1 for the HR image, about 0 for any other, four
        decimals; 0 where the HR image has too little grain to tell.
    """
    gradient = gaussian_gradient_magnitude(reference.mean(axis=2, dtype=np.float64), _SMOOTH)
    smooth = gradient <= np.median(gradient)
    ours, theirs = (_highest(image)[smooth] for image in (levels, reference))
    power = float((theirs**2).sum())
    error = float((ours**2).sum()) ** 0.5
    if not power or error > _MEASURABLE * (power * len(ours)) ** 0.5:
        return 0.0
    return round(float((ours * theirs).sum()) / power, 4)


def _highest(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    brightness = levels.mean(axis=2, dtype=np.float64)
    rows: npt.NDArray[np.float64] = convolve1d(brightness, _FOURTH, axis=0)
    return np.asarray(convolve1d(rows, _FOURTH, axis=1))


def _finest(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    brightness = levels.mean(axis=2, dtype=np.float64)
    blurred: npt.NDArray[np.float64] = gaussian_filter(brightness, _SIGMA)
    return brightness - blurred


def implausible(entry: Entry, measured: Mapping[str, Sequence[Output]] | None = None) -> str:
    """Return why a row is held for review, "" if it is plausible; own rows are not asked.

    Args:
        entry: The row.
        measured: Dataset id -> its outputs as the board itself found them, where it has them.
    """
    findings = [
        f"{dataset}: {finding}"
        for dataset, part in entry.provenance.datasets.items()
        if not entry.own
        for finding in _findings(entry, dataset, (measured or {}).get(dataset, part.outputs))
    ]
    return f"implausible, held for review: {'; '.join(findings)}" if findings else ""


def _findings(entry: Entry, dataset: str, outputs: Sequence[Output]) -> Iterable[str]:
    psnr_bound, detail_bound = BOUNDS.get(dataset, (np.inf, 0.68))
    if "psnr" in entry.provenance.datasets[dataset].hashes:
        rule = PROTOCOLS.get(entry.provenance.protocol).rule("psnr")
        psnr_bound += 0.0 if rule.choices.get("colour") == "rgb" else LUMA
    for metric, bound in (("psnr", psnr_bound), ("lr-psnr", LR_PSNR)):
        values = [v for row in entry.rows[dataset] if (v := row.values.get(metric)) is not None]
        if values and (mean := sum(values) / len(values)) > bound:
            yield f"{metric} is {mean:.2f}, no x4 method reaches {bound:.2f}"
    details = [output.detail for output in outputs]
    if details and (mean := sum(details) / len(details)) > detail_bound:
        yield f"its finest detail follows the HR images' by {mean:.2f}, over {detail_bound:.2f}"
    elif details and max(details) > ONE_IMAGE:
        worst = max(outputs, key=lambda output: output.detail)
        yield f"the finest detail of '{worst.image}' is the HR image's by {worst.detail:.2f}"
    shares = [output.grain for output in outputs if output.grain is not None]
    if shares and abs(mean := sum(shares) / len(shares)) > GRAIN:
        yield f"it has {mean:.1%} of the HR images' grain, which no method can know"
