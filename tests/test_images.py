"""The image convention: what is loaded or refused, rounding, luma."""

import contextlib
import math
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pdbench import images
from pdbench.errors import InputError, MetricUndefined, NonFiniteImage, PdbenchError

from .pixels import noise, tensor


def test_loaded_image_is_rgb_float_on_the_8_bit_grid(tmp_path):
    pixels = noise(9, 7)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = images.load_image(tmp_path / "a.png")
    assert image.shape == (3, 9, 7)
    assert image.dtype == torch.float32
    assert torch.equal(image, tensor(pixels))


def test_saved_image_comes_back_unchanged(tmp_path):
    image = tensor(noise(8, 12))
    images.save_image(image, tmp_path / "a.png")
    assert torch.equal(images.load_image(tmp_path / "a.png"), image)


def test_saving_under_a_lossy_suffix_raises(tmp_path):
    with pytest.raises(ValueError, match=r"\.png"):
        images.save_image(tensor(noise(8, 8)), tmp_path / "a.jpg")


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_gray_and_palette_become_rgb(tmp_path, mode):
    picture = Image.fromarray(noise(8, 8)).convert(mode)
    picture.save(tmp_path / "a.png")
    expected = tensor(np.array(picture.convert("RGB")))
    assert torch.equal(images.load_image(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_opaque_alpha_is_dropped(tmp_path, mode):
    picture = Image.fromarray(noise(8, 8)).convert(mode)
    picture.save(tmp_path / "a.png")
    expected = tensor(np.array(picture.convert("RGB")))
    assert torch.equal(images.load_image(tmp_path / "a.png"), expected)


def test_transparent_pixel_is_refused(tmp_path):
    picture = Image.fromarray(noise(8, 8)).convert("RGBA")
    picture.putpixel((3, 3), (0, 0, 0, 254))
    picture.save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.png' is transparent"):
        images.load_image(tmp_path / "a.png")


def test_transparent_palette_color_is_refused(tmp_path):
    picture = Image.new("P", (8, 8))
    picture.save(tmp_path / "a.png", transparency=0)
    with pytest.raises(InputError, match="transparent"):
        images.load_image(tmp_path / "a.png")


def test_16_bit_gray_is_refused(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="8 bits"):
        images.load_image(tmp_path / "a.png")


def test_16_bit_color_is_refused(tmp_path):
    # Pillow cannot write one: an 8-bit PNG header is patched to say 16 bits.
    raw = zlib.compress(b"".join(b"\0" + bytes(6 * 8) for _ in range(8)))

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", raw) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(InputError, match="8 bits"):
        images.load_image(tmp_path / "a.png")


def test_cmyk_is_refused(tmp_path):
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="CMYK"):
        images.load_image(tmp_path / "a.jpg")


def test_animation_is_refused(tmp_path):
    frames = [Image.fromarray(noise(8, 8, seed)) for seed in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="frames"):
        images.load_image(tmp_path / "a.gif")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no image file .*nowhere\.png"):
        images.load_image(tmp_path / "nowhere.png")


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_file_that_is_no_image_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read image .*a\.png"):
        images.load_image(tmp_path / "a.png")


def test_folder_in_place_of_an_image_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        images.load_image(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot read"):
        images.load_image(path)


def test_decompression_bomb_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 99)
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="more than 99 pixels"):
        images.load_image(tmp_path / "a.png")


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_damaged_png_loads_or_is_refused_in_one_line(tmp_path, position, value):
    path = tmp_path / "a.png"
    Image.fromarray(noise(12, 12)).save(path)
    content = bytearray(path.read_bytes())
    content[position % len(content)] = value
    path.write_bytes(content)
    message = ""
    try:
        images.load_image(path)
    except PdbenchError as error:
        message = str(error)
    assert "\n" not in message


def test_quantize_clips_and_rounds_halves_up():
    levels = torch.tensor([-3.0, 0.0, 0.49, 0.5, 1.5, 2.5, 254.49, 254.5, 300.0])
    expected = torch.tensor([0, 0, 0, 1, 2, 3, 254, 255, 255], dtype=torch.uint8)
    assert torch.equal(images.to_uint8(levels / 255), expected)


HOW = ("round", "truncate", "none")


@pytest.mark.parametrize("how", HOW)
def test_quantize_leaves_the_grid_unchanged(how):
    grid = torch.arange(256, dtype=torch.float32) / 255
    assert torch.equal(images.quantize(grid, how), grid)


