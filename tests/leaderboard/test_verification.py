"""Trust: what raises a submission's level, and everything that gets it refused."""

import csv
import io
import json
import shutil
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

import pdbench as api
from pdbench.data.datasets import combine_sha256
from pdbench.errors import InputError
from pdbench.leaderboard import read_board
from pdbench.leaderboard.board import write_verdict
from pdbench.leaderboard.validation import scores_agree

from .conftest import CARD, edit, export_own, failures, photograph, rehash, submit, tree


def level(board, name="mynet", **options):
    (found,) = api.verify(name, board=board, jobs=1, **options)
    assert not found.failures
    return found.level


def change_scores(folder, change):
    """Rewrite the scores in the form pdbench writes, digests and all."""
    path = folder / "set5_x4.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row in rows:
        change(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    rehash(folder)


def other_baby(provenance):
    """Let a submission say that Set5's first image is another one."""
    part = provenance["datasets"]["set5"]
    part["images"]["baby"] = "0" * 64
    part["sha256"] = combine_sha256(part["images"])


def copy_of(made, tmp_path, name="mynet"):
    return shutil.copytree(made / name, tmp_path / "sr")


def test_numbers_alone_are_self_reported(board):
    assert level(board) == "self-reported"


def test_images_make_it_rescored(board, made, data_root):
    assert level(board, sr=made / "mynet", data_root=data_root) == "re-scored"


def test_samples_are_rescored_too(board, made, data_root):
    assert level(board, "samples", sr=made / "samples", data_root=data_root) == "re-scored"


def test_a_recorded_verdict_is_kept_for_the_same_files_only(board, entry, made, data_root):
    level(board, sr=made / "mynet", data_root=data_root, record=True)
    assert level(board) == "re-scored"
    assert read_board(board).level(read_board(board).entry("mynet")) == "re-scored"
    edit(entry, lambda p: p["versions"].update(python="3.0"))
    assert level(board) == "self-reported"


def test_a_verdict_of_an_unknown_level_counts_as_none(board):
    api.verify("mynet", board=board, record=True)
    path = board / "verdicts" / "mynet.json"
    verdict = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**verdict, "level": "divine"}), encoding="utf-8")
    assert level(board) == "self-reported"


def test_verifying_changes_no_submission(board, made, data_root):
    before = tree(board / "submissions")
    api.verify(board=board, data_root=data_root, record=True)
    api.verify("mynet", board=board, sr=made / "mynet", data_root=data_root, jobs=1)
    assert tree(board / "submissions") == before


def test_scores_edited_with_their_digests_are_found_by_scoring_again(
    board, entry, made, data_root
):
    def better(row):
        row["psnr"] = f"{float(row['psnr']) + 1:.6f}"

    change_scores(entry, better)
    assert failures(board) == ""
    text = failures(board, sr=made / "mynet", data_root=data_root)
    assert "psnr of" in text
    assert "not those of these images" in text


def test_the_board_stores_its_own_values(board, entry, made, data_root):
    scores = (entry / "set5_x4.csv").read_bytes()

    def up(by):
        change_scores(entry, lambda row: row.update(psnr=f"{float(row['psnr']) + by:.6f}"))

    up(0.004)  # would round up in a table
    assert "not those of these images" in failures(
        board, sr=made / "mynet", data_root=data_root, record=True
    )
    up(-0.0037)  # a last digit may differ between processors
    assert level(board, sr=made / "mynet", data_root=data_root, record=True) == "re-scored"
    assert (entry / "set5_x4.csv").read_bytes() == scores
    assert level(board) == "re-scored"


def test_scoring_one_data_set_again_keeps_the_others(board, entry, made, data_root):
    def add_set14(provenance):
        provenance["datasets"]["set14"] = {**provenance["datasets"]["set5"], "title": "Set14"}
        for name in [name for name in provenance["files"] if "set5" in name]:
            other = name.replace("set5", "set14")
            (entry / other).parent.mkdir(exist_ok=True)
            shutil.copy(entry / name, entry / other)
            provenance["files"][other] = provenance["files"][name]

    edit(entry, add_set14)
    options = {"sr": made / "mynet", "data_root": data_root, "record": True}
    assert level(board, datasets=["set5"], **options) == "re-scored"
    found = read_board(board)
    levels = [found.level(found.entry("mynet"), name) for name in ("set5", "set14")]
    assert levels == ["re-scored", "self-reported"]


