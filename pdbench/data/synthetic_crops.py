"""Drawn training crops of text and flat shapes, the content photographs lack.

Flows trained on photographs alone explode on pages of text and on drawings (saturated flat color
next to sharp edges); a few per cent of such crops in training teach them what comes there.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_graphics"]

LETTERS = np.array(
    list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-:;()&%  ")
)


def draw_graphics(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw one crop.

    Args:
        rng: Source of every choice.
        side: Side in pixels.

    Returns:
        (side, side, 3) uint8 RGB: text, shapes, or both, sometimes blurred by a larger drawing.
    """
    oversample = 1 if rng.random() < 0.4 else 2  # 2: anti-aliased edges
    size = side * oversample
    ground, ink = _two_colors(rng)
    canvas = Image.new("RGB", (size, size), ground)
    draw = ImageDraw.Draw(canvas)
    kind = rng.random()
    if kind < 0.6:
        for _ in range(int(rng.integers(3, 14))):
            _shape(rng, draw, size)
    if kind > 0.35:
        _text(rng, draw, size, ink)
    if oversample > 1:
        canvas = canvas.resize((side, side), Image.Resampling.BOX)
    pixels = np.array(canvas)
    if rng.random() < 0.5:  # scanned paper and film are never perfectly clean
        noise = rng.normal(0, rng.random() * 6, pixels.shape)
        pixels = np.clip(pixels + noise, 0, 255).round().astype(np.uint8)
    return pixels


def _two_colors(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if rng.random() < 0.5:  # black on white or the reverse, as on most pages
        light, dark = 255 - int(rng.integers(40)), int(rng.integers(60))
        pair = ((light,) * 3, (dark,) * 3)
        return pair if rng.random() < 0.8 else (pair[1], pair[0])
    return _color(rng), _color(rng)


def _color(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.5:
        return tuple(int(255 * v) for v in rng.integers(0, 2, 3))
    return tuple(int(v) for v in rng.integers(0, 256, 3))


def _shape(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: int) -> None:
    x0, y0, x1, y1 = (int(v) for v in rng.integers(-size // 8, size + size // 8, 4))
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    color, edge, width = _color(rng), _color(rng), int(rng.integers(0, size // 24 + 2))
    kind = rng.integers(5)
    if kind == 0:
        draw.rectangle(box, fill=color, outline=edge, width=width)
    elif kind == 1:
        draw.ellipse(box, fill=color, outline=edge, width=width)
    elif kind == 2:
        draw.line((x0, y0, x1, y1), fill=edge, width=width + 1)
    elif kind == 3:
        points = [(int(x), int(y)) for x, y in rng.integers(0, size, (3, 2))]
        draw.polygon(points, fill=color, outline=edge)
    else:
        step = int(rng.integers(3, 24))
        for x in range(box[0], box[2], step):
            draw.line((x, box[1], x, box[3]), fill=edge, width=max(1, step // 3))


def _text(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: int, ink: tuple[int, ...]
) -> None:
    height = int(np.exp(rng.uniform(np.log(9), np.log(size / 2.5))))
    font = ImageFont.load_default(height)
    y = -int(rng.integers(height))
    while y < size:
        line = "".join(rng.choice(LETTERS, int(2.5 * size / height) + 4))
        draw.text((-int(rng.integers(height)), y), line, fill=ink, font=font)
        y += int(height * rng.uniform(1.05, 1.6)) + 1
