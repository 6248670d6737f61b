"""The protocols that ship: each says, metric by metric, what is chosen and where that is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdbench.metrics.rules import Protocol, Rule

__all__ = ["BASICSR_RGB", "BASICSR_Y", "PAPER", "PIRM", "PYIQA", "SRFLOW"]

_BASICSR = "BasicSR (basicsr/metrics/psnr_ssim.py)"
_PIRM = "PIRM 2018 (calc_scores.m): Y of rgb2ycbcr rounded to uint8, 4 pixels shaved off each side"
_PYIQA = "pyiqa 0.1.16's default"

_PIRM_LUMA: Mapping[str, Any] = {"colour": "bt601-rounded", "border": 4}
_PIRM_NIQE: Mapping[str, Any] = {**_PIRM_LUMA, "block": 96}
_SSIM_CONSTANTS: Mapping[str, Any] = {"k1": 0.01, "k2": 0.03}
_UNIFORM: Mapping[str, Any] = {"window": 7, **_SSIM_CONSTANTS, "sample_covariance": True}
_GAUSSIAN: Mapping[str, Any] = {
    "window": 11, "sigma": 1.5, **_SSIM_CONSTANTS, "sample_covariance": False,
}  # fmt: skip

_LPIPS = Rule(
    choices={"version": "0.1"},
    source="the authors' lpips package: net='vgg', version 0.1, whole image in [-1, 1]",
)
_PIEAPP = Rule(
    choices={"channels": "bgr", "patch": 64, "stride": 27},
    source="pyiqa's trained file wants BGR * 255; 64-pixel patches, stride 27",
)
_NIQE = Rule(choices=_PIRM_NIQE, source=f"{_PIRM}; blocks of 96 pixels")
_MA = Rule(choices=_PIRM_LUMA, source=_PIRM)
_PI = Rule(
    choices={},
    source="PIRM 2018: ((10 - Ma) + NIQE) / 2, both under this protocol's own rules",
)

_NTIRE21 = "NTIRE 2021 challenge on the SR space (measure.py, imresize.py)"
_SR_SPACE: Mapping[str, Rule] = {
    "lr-psnr-challenge": Rule(
        choices={
            "against": "shrunk-hr", "kernel": "imresize-py-uint8", "scale": 4,
            "crop_to_multiple": 8,
        },
        source=f"{_NTIRE21}: both images cut to a multiple of 8 and shrunk alike, RGB",
    ),
    "diversity": Rule(
        choices={"version": "0.1", "crop_to_multiple": 8},
        source=f"{_NTIRE21}: maps of lpips.LPIPS(net='alex', spatial=True), in [-1, 1]; of all "
        "samples the method makes (the challenge asked for 10)",
    ),
}  # fmt: skip

PAPER = Protocol(
    id="paper",
    title="the conventions that best explain the paper's Table 1",
    rules={
        "psnr": Rule(
            choices={"colour": "rgb", "border": 0},
            source="SRFlow's Measure.py: scikit-image on uint8 RGB, no crop",
        ),
        "ssim": Rule(
            choices={"colour": "rgb", "border": 0, **_UNIFORM},
            source="SRFlow's Measure.py: scikit-image's default 7x7 uniform window, RGB, no crop",
        ),
        "lpips-vgg": _LPIPS,
        "pieapp": _PIEAPP,
        "dists": Rule(
            choices={"resize_short_side": 256},
            source="the authors' prepare_image with resize: Pillow bilinear, short side to 256",
        ),
        "niqe": _NIQE,
        "ma": _MA,
        "pi": _PI,
        "lr-psnr": Rule(
            choices={"against": "given-lr", "kernel": "matlab-bicubic-uint8", "scale": 4},
            source="SRFlow's LRC PSNR: the shrunk result against the LR image that was given",
        ),
        "lpips-alex": Rule(
            choices={"version": "0.1"},
            source="the authors' lpips package: net='alex', version 0.1, whole image in [-1, 1]",
        ),
        **_SR_SPACE,
    },
)

PIRM = Protocol(
    id="pirm",
    title="the PIRM 2018 challenge on perceptual super-resolution",
    rules={
        "psnr": Rule(choices=_PIRM_LUMA, source=f"{_PIRM}; the same MSE as RMSE has, in dB"),
        "mse": Rule(
            choices=_PIRM_LUMA, source=f"{_PIRM}; the challenge's RMSE is the root of the mean"
        ),
        "niqe": _NIQE,
        "ma": _MA,
        "pi": _PI,
    },
    quantization_source="PIRM 2018 reads PNG files; whoever wrote them rounded",
)


def _basicsr(variant: str, colour: str, words: str) -> Protocol:
    """Declare one of BasicSR's two usual settings; they differ in the planes compared."""
    planes = {"colour": colour, "border": 4}
    return Protocol(
        id=f"basicsr-{variant}",
        title=f"BasicSR's {words}, 4 pixels cropped: the usual tables of x4 super-resolution",
        rules={
            "psnr": Rule(choices=planes, source=f"{_BASICSR}: {words}, crop_border 4"),
            "ssim": Rule(
                choices={**planes, **_GAUSSIAN},
                source=f"{_BASICSR}: {words}, crop_border 4, Gaussian 11x11 of 1.5, inside only",
            ),
            "lpips-vgg": Rule(
                choices=_LPIPS.choices,
                source="BasicSR (scripts/metrics/calculate_lpips.py): VGG, in [-1, 1], no crop",
            ),
            "niqe": Rule(
                choices={**_PIRM_NIQE, "arithmetic": "basicsr"},
                source="BasicSR 1.4.2 (basicsr/metrics/niqe.py): Y, crop_border 4, rounded, "
                "float32 image under a float64 window",
            ),
        },
        quantization_source="BasicSR (tensor2img): times 255, then rounded",
    )