@pytest.mark.parametrize(
    ("metric", "off", "same", "elsewhere"),
    [
        ("psnr", 0.0004, True, True),
        ("psnr", 0.004, False, True),
        ("psnr", 0.04, False, True),
        ("psnr", 0.06, False, False),
        ("niqe", 0.013, False, True),  # measured: one kind of processor against another
        ("niqe", 0.06, False, False),
        ("lpips-vgg", 0.006, False, False),
    ],
)
def test_outputs_made_on_another_processor_may_score_a_little_apart(metric, off, same, elsewhere):
    assert scores_agree(5.0, 5.0 + off, metric) is same
    assert scores_agree(5.0, 5.0 - off, metric, elsewhere=True) is elsewhere


@pytest.mark.parametrize("evidence", ["sr", "checkpoint"])
def test_a_row_of_the_repository_is_held_against_no_files(evidence, board, made, data_root):
    export_own(board, data_root, "bicubic")
    with pytest.raises(InputError, match=r"'bicubic' is a row of this repository.* --reproduce"):
        api.verify("bicubic", board=board, data_root=data_root, **{evidence: made / "mynet"})


def test_what_is_wrong_in_a_zip_file_is_named_by_it(board, made, data_root, tmp_path):
    path = tmp_path / "sr.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (made / "mynet").iterdir():
            whole = file.read_bytes()
            archive.writestr(file.name, whole[:99] if file.name.startswith("bird") else whole)
    text = failures(board, sr=path, data_root=data_root)
    assert f"'{path}/bird_mynet.png'" in text
    assert "pdbench-" not in text


def test_a_missing_image_is_named(board, made, data_root, tmp_path):
    folder = copy_of(made, tmp_path)
    (folder / "bird_mynet.png").unlink()
    assert "bird" in failures(board, sr=folder, data_root=data_root)


def test_other_images_are_refused(board, made, data_root, tmp_path):
    folder = copy_of(made, tmp_path)
    shutil.copy(made / "third" / "bird.png", folder / "bird_mynet.png")
    text = failures(board, sr=folder, data_root=data_root)
    assert "1 images are not those that were submitted ('bird'" in text


def test_an_image_of_another_size_is_refused(board, made, data_root, tmp_path):
    folder = copy_of(made, tmp_path)
    photograph(0, 56).save(folder / "bird_mynet.png")
    assert "56x56" in failures(board, sr=folder, data_root=data_root)


