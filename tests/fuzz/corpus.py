"""Minimal inputs that once ended in a traceback, hung, or were accepted: one table a kind.

Each entry is an input and a word of the line that refuses it. An input is the content of a file,
or what is changed in a valid one: keys, the inner ones after a blank, and their new values.
"""

import argparse
import io
import json
import math
import pickle
import struct

import numpy as np
import torch

from pdbench.baselines.rrdb.net import RRDB

ESCAPES = "\x1b]0;title\x07\x1b[2J"
DEEP = "[" * 100_000
LONG = "9" * 140_000
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)

RECIPE = {
    "baseline": "rrdb",
    "size": "compact",
    "network": {"features": 8},
    "crops": {"batch": 2, "lr_side": 8},
    "optimization": {"steps": 10},
}


def crops(**changes):
    return {"crops": {"batch": 2, "lr_side": 8, **changes}}


def optimization(**changes):
    return {"optimization": {"steps": 10, **changes}}


RECIPES = [
    ("a: [1", "not valid YAML"),
    ("", "must be a mapping"),
    ("- 1", "must be a mapping"),
    ("network: " + DEEP[:20_000], "aliases or deep nesting"),
    (BOMB, "aliases or deep nesting"),
    ("steps: " + LONG[:5000], "not valid YAML"),
    ("a: 2020-01-01", "no number, text, list or mapping"),
    ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
    ("größe: 1".encode("latin-1"), "not UTF-8"),
    ("a: 1".encode("utf-16"), "not UTF-8"),
    (f'a: "{ESCAPES}"', "not valid YAML"),
    ("#" * 70_000, "larger than"),
    ({"color": 1}, "unknown key 'color'"),
    ({"crops": {"batch": 2}}, "crops: key 'lr_side' is missing"),
    ({"crops": 3}, "crops is 3: should be an object"),
    (crops(batch="two"), "crops.batch is 'two'"),
    (crops(batch=0), "crops.batch is 0"),
    (crops(batch=True), "crops.batch is True"),
    (crops(lr_side=10**9), "crops.lr_side"),
    (crops(batch=9999, lr_side=999), "LR pixels"),
    (crops(graphics=1.5), "graphics is 1.5"),
    (crops(validation=0), "validation is 0"),
    (optimization(steps=0), "steps is 0"),
    (optimization(optimizer="sgd"), "'adam' or 'muon'"),
    (optimization(milestones=3), "valid array"),
    (optimization(milestones=[0.5, 0.5]), "must increase"),
    (optimization(milestones=[1.0]), "less than 1"),
    (optimization(betas=[0.9]), "betas: value 2 is missing"),
    (optimization(ema=1.0), "ema is 1.0"),
    (optimization(warmup=-1), "warmup is -1"),
    (optimization(warmup=10), "warmup must be less"),
    (optimization(clip=-1.0), "clip is -1.0"),
    (optimization(lr=math.inf), "finite"),
    (optimization(accumulate=0), "accumulate is 0"),
    ({"seed": 2**32}, "seed is 4294967296"),
    ({"validate_every": 0}, "validate_every is 0"),
    ({"size": "huge"}, "'compact' or 'paper'"),
    ({"network": [1]}, "network is"),
    ({"network": {"blocks": 10**9}}, "blocks is 1000000000"),
]

CARDS = [
    ("a: &a [x, x]\nb: [*a, *a]", "alias"),
    ("a: &a x", "anchor"),
    (BOMB, "alias"),
    ("name: !!python/object/apply:os.system ['touch owned']", "tag"),
    ("name: !!python/name:os.system ''", "tag"),
    (DEEP[:5000], "deep"),
    ("name: a\nname: b", "twice"),
    ("a: 1\n---\nb: 2", "single document"),
    ("a: [1, 2", "flow sequence"),
    ("? [a]\n: b", "YAML"),
    (f"seeds: [{LONG[:5000]}]", "YAML"),
    ("- a\n- b", "no list of fields"),
    ("", "no list of fields"),
    ("x" * 70_000, "larger"),
    (b"\xff\xfe\x00", "YAML"),
    ({"name": 7}, "name"),
    ({"name": None}, "name"),
    ({"name": ESCAPES}, "name"),
    ({"authors": "Ada"}, "authors"),
    ({"authors": []}, "authors"),
    ({"authors": ["Ada", "Ada"]}, "authors"),
    ({"authors": [["Ada"]]}, "authors"),
    ({"authors": ["x"] * 50}, "authors"),
    ({"losses": ["lpips"]}, "did you mean lpips"),
    ({"kind": "ensemble"}, "kind"),
    ({"kind": ["single"]}, "kind"),
    ({"seeds": [-1]}, "seeds"),
    ({"seeds": [1.5]}, "seeds"),
    ({"seeds": [True]}, "seeds"),
    ({"seeds": ["0"]}, "seeds"),
    ({"seeds": [2**64]}, "seeds"),
    ({"runtime": -1}, "runtime"),
    ({"runtime": math.nan}, "runtime"),
    ({"runtime": math.inf}, "runtime"),
    ({"runtime": "fast"}, "runtime"),
    ({"runtime": True}, "runtime"),
    ({"runtime": 10**400}, "runtime"),
    ({"license": False}, "license"),
]

