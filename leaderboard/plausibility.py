"""Plausibility of outputs: what a method that sees only the LR image cannot reach.

Images made from the HR image (with a little noise, as JPEG, blended with an output) score better
than any method. Three things give them away: PSNR, LR-PSNR, and how far their finest detail, which
the LR image does not contain, goes along with the HR image's. A row beyond any bound is held for
review and takes no rank.

Measured on builtin, Set5, Set14 and BSD100: nine methods of this repository and the published
IMDN and PAN stay below every bound. Beyond them are the HR image with noise of 1 or 5 levels, as
JPEG of quality 50 to 95, blurred, and its blends of 20 % and more with IMDN, on every set. A blend
of 10 % with IMDN passes on Set5 and is held on Set14; one of 10 % with ESRGAN+ passes everywhere.
Detail that is changed on purpose (shifted by a pixel, thinned, hidden under strong noise) passes
too, at the price of its PSNR.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from pdbench.leaderboard.provenance import DatasetPart
from pdbench.leaderboard.submission import Entry
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["BOUNDS", "LR_PSNR", "LUMA", "ONE_IMAGE", "detail", "implausible"]

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

LUMA = 1.8
"""How far PSNR of luma lies above that of RGB, in dB, at most."""

LR_PSNR = 58.5
"""Highest mean LR-PSNR, in dB. Rounding alone keeps an image that agrees with its LR image at 57.5
(measured)."""

ONE_IMAGE = 0.9
"""Highest detail of a single output; 0.78 was the most among 131 outputs of PAN."""

_SIGMA = 0.7
"""Width, in pixels, of the Gaussian that is taken off to leave the finest octave."""


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


def _finest(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    brightness = levels.mean(axis=2, dtype=np.float64)
    blurred: npt.NDArray[np.float64] = gaussian_filter(brightness, _SIGMA)
    return brightness - blurred


def implausible(entry: Entry) -> str:
    """Return why a row is held for review, "" if it is plausible; own rows are not asked."""
    findings = [
        f"{dataset}: {finding}"
        for dataset, part in entry.provenance.datasets.items()
        if not entry.own
        for finding in _findings(entry, dataset, part)
    ]
    return f"implausible, held for review: {'; '.join(findings)}" if findings else ""


def _findings(entry: Entry, dataset: str, part: DatasetPart) -> Iterable[str]:
    psnr_bound, detail_bound = BOUNDS.get(dataset, (np.inf, 0.68))
    if "psnr" in part.hashes:
        rule = PROTOCOLS.get(entry.provenance.protocol).rule("psnr")
        psnr_bound += 0.0 if rule.choices.get("colour") == "rgb" else LUMA
    for metric, bound in (("psnr", psnr_bound), ("lr-psnr", LR_PSNR)):
        values = [v for row in entry.rows[dataset] if (v := row.values.get(metric)) is not None]
        if values and (mean := sum(values) / len(values)) > bound:
            yield f"{metric} is {mean:.2f}, no x4 method reaches {bound:.2f}"
    details = [output.detail for output in part.outputs]
    if details and (mean := sum(details) / len(details)) > detail_bound:
        yield f"its finest detail follows the HR images' by {mean:.2f}, over {detail_bound:.2f}"
    elif details and max(details) > ONE_IMAGE:
        worst = max(part.outputs, key=lambda output: output.detail)
        yield f"the finest detail of '{worst.image}' is the HR image's by {worst.detail:.2f}"