def test_a_truncated_image_is_refused(board, made, data_root, tmp_path):
    folder = copy_of(made, tmp_path)
    whole = (folder / "bird_mynet.png").read_bytes()
    (folder / "bird_mynet.png").write_bytes(whole[: len(whole) // 2])
    assert "cannot read image" in failures(board, sr=folder, data_root=data_root)


def png_of_zeros(width, height):
    """A whole black 1-bit PNG, made without a picture of that size in memory."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + -(-width // 8))), 1)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 5_000), (2**26 + 1, 1)])
def test_a_bomb_of_100_megapixels_is_refused_unread(size, board, made, data_root, tmp_path):
    folder = copy_of(made, tmp_path)
    (folder / "bird_mynet.png").write_bytes(png_of_zeros(*size))
    assert "pixels" in failures(board, sr=folder, data_root=data_root)


def test_a_crop_of_something_else_is_refused(board, entry, made, data_root):
    path = entry / "crops" / "set5_x4" / "baby.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)
    rehash(entry)
    text = failures(board, sr=made / "mynet", data_root=data_root)
    assert "crop of 'baby' is not of that image" in text


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg>"]
)
def test_a_crop_that_is_no_png_is_refused(content, board, entry):
    (entry / "crops" / "set5_x4" / "baby.png").write_bytes(content)
    rehash(entry)
    assert "no PNG crop" in failures(board)


def test_a_crop_that_is_a_bomb_is_refused_unread(board, entry):
    (entry / "crops" / "set5_x4" / "baby.png").write_bytes(png_of_zeros(8_000, 4_000))
    rehash(entry)
    assert "no PNG crop of 64x64" in failures(board)


def test_another_protocol_hash_is_refused(board, entry):
    edit(entry, lambda p: p["datasets"]["set5"]["hashes"].update(psnr="0" * 16))
    assert "psnr was scored under another protocol" in failures(board)


def test_an_unknown_protocol_is_refused(board, entry):
    edit(entry, lambda p: p.update(protocol="mine"))
    assert "protocol 'mine' is unknown" in failures(board)


def test_a_metric_turned_upside_down_is_refused(board, entry):
    edit(entry, lambda p: p["metrics"][0].update(better="lower"))
    assert "describes metric 'psnr' otherwise" in failures(board)


def test_another_dataset_under_the_same_name_is_refused(board, entry, data_root):
    edit(entry, other_baby)
    assert "scored on other images" in failures(board, data_root=data_root)


def test_a_dataset_digest_of_other_images_is_refused(board, entry):
    edit(entry, lambda p: p["datasets"]["set5"].update(sha256="0" * 64))
    assert "digest is not that of its images" in failures(board)


def test_a_data_set_of_the_submitter_s_own_makes_no_board(board, entry, data_root):
    export_own(board, data_root, "bicubic")
    edit(entry, lambda p: p["datasets"]["set5"].update(title="Set5 (hard)"))
    assert "whatever the submission calls it" in failures(board)
    folder = board / "submissions" / "samples"
    edit(folder, lambda p: p["datasets"].update(set5b=p["datasets"].pop("set5")))
    (folder / "set5_x4.csv").rename(folder / "set5b_x4.csv")
    (folder / "crops" / "set5_x4").rename(folder / "crops" / "set5b_x4")
    edit(
        folder,
        lambda p: p.update(files={k.replace("set5", "set5b"): v for k, v in p["files"].items()}),
    )
    assert "none of the board's data sets" in failures(board, "samples")


def test_where_a_dataset_is_not_here_own_rows_say_what_it_is(board, entry, data_root):
    export_own(board, data_root, "bicubic")
    assert failures(board) == ""
    edit(entry, other_baby)
    assert "scored on other images" in failures(board)


def test_a_dataset_that_is_not_here_is_noted(board):
    (found,) = api.verify("mynet", board=board)
    assert "set5 was not compared" in found.notes[0]


def test_images_without_the_dataset_are_an_error(board, made):
    with pytest.raises(InputError, match="--data-root"):
        api.verify("mynet", board=board, sr=made / "mynet")


@pytest.mark.parametrize(
    ("metric", "value", "finding"),
    [
        ("ssim", "1.200000", "outside"),
        ("ssim", "1.000000", "equals its ground truth"),
        ("psnr", "-3.000000", "outside"),
    ],
)
def test_an_impossible_value_is_refused(metric, value, finding, board, entry):
    change_scores(entry, lambda row: row.update({metric: value}))
    assert finding in failures(board)


def test_an_empty_cell_needs_a_reason(board, entry):
    change_scores(entry, lambda row: row.update(ssim=""))
    assert "missing without a reason" in failures(board)


@pytest.mark.parametrize("images", ["all", ["baby"]])
def test_a_cell_that_the_images_can_fill_is_no_gap(images, board, entry, made, data_root):
    def pick(row):
        row["ssim"] = "" if images == "all" or row["image"] in images else row["ssim"]

    reason = {"metric": "ssim", "reason": "too small for SSIM", "images": images}
    change_scores(entry, pick)
    edit(entry, lambda p: p["datasets"]["set5"]["missing"].append(reason))
    found = read_board(board).record(read_board(board).entry("mynet"), "set5")
    assert not [s for s in found.scores if s.metric == "ssim" and s.value is not None]
    text = failures(board, sr=made / "mynet", data_root=data_root)
    assert "is missing, but it is 0." in text


def test_a_gap_that_the_metric_itself_leaves_counts(board, made, data_root):
    # NIQE needs 192 pixels a side: the board finds the same gap
    done = submit(board, "third", made / "third", data_root, {**CARD, "name": "Third"},
                  metrics=("psnr", "niqe"))  # fmt: skip
    assert [metric.id for metric in done.entry.provenance.metrics] == ["psnr"]
    assert level(board, "third", sr=made / "third", data_root=data_root) == "re-scored"


def test_an_output_left_out_is_noticed(board, entry):
    def drop(provenance):
        provenance["datasets"]["set5"]["outputs"].pop()

    edit(entry, drop)
    assert "not of the same images" in failures(board)
    path = entry / "set5_x4.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]), encoding="utf-8")
    rehash(entry)
    assert "missing or too many" in failures(board)


def test_a_fused_method_has_one_output(board):
    folder = board / "submissions" / "samples"
    card = (folder / "card.yaml").read_text(encoding="utf-8")
    (folder / "card.yaml").write_text(card.replace("stochastic", "fused"), encoding="utf-8")
    rehash(folder)
    assert "one output per image, not 2" in failures(board, "samples")


def test_an_incomplete_card_is_refused(board, entry):
    lines = (entry / "card.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    (entry / "card.yaml").write_text("".join(x for x in lines if "license" not in x))
    rehash(entry)
    assert "incomplete: it lacks license" in failures(board)


def test_a_verdict_cannot_be_written_outside_the_board(board):
    api.verify("mynet", board=board, record=True)
    verdict = read_board(board).verdicts["mynet"]
    with pytest.raises(InputError, match="id of a submission"):
        write_verdict(board, verdict.model_copy(update={"id": "../x"}))