def test_truncation_takes_the_level_below_as_a_cast_does():
    image = torch.tensor([-0.1, 0.0, 0.99 / 255, 1.5 / 255, 254.999 / 255, 1.0, 7.0])
    expected = (image.numpy().clip(0, 1) * 255).astype(np.uint8)
    got = images.quantize(image, "truncate") * 255
    assert got.round().tolist() == expected.tolist() == [0, 0, 0, 1, 254, 255, 255]


def test_no_quantization_only_clips():
    image = torch.tensor([-0.1, 0.3, 1.2])
    assert torch.equal(images.quantize(image, "none"), torch.tensor([0.0, 0.3, 1.0]))


@pytest.mark.parametrize("how", HOW)
def test_quantize_does_not_change_its_argument(how):
    image = torch.full((3, 4, 4), 0.3)
    images.quantize(image, how)
    assert (image == 0.3).all()


@pytest.mark.parametrize("how", HOW)
def test_non_finite_pixel_raises(how):
    for value in (math.nan, math.inf, -math.inf):
        image = torch.zeros(3, 4, 4)
        image[1, 2, 3] = value
        with pytest.raises(NonFiniteImage):
            images.quantize(image, how)


def test_bt601_luma_spans_16_to_235():
    black_white = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)])
    luma = images.luma_bt601(black_white, rounded=False)
    assert luma.shape == (2, 1, 2, 2)
    assert luma.dtype == torch.float64
    assert luma[:, 0, 0, 0].tolist() == pytest.approx([16.0, 235.0], abs=1e-9)


def test_rounded_luma_is_the_nearest_level():
    pixels = noise(16, 16, seed=3)
    exact = pixels.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16
    rounded = images.luma_bt601(tensor(pixels), rounded=True)[0].numpy()
    assert np.array_equal(rounded, np.floor(exact + 0.5))


def test_yiq_luma_is_full_range():
    pixels = noise(16, 16, seed=4)
    exact = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    assert images.luma_yiq(tensor(pixels), rounded=False)[0].numpy() == pytest.approx(exact)


def test_shave_cuts_each_side():
    image = torch.arange(3 * 6 * 8.0).reshape(3, 6, 8)
    assert torch.equal(images.shave(image, 2), image[:, 2:4, 2:6])
    assert images.shave(image, 0).shape == image.shape


def test_shaving_everything_away_raises():
    with pytest.raises(MetricUndefined, match="4-pixel border"):
        images.shave(torch.zeros(3, 8, 20), 4)


def test_crop_keeps_the_top_left():
    image = torch.arange(3 * 7 * 9.0).reshape(3, 7, 9)
    assert torch.equal(images.crop_to_multiple(image), image[:, :4, :8])


def test_a_program_under_an_image_name_is_not_started(tmp_path):
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(InputError, match="cannot identify"):
        images.load_image(tmp_path / "a.png")


def test_of_a_camera_jpeg_with_a_preview_the_picture_is_taken(tmp_path):
    picture = Image.fromarray(noise(64, 48, 0))
    picture.save(tmp_path / "a.jpg", format="MPO", save_all=True,
                 append_images=[picture.resize((12, 16))])  # fmt: skip
    picture.save(tmp_path / "b.jpg", format="JPEG")
    assert images.load_image(tmp_path / "a.jpg").shape == (3, 64, 48)
    assert torch.equal(
        images.load_image(tmp_path / "a.jpg"), images.load_image(tmp_path / "b.jpg")
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiff_of_floats_is_called_that(tmp_path, channels):
    tifffile = pytest.importorskip("tifffile")
    shape = (8, 9, 3) if channels == 3 else (8, 9)
    kind = "rgb" if channels == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, np.float32), photometric=kind)
    with pytest.raises(InputError, match=r"32-bit float|more than 8 bits"):
        images.load_image(tmp_path / "a.tif")


def test_libtiff_says_nothing_of_its_own(tmp_path, capfd):
    path = tmp_path / "a.tif"
    Image.fromarray(noise(64, 64, 0)).save(path, compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        images.load_image(path)
    assert capfd.readouterr().err == ""


def test_sizes_are_read_from_headers(tmp_path):
    Image.fromarray(noise(8, 9, 0)).save(tmp_path / "a.png")
    assert images.image_size(tmp_path / "a.png") == (9, 8)
    assert images.image_size(tmp_path / "none.png") is None