BASICSR_Y = _basicsr("y", "bt601", "Y of BT.601 (16-235) without rounding")
BASICSR_RGB = _basicsr("rgb", "rgb", "RGB")

SRFLOW = Protocol(
    id="srflow",
    title="what SRFlow's own test script measures",
    rules={
        "psnr": Rule(
            choices=PAPER.rule("psnr").choices,
            source="SRFlow (Measure.py): scikit-image on uint8 RGB, no crop",
        ),
        "ssim": Rule(
            choices=PAPER.rule("ssim").choices,
            source="SRFlow (Measure.py): scikit-image with multichannel=True, 7x7 uniform window",
        ),
        "lpips-alex": Rule(
            choices={"version": "0.1"},
            source="SRFlow (Measure.py): lpips.LPIPS(net='alex'), whole image in [-1, 1]",
            always=True,
        ),
        "lr-psnr": Rule(
            choices={"against": "given-lr", "kernel": "imresize-py-uint8", "scale": 4},
            source="SRFlow (test.py, imresize.py): LRC PSNR; its bicubic mirrors the border and "
            "rounds halves to even",
        ),
        **_SR_SPACE,
    },
    quantization="truncate",
    quantization_source="SRFlow (test.py): clip, times 255, astype(uint8), which truncates",
)

PYIQA = Protocol(
    id="pyiqa",
    title="the defaults of pyiqa 0.1.16",
    rules={
        "psnr": Rule(
            choices={"colour": "rgb-unrounded", "border": 0, "epsilon": 1e-8},
            source=f"{_PYIQA} psnr: float RGB, 1e-8 added to the error, so at most 80 dB",
        ),
        "ssim": Rule(
            choices={"colour": "yiq-rounded", "border": 0, **_GAUSSIAN, "nonnegative": True},
            source=f"{_PYIQA} ssim: rounded Y of YIQ, contrast-structure term cut off at 0",
        ),
        "lpips-vgg": Rule(choices=_LPIPS.choices, source=f"{_PYIQA} lpips-vgg: version 0.1"),
        "lpips-alex": Rule(
            choices={"version": "0.1"},
            source=f"{_PYIQA} lpips: AlexNet, version 0.1",
            always=True,
        ),
        "pieapp": Rule(
            choices=_PIEAPP.choices, source=f"{_PYIQA} pieapp: BGR, 64-pixel patches, stride 27"
        ),
        "dists": Rule(
            choices={"resize_short_side": None}, source=f"{_PYIQA} dists: full resolution"
        ),
        "niqe": Rule(
            choices={"colour": "yiq-rounded", "border": 0, "block": 96},
            source=f"{_PYIQA} niqe: rounded Y of YIQ, no crop; its float32 Y rounds near ties "
            "otherwise, which moves NIQE by up to 0.005",
        ),
        "ma": Rule(
            choices={"colour": "yiq-rounded", "border": 0},
            source=f"{_PYIQA} nrqm: rounded Y of YIQ, no crop",
        ),
        "pi": Rule(
            choices={},
            source=f"{_PYIQA} pi: its NIQE and Ma are PIRM's, not the niqe and nrqm beside it",
            parts={"ma": _PIRM_LUMA, "niqe": _PIRM_NIQE},
        ),
    },
    quantization="none",
    quantization_source="pyiqa takes a tensor as it is; pdbench clips it to [0, 1]",
)
