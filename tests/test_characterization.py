"""The command line's output on the committed results, compared with stored files.

These tests are the net under a refactor: they know `pdbench` only by its command line, so every
module may be moved or renamed. They say what the output was, not that it was right. After a
change of output that is meant, renew the stored files, read their diff and commit it:

    PDBENCH_RENEW=1 python -m pytest tests/test_characterization.py

Texts are compared as they stand. JSON, and the numbers of CSVs that print all digits, are compared
by value (1e-9, stored with 10 digits), because the order of a sum may move the last bits; that a
document is laid out as before is tested apart. Of the leaderboard, the numbers of
this repository's own rows are compared and not files: further datasets may join. The adapter
`board_numbers` alone knows how its downloads are laid out.
"""

import csv
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pdbench.cli import main

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).with_name("characterization")
RENEW = bool(os.environ.get("PDBENCH_RENEW"))

SETS = ("builtin_x4", "set5_x4", "set14_x4", "bsd100_x4")
TAU = "srflow-da[tau={}]"
TEXTS = {"text": "txt", "md": "md", "csv": "csv", "latex": "tex"}


def cases():
    """Golden file -> command; what prints JSON, or numbers with all digits, is stored as .json."""
    each = {f"table.{end}": ("table", "{}", "--format", form) for form, end in TEXTS.items()}
    each |= {
        "table.json": ("table", "{}", "--format", "json"),
        "front.txt": ("front", "{}"),
        "front.json": ("front", "{}", "--format", "json", "-x", "ssim", "-y", "niqe"),
        "diff_median-5_rrdb.txt": ("diff", "median-5", "rrdb", "{}"),
        "diff_samples.txt": ("diff", TAU.format(0.9), TAU.format(0.1), "{}"),
        "claims.txt": ("claims", "{}"),
    }
    small = {
        "table_worst.txt": ("table", "{}", "--worst"),
        "table_chosen.md": (
            "table", "{}", "--format", "md", "--no-ci", "--protocol", "paper",
            "--method", f"{TAU.format(0.5)},rrdb", "--metrics", "niqe,psnr",
        ),
        "front.md": ("front", "{}", "--format", "md", "--reference", "25", "0.3"),
        "front.csv.json": ("front", "{}", "--format", "csv"),
        "diff.md": ("diff", "esrgan-plus", "fusion-lpips", "{}", "--format", "md"),
        "diff.json": ("diff", "average-5", TAU.format(0.9), "{}", "--format", "json"),
        "diff.csv.json": ("diff", "average-5", TAU.format(0.9), "{}", "--format", "csv"),
        "claims.md": ("claims", "{}", "--format", "md"),
        "claims.json": ("claims", "{}", "--format", "json"),
    }  # fmt: skip
    chosen = [(name, each) for name in SETS] + [("set5_x4", small)]
    # 100 images take their time, and the other sets show what these files would.
    slow = {"bsd100_x4/table.md", "bsd100_x4/table.tex", "bsd100_x4/front.json"}
    found = {
        f"{folder}/{file}": tuple(word.replace("{}", f"results/{folder}") for word in words)
        for folder, commands in chosen
        for file, words in commands.items()
        if f"{folder}/{file}" not in slow
    }
    for form, end in (("text", "txt"), ("md", "md"), ("json", "json")):
        found[f"audit_paper.{end}"] = ("audit", "paper", "--format", form)
    return found


CASES = cases()
APART = ("audit_results.txt", "audit_damaged.txt", "board.json")


@pytest.fixture
def pdbench(capsys, monkeypatch):
    """Call `pdbench WORDS...` in the root of the repository; returns what it prints."""
    monkeypatch.chdir(ROOT)

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return call


def lines(value, indent=""):
    """Write JSON with a line for each innermost object: short, and a diff shows what moved."""
    if isinstance(value, float):
        value = float(f"{value:.10g}")
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    ends = "{}" if isinstance(value, dict) else "[]"
    deeper = indent + " "
    texts = [lines(part, deeper) for part in parts]
    if isinstance(value, dict):
        keys = (json.dumps(key, ensure_ascii=False) for key in value)
        texts = [f"{key}: {text}" for key, text in zip(keys, texts, strict=True)]
    if not any(isinstance(part, dict) and part for part in parts):
        return ends[0] + ", ".join(texts) + ends[1]
    return ends[0] + f"\n{deeper}" + f",\n{deeper}".join(texts) + f"\n{indent}" + ends[1]


