"""Flags a card earns its scores: trained on a metric's network, trained on the test set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["LOSSES", "contaminated", "leaked_metrics"]

LOSSES: Mapping[str, tuple[str, ...]] = {
    "l1": (),
    "l2": (),
    "charbonnier": (),
    "nll": (),
    "gan": (),
    "diffusion": (),
    "style": (),
    "tv": (),
    "ssim": ("ssim",),
    "ms-ssim": ("ssim",),
    "lpips-vgg": ("lpips-vgg", "dists"),
    "lpips-alex": ("lpips-alex", "diversity"),
    "vgg16-features": ("lpips-vgg", "dists"),
    "vgg19-features": (),
    "alexnet-features": ("lpips-alex", "diversity"),
    "dists": ("dists", "lpips-vgg"),
    "pieapp": ("pieapp",),
    "niqe": ("niqe", "pi"),
    "ma": ("ma", "pi"),
    "pi": ("pi", "niqe", "ma"),
    "lr-consistency": ("lr-psnr",),
    "none": (),
}
"""Loss -> metrics that measure the same thing, or look through the same network.

LPIPS-VGG and DISTS both look through VGG16. PSNR leaks to no loss: squared error is what it
measures, by design. Another loss is declared as "other: ...".
"""

# Test set -> how its own images are called as training data, without anything but letters and
# digits. BSD100 is the validation part of BSDS500.
_SAME_IMAGES = {
    "builtin": ("builtin", "scikitimage", "skimage"),
    "set5": ("set5",),
    "set14": ("set14",),
    "bsd100": ("bsd100", "b100", "bsds100", "bsd500", "bsds500", "bsd300", "bsds300"),
    "urban100": ("urban100",),
    "div2k-val": ("div2kval", "div2kvalid", "div2kvalidation", "div2k900", "div2kall"),
}


def leaked_metrics(losses: Iterable[str]) -> dict[str, str]:
    """Return the metrics whose scores these losses make optimistic.

    Args:
        losses: Losses of a card.

    Returns:
        Metric id -> the first loss that shares its network.

    >>> leaked_metrics(["l1", "vgg16-features"])
    {'lpips-vgg': 'vgg16-features', 'dists': 'vgg16-features'}
    """
    leaks: dict[str, str] = {}
    for loss in losses:
        for metric in LOSSES.get(loss, ()):
            leaks.setdefault(metric, loss)
    return leaks


def contaminated(training_data: Iterable[str], dataset: str) -> str:
    """Return the training data that hold a test set's images, "" for none.

    Args:
        training_data: Training data of a card. An entry that begins with the set's own name counts
            whatever follows: one image is enough.
        dataset: Id of the test set.

    >>> contaminated(["DIV2K", "Set-14"], "set14"), contaminated(["DIV2K"], "div2k-val")
    ('Set-14', '')
    >>> contaminated(["Set5 (woman only)"], "set5")
    'Set5 (woman only)'
    """
    own = _bare(dataset)
    names = _SAME_IMAGES.get(dataset, (own,))
    for entry in training_data:
        if _bare(entry) in names or _bare(entry.partition(" ")[0]) == own:
            return entry
    return ""


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