SUBMISSIONS = [
    ("", "plain JSON"),
    ("{", "plain JSON"),
    ("[]", "provenance.json"),
    ("null", "provenance.json"),
    ('{"a": NaN}', "NaN"),
    ('{"a": 1, "a": 2}', "twice"),
    (DEEP, "plain JSON"),
    ("9" * 10_000, "plain JSON"),
    (b"\xff", "plain JSON"),
    ({"id": "samples"}, "samples"),
    ({"id": "../samples"}, "id"),
    ({"format": 1}, "format"),
    ({"way": "shell"}, "way"),
    ({"extra": 1}, "extra"),
    ({"versions": None}, "versions"),
    ({"datasets ../../etc": {}}, "datasets"),
    ({"versions torch": "<b>2</b>"}, "torch"),
    ({"models x": "0"}, "models"),
    ({"files ../../x": "0" * 64}, "files"),
    ({"files x.py": "0" * 64}, "files"),
    ({"datasets set5 title": "<img src=x>"}, "title"),
    ({"datasets set5 scale": -4}, "scale"),
    ({"datasets set5 images ../../x": "0" * 64}, "images"),
    ({"datasets set5 images =1+1": "0" * 64}, "images"),
    ({"datasets set5 crops ../x": [0, 0, 8, 8]}, "crops"),
    ({"datasets set5 crops baby": [0, 0, 8]}, "crops"),
    ({"datasets set5 crops baby": [0, 0, "8", 8]}, "crops"),
    ({"datasets set5 outputs 0 detail": "zz"}, "detail"),
    ({"datasets set5 outputs 0 sample": True}, "sample"),
    ({"datasets set5 outputs 0 width": 10**400}, "width"),
    ({"datasets set5 hashes psnr": "' OR 1=1"}, "psnr"),
    ({"metrics 0 title": "=1+1"}, "formula"),
    ({"metrics 0 better": "whatever"}, "better"),
]

RESULTS = [
    ("", "JSON"),
    ("[", "JSON"),
    ("null", "null"),
    ("[]", "provenance.json"),
    ("{}", "missing"),
    (DEEP, "JSON"),
    ('{"dataset": ' * 2000, "JSON"),
    ("NaN", "provenance.json"),
    ("\0", "JSON"),
    ('{"a": 1e400}', "provenance.json"),
    ("9" * 5000, "provenance.json"),
    (b"\xed\xa0\x80", "provenance.json"),
    (b"\xff\xfe{}", "provenance.json"),
    ({"later": 1}, "'later'"),
    ({"dataset later": 1}, "'later'"),
    ({"methods m later": 1}, "'later'"),
    ({"dataset scale": "four"}, "scale"),
    ({"dataset title": ESCAPES}, "title"),
    ({"dataset id": "../out/x"}, "path"),
    ({"metrics 0 decimals": 10**9}, "decimals"),
    ({"metrics 0 better": "sideways"}, "better"),
    ({"methods m seed": math.nan}, "seed"),
    ({"methods m title": ESCAPES}, "cannot be printed"),
    ({"methods m hashes": [1]}, "hashes"),
]

HEAD = "image,seed,sample,psnr\n"
SCORES = [
    ("", "m.csv"),
    ("\0", "m.csv"),
    ("image", "m.csv"),
    (HEAD + "a,0,0\n", "m.csv"),
    (HEAD + "a,0,0,nan\n", "NaN"),
    (HEAD + "a,0,0,1e308\nb,0,0,1e308\n", "no metric gives"),
    (HEAD + "a,x,0,1\n", "not a number"),
    (HEAD + "a,0,0,one\n", "not a number"),
    (HEAD + f"a,0,0,{LONG}\n", "m.csv"),
    (HEAD + f"a,{LONG[:5000]},0,1\n", "m.csv"),
    (HEAD + "../x,0,0,1\n", "x"),
    (HEAD + "a,0,0,1\na,0,0,1\n", "repeats"),
    ("image,seed,sample,mse\na,0,0,1\n", "mse"),
    (HEAD + f"{ESCAPES},0,0,1\n", "m.csv"),
    (HEAD + '"a,0,0,1\n', "m.csv"),
    (HEAD.encode() + b"\xff,0,0,1\n", "utf-8"),
]