def differences(old, new, where=""):
    """Yield a line for each value that is not the same; the order of keys counts."""
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            yield f"{where}: keys {list(old)} -> {list(new)}"
        for key in old.keys() & new.keys():
            yield from differences(old[key], new[key], f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where}: length {len(old)} -> {len(new)}"
        for number, pair in enumerate(zip(old, new, strict=False)):
            yield from differences(*pair, f"{where}[{number}]")
    elif isinstance(old, float) and isinstance(new, float):
        if new != pytest.approx(old, rel=1e-9, abs=1e-12):
            yield f"{where}: {old} -> {new}"
    elif type(old) is not type(new) or old != new:
        yield f"{where}: {old!r} -> {new!r}"


def same_text(name, text):
    """Compare a text with its golden file to the byte, or renew the file."""
    path = GOLDEN / name
    if RENEW:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def same_values(name, value):
    """Compare JSON with its golden file by value, or renew the file."""
    path = GOLDEN / name
    if RENEW:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{lines(value)}\n".encode())
    found = list(differences(json.loads(path.read_bytes()), value))
    assert not found, f"{name}:\n" + "\n".join(sorted(found)[:40])


def cell(text):
    """Read a cell of a CSV: a number with a point is compared by value, all else as text."""
    return float(text) if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?|-?\d+e-?\d+", text) else text


