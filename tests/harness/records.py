"""Small records and scores shared by the tests of store, reader and results."""

from pdbench.harness.run_info import DatasetRecord, ImageFingerprint, MethodRecord
from pdbench.scores import MetricFacts, Score

IMAGES = {"a": "sha-a", "b": "sha-b"}
DATASET = DatasetRecord(id="set5", title="Set5", scale=4, images=IMAGES, sha256="sha-of-all")
FILES = {
    name: ImageFingerprint(content=f"content-{name}", sha256=sha, pixels=64)
    for name, sha in IMAGES.items()
}
FACTS = [
    MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB"),
    MetricFacts(id="pieapp", title="PieAPP", better="lower", kind="perception"),
]


def method(name="m", **changes):
    entries = {
        "id": name,
        "title": name.upper(),
        "kind": "single",
        "size": "compact",
        "weights": "w0",
        "seed": 0,
        "protocol": "paper",
        "hashes": {"psnr": "hash-psnr", "pieapp": "hash-pieapp"},
        "dataset_sha256": DATASET.sha256,
        "versions": {"python": "3"},
        "code": {"psnr": "code-psnr", "pieapp": "code-pieapp"},
    }
    return MethodRecord(**{**entries, **changes})


def score(image="a", metric="psnr", value=1.5, **changes):
    entries = {
        "dataset": "set5",
        "image": image,
        "method": "m",
        "seed": 0,
        "sample": 0,
        "metric": metric,
        "protocol": "paper",
        "protocol_hash": f"hash-{metric}",
        "weights": "w0",
        "value": value,
        "reason": "" if value is not None else "why",
    }
    return Score(**{**entries, **changes})