RUN_FOLDERS = [
    (("dataset", "record", ""), "[]", "it is []"),
    (("dataset", "record", "title"), ESCAPES, "cannot be printed"),
    (("dataset", "record", "later"), 1, "'later'"),
    (("dataset", "record", "id"), "../out/x", "path"),
    (("method", "record", "id"), "../out/x", "path"),
    (("method", "record", "title"), ESCAPES, "cannot be printed"),
    (("method", "record", "seed"), "zero", "seed"),
    (("metric", "facts", "decimals"), 10**9, "decimals"),
    (("metric", "facts", "title"), ESCAPES, "cannot be printed"),
    (("score", "value", ""), "text", "score"),
    (("score", "value", ""), 1e308, "not a score"),
]

TABLES = [
    ("", "table.csv"),
    ("method", "table.csv"),
    ("method,psnr\n", "table.csv"),
    ("\0", "table.csv"),
    ("method,psnr\nx,1\ny\n", "table.csv"),
    ("psnr,psnr\n1,2\n", "table.csv"),
    ("method,psnr\nx,nan\n", "no numbers"),
    ("method,psnr\nx,1e308\ny,1e308\n", "1e308"),
    (f"method,psnr\nx,{LONG}\n", "table.csv"),
    ("method,psnr\nx,-inf\n", "inf"),
    ("#\n#\n", "table.csv"),
    ('"method,psnr\nx,1\n', "table.csv"),
]


class Code:
    """A pickle that would make a file when it is loaded."""

    def __reduce__(self):
        return open, ("executed", "w")


def by_torch(content):
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def by_safetensors(header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


NETWORK = RRDB(features=8, blocks=1, growth=4).state_dict()
VALUE = bytes(4)
ONE = {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}

CHECKPOINTS = [
    ("empty.pth", b"", "damaged"),
    ("text.pth", b"not a checkpoint at all", "damaged"),
    ("image.pth", b"GIF89a", "damaged"),
    (
        "pointer.pth",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        "git lfs pull",
    ),
    ("page.pth", b"<!DOCTYPE html><html></html>", "is a web page"),
    ("cut.pth", by_torch(NETWORK)[:2000], "damaged"),
    ("pickle.pth", pickle.dumps({"conv_first.weight": Code()}), "not loaded"),
    ("code.pth", by_torch({**NETWORK, "code": Code()}), "more than tensors"),
    ("numpy.pth", by_torch({"best": np.float64(28.1)}), "more than tensors"),
    ("options.pth", by_torch({"options": argparse.Namespace(scale=4)}), "argparse.Namespace"),
    ("meta.pth", by_torch({"x": torch.empty(2, device="meta")}), "tensors without values"),
    ("list.pth", by_torch([torch.zeros(1)]), "not a dictionary"),
    ("nested.pth", by_torch({"step": 1, "network": {}}), ""),
    ("strange.pth", by_torch({"x": torch.zeros(1)}), ""),
    ("names.pth", by_torch({ESCAPES: torch.zeros(1)}), ""),
    ("huge.pth", by_torch({"body.0.weight": torch.zeros(1).expand(10**6, 10**6, 3, 3)}), ""),
    ("empty.safetensors", b"", "damaged"),
    ("text.safetensors", b"not a checkpoint at all", "damaged"),
    ("length.safetensors", struct.pack("<Q", 2**62), "damaged"),
    ("nothing.safetensors", by_safetensors({}), ""),
    ("header.safetensors", by_safetensors(DEEP.encode()), "damaged"),
    ("list.safetensors", by_safetensors([1]), "damaged"),
    ("beyond.safetensors", by_safetensors(ONE), "damaged"),
    (
        "metadata.safetensors",
        by_safetensors({"__metadata__": {"network": 1}, **ONE}) + bytes(4),
        "damaged",
    ),
    (
        "strange.safetensors",
        by_safetensors({"__metadata__": {"a": ESCAPES}, **ONE}) + bytes(4),
        "",
    ),
]

ARGUMENTS = [
    ("x", "damaged"),
    ("[1]", "not described by a mapping"),
    ('{"blocks": 1000000000}', "blocks is 1000000000"),
    ('{"features": 1024, "blocks": 2, "growth": 1024}', "parameters"),
    ('{"width": 3}', "unknown key"),
    ('{"blocks": [[]]}', "blocks is [[]]"),
    (DEEP, "damaged"),
]
"""What the metadata of a weight file of pdbench's own says of its network."""