@pytest.mark.parametrize("name", CASES)
def test_output_is_the_stored_one(name, pdbench):
    out = pdbench(*CASES[name])
    if name.endswith(".csv.json"):
        rows = list(csv.DictReader(io.StringIO(out, newline="")))
        same_values(name, [{key: cell(text) for key, text in row.items()} for row in rows])
        columns = list(rows[0])
        again = io.StringIO(newline="")
        writer = csv.DictWriter(again, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        assert out == again.getvalue()
    elif name.endswith(".json"):
        value = json.loads(out)
        same_values(name, value)
        assert out == json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    else:
        same_text(name, out)


def test_audit_of_the_committed_scores(pdbench):
    files = [
        *(f"results/{name}/{row}.csv" for name in SETS for row in ("rrdb", TAU.format(0.9))),
        *(GOLDEN / name / "table.csv" for name in SETS),
    ]
    same_text("audit_results.txt", "".join(pdbench("audit", file) for file in files))


def test_audit_of_a_damaged_table(pdbench, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(
        "method,psnr,ssim,lpips-vgg,niqe,ma,pi\n"
        "bicubic,26.69,0.79,0.28,8.4,3.0,5.0\n"
        "rrdb,29.498,1.2,-0.1,8.1,3.5,7.3\n"
        "copy,29.498,1.2,-0.1,8.1,3.5,7.3\n",
        encoding="utf-8",
    )
    same_text("audit_damaged.txt", pdbench("audit", table))


@pytest.fixture(scope="module")
def provenance():
    """Committed provenance of each folder of results, as it stands in the file."""
    return {
        name: json.loads((ROOT / "results" / name / "provenance.json").read_text(encoding="utf-8"))
        for name in SETS
    }


@pytest.mark.parametrize("name", SETS)
def test_the_table_repeats_the_committed_provenance(name, pdbench, provenance):
    stored = provenance[name]
    table = json.loads(pdbench("table", f"results/{name}", "--no-ci", "--format", "json"))
    assert (table["dataset"], table["scale"]) == (stored["dataset"]["id"], 4)
    assert table["images"] == len(stored["dataset"]["images"])
    assert {row["method"]: row["title"] for row in table["rows"]} == {
        method: facts["title"] for method, facts in stored["methods"].items()
    }
    facts = ("id", "title", "better", "unit")
    assert [[metric[fact] for fact in facts] for metric in table["metrics"]] == [
        [metric[fact] for fact in facts] for metric in stored["metrics"]
    ]
    for method in stored["methods"].values():
        assert {metric["id"]: metric["hash"] for metric in table["metrics"]} == method["hashes"]
        assert (table["protocol"], table["seeds"]) == (method["protocol"], [method["seed"]])
        assert method["size"] in ("", table["size"])
    reasons = {
        (row["method"], metric): table["notes"][score["note"]].split(": ", 1)[1]
        for row in table["rows"]
        for metric, score in row["scores"].items()
        if score["note"]
    }
    assert reasons == {
        (method, lost["metric"]): lost["reason"]
        for method, facts in stored["methods"].items()
        for lost in facts["missing"]
    }


class Rows(HTMLParser):
    """Rows of all tables of a page, each as its cells' texts."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.inside = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", ["set5_x4"])
def test_the_report_repeats_the_committed_provenance(name, pdbench, provenance, tmp_path):
    chosen = ("bicubic", "median-5", "fusion-lpips")
    page = tmp_path / "report.html"
    pdbench("report", f"results/{name}", "--method", ",".join(chosen), "-o", page)
    rows = Rows()
    rows.feed(page.read_text(encoding="utf-8"))
    for method in chosen:
        facts = provenance[name]["methods"][method]
        words = {
            facts["protocol"],
            str(facts["seed"]),
            facts["size"] or "—",
            facts["weights"] or "none",
            facts["dataset_sha256"][:12],
            ", ".join(f"{metric} {digest}" for metric, digest in sorted(facts["hashes"].items())),
            ", ".join(f"{package} {number}" for package, number in facts["versions"].items()),
        }
        # what all rows share, and the dataset, stands once
        shared = {row[1] for row in rows.rows if len(row) == 2}
        shared |= {
            word for row in rows.rows if row[:1] == [name.removesuffix("_x4")] for word in row
        }
        found = [row[1:] for row in rows.rows if row[:1] == [method]]
        assert any(words <= {*row, *shared} for row in found), (words, found)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Site of the board in this repository."""
    folder = tmp_path_factory.mktemp("board") / "site"
    board = tmp_path_factory.mktemp("own") / "leaderboard"
    (board / "submissions").mkdir(parents=True)  # other people's rows come and go
    (board.parent / "results").symlink_to(ROOT / "results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        # two thirds of the time, and none of the numbers
        patch.setattr("pdbench.plots.board_page.draw_inline", lambda *_scene, **_options: "")
        assert main(["leaderboard", "build", "-o", str(folder), "--board", str(board)]) == 0
    return folder


def downloads(site):
    """Dataset -> JSON download of its board, parsed."""
    tables = [json.loads(path.read_text(encoding="utf-8")) for path in site.rglob("*.json")]
    return {table["dataset"]: table for table in tables if "rows" in table}


def board_numbers(table):
    """Take the numbers of a board's JSON download, sorted, whatever else is in it.

    `place` is 1 for the best mean and 2 for the second best; `ranks` are the simultaneous ranks,
    among all rows and among those whose training leaves the board fair.
    """
    scores = {
        row["method"]: {
            metric: {
                "mean": score["mean"],
                "n": score["n"],
                "interval": score["interval"],
                "image_std": score["image_std"],
                "sample_std": score["sample_std"],
                "place": score["rank"],
                **{
                    f"ranks {variant}": ranks[metric][row["method"]]
                    for variant, ranks in sorted(table["ranks"].items())
                    if row["method"] in ranks[metric]
                },
            }
            for metric, score in sorted(row["scores"].items())
            if score["n"]
        }
        for row in sorted(table["rows"], key=lambda row: row["method"])
    }
    fronts = {
        f"{front['variant']} {front['x']} {front['y']}": {
            "hypervolume": front["hypervolume"],
            **{m: share for m, share in sorted(front["members"].items()) if share},
        }
        for front in table["fronts"]
    }
    return {"rows": scores, "fronts": dict(sorted(fronts.items()))}


def test_numbers_of_the_board(site):
    built = downloads(site)
    path = GOLDEN / "board.json"
    known = sorted(built) if RENEW else list(json.loads(path.read_bytes()))
    assert set(known) <= set(built)
    same_values("board.json", {name: board_numbers(built[name]) for name in known})


def test_csv_downloads_of_the_board_hold_the_same_numbers(site):
    built = downloads(site)
    found = set()
    for path in site.rglob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        if "method" not in rows[0]:
            continue
        found.add(rows[0]["dataset"])
        scores = {row["method"]: row["scores"] for row in built[rows[0]["dataset"]]["rows"]}
        assert {row["method"] for row in rows} == set(scores)
        for row in rows:
            for metric, score in scores[row["method"]].items():
                assert row[f"{metric}_n"] == str(score["n"])
                low, high = score["interval"] or (None, None)
                texts = {metric: score["mean"], f"{metric}_low": low, f"{metric}_high": high}
                for column, value in texts.items():
                    text = row[column]
                    digits = len(text.partition(".")[2])
                    assert text == ("" if value is None else f"{value:.{digits}f}"), column
    assert found == set(built)


def test_per_image_downloads_of_the_board_are_the_committed_scores(site):
    """Every CSV by image equals a file of results/, and every own row of the board has one."""
    committed = {
        path.read_bytes(): (path.parent.name, path.stem)
        for path in (ROOT / "results").glob("*/*.csv")
    }
    found = set()
    for path in site.rglob("*.csv"):
        if path.read_bytes().startswith(b"image,"):
            assert path.read_bytes() in committed, path
            found.add(committed[path.read_bytes()])
    assert found == {
        (f"{dataset}_x4", row["method"])
        for dataset, table in downloads(site).items()
        for row in table["rows"]
    }


def test_no_golden_file_is_left_over():
    found = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert found == {*CASES, *APART}
