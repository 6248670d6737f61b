"""The site: what its pages say, and that nothing on a card becomes markup."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import yaml

from pdbench.leaderboard.board import read_board
from pdbench.leaderboard.site import build_site, render_board_page, render_site
from pdbench.leaderboard.site_boards import POLICY, gather_boards, page_name
from pdbench.leaderboard.site_pages import render_method

from .conftest import rehash, tree

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='alert(1)"


LINK = "https://example.org/paper"


class Reader(HTMLParser):
    """Collects every element of a page with its attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)

    def every(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


@pytest.fixture(scope="module")
def site(template):
    """Every file of the site of the boards' template: `mynet` and `samples` on a small Set5."""
    return render_site(read_board(template))


@pytest.fixture
def pages(site):
    return {name: Reader(data.decode()) for name, data in site.items() if name.endswith(".html")}


def flatter(board, name="mynet", **fields):
    """Change a card as its submitter would have written it."""
    folder = board / "submissions" / name
    card = yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    (folder / "card.yaml").write_text(yaml.safe_dump({**card, **fields}), encoding="utf-8")
    rehash(folder)


def test_there_is_a_page_for_the_board_each_method_and_the_metrics(site):
    assert {name for name in site if name.endswith(".html")} == {
        "index.html", "about.html", "methods/mynet.html", "methods/samples.html"
    }  # fmt: skip


def test_every_page_has_the_policy_and_no_inline_script_style_or_handler(pages):
    for page in pages.values():
        policies = [m["content"] for m in page.every("meta") if m.get("http-equiv")]
        assert policies == [POLICY]
        assert not [a for a in page.every("script") if "src" not in a]
        assert not page.every("style")
        names = {key for _, attributes in page.elements for key in attributes}
        assert "style" not in names
        assert not [key for key in names if key.startswith("on")]


def test_the_policy_allows_nothing_from_elsewhere():
    assert "default-src 'none'" in POLICY
    assert not re.search(r"unsafe|https?:|\*|data:", POLICY)


def test_every_file_a_page_names_is_part_of_the_site(site, pages):
    for name, page in pages.items():
        root = "" if "/" not in name else name.rsplit("/", 1)[0] + "/"
        addresses = [
            a[key]
            for _, a in page.elements
            for key in ("href", "src")
            if key in a and a.get("rel") != "nofollow noopener noreferrer"  # a link to elsewhere
        ]
        for address in addresses:
            if address.startswith("#"):
                continue
            path = re.sub(r"[^/]+/\.\./", "", root + address.split("#")[0])
            assert path in site, f"{name} names {address}"


def test_links_within_a_page_lead_somewhere(pages):
    for page in pages.values():
        known = {a["id"] for _, a in page.elements if "id" in a}
        wanted = {a["href"][1:] for a in page.every("a") if a["href"].startswith("#")}
        assert wanted <= known


def test_a_board_links_papers_says_how_to_submit_and_when_it_was_built(board, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    flatter(board, paper="MyNet, arXiv 2010.01073", link="https://example.org/code")
    page = Reader(render_site(read_board(board))["index.html"].decode())
    row = [(a["href"], a["rel"]) for a in page.every("a") if a.get("rel")]
    rel = "nofollow noopener noreferrer"
    assert row[:2] == [
        ("https://arxiv.org/abs/2010.01073", rel),
        ("https://example.org/code", rel),
    ]
    assert "about.html#submit" in [a["href"] for a in page.every("a")]
    assert "Built on 2023-11-14" in page.text


def test_the_table_shows_means_ranks_badges_and_counts(pages):
    rows = [a for a in pages["index.html"].every("tr") if "data-method" in a]
    assert [(a["data-method"], a["data-kind"], a["data-trust"]) for a in rows] == [
        ("mynet", "single", "self-reported"), ("samples", "stochastic", "self-reported")
    ]  # fmt: skip
    text = pages["index.html"].text
    assert "5/5" in text
    assert "±" in text
    badges = [a for a in pages["index.html"].every("span") if "badge" in a.get("class", "")]
    assert badges
    assert all(badge["title"] for badge in badges)


def test_both_methods_are_points_that_lead_to_their_rows(pages):
    page = pages["index.html"]
    points = [a for a in page.every("a") if a.get("class") == "point"]
    ids = {a["data-method"]: a["id"] for a in page.every("tr") if "data-method" in a}
    assert {(p["data-method"], p["href"]) for p in points} == {
        (name, f"#{place}") for name, place in ids.items()
    }
    assert all("PSNR" in point["aria-label"] for point in points)


def test_the_same_board_gives_the_same_bytes(template, site):
    assert render_site(read_board(template)) == site


def test_a_metric_leak_is_flagged_and_can_be_hidden(board):
    flatter(board, losses=["l1", "ssim"])
    page = Reader(render_site(read_board(board))["index.html"].decode())
    cells = [a for a in page.every("td") if "contaminated" in (a.get("class") or "")]
    assert [cell["data-metric"] for cell in cells] == ["ssim"]
    assert "trained with ssim" in page.text
    assert [a for a in page.every("input") if a.get("name") == "fair"]
    assert {a["data-variant"] for a in page.every("template")} == {"all", "fair"}


def test_without_flattery_there_is_no_switch(pages):
    assert not [a for a in pages["index.html"].every("input") if a.get("name") == "fair"]


def test_hiding_a_leak_moves_the_ranks(board):
    flatter(board, losses=["ssim"])
    found = read_board(board)
    (one,) = gather_boards(found, list(found.entries))
    ranks = one.content.rankings
    assert {p.method for p in ranks["all"]["ssim"].places} == {"mynet", "samples"}
    assert {p.method for p in ranks["fair"]["ssim"].places} == {"samples"}
    assert {p.method for p in ranks["fair"]["psnr"].places} == {"mynet", "samples"}


def test_training_on_the_test_set_flatters_every_score(board):
    flatter(board, training_data=["Set5"])
    page = Reader(render_site(read_board(board))["index.html"].decode())
    cells = [a for a in page.every("td") if "contaminated" in (a.get("class") or "")]
    assert {cell["data-metric"] for cell in cells} == {"psnr", "ssim"}
    assert "trained on test set" in page.text


def test_whatever_stands_on_a_card_is_text(template):
    board = read_board(template)
    entry = board.entries[0]
    evil = dict.fromkeys(("authors", "training_data", "losses"), (EVIL,))
    evil |= dict.fromkeys(("name", "license", "hardware"), EVIL) | {"paper": LINK + EVIL}
    card = entry.card.model_copy(update={**evil, "link": "javascript:alert(1)"})
    evil = replace(entry, card=card)
    (one,) = gather_boards(board, [evil, *board.entries[1:]])
    for text in (
        render_board_page(
            [one], replace(one, content=replace(one.content, title=EVIL), left_out={EVIL: EVIL})
        ),
        render_method(board, evil, board.entries),
    ):
        page = Reader(text)
        assert not [a for a in page.every("script") if "src" not in a]
        assert not [a for a in page.every("img") if a["src"] == "x"]
        assert not [k for _, a in page.elements for k in a if k.startswith("on")]
        assert "<script>alert(1)" in page.text
        links = [a["href"] for a in page.every("a") if a.get("rel")]
        assert all(re.fullmatch(r"https://example\.org/\w+", link) for link in links)
        assert not [a for a in page.every("a") if a.get("href", "").startswith("javascript")]


def test_a_submission_that_fails_the_checks_is_named_but_not_shown(board):
    folder = board / "submissions" / "mynet"
    text = (folder / "set5_x4.csv").read_text(encoding="utf-8")
    (folder / "set5_x4.csv").write_text(text.replace(".", ".0", 1), encoding="utf-8")
    site = render_site(read_board(board))
    assert "methods/mynet.html" not in site
    about = Reader(site["about.html"].decode()).text
    assert "Submissions that are not shown" in about
    assert "was changed after it was submitted" in about


def test_crops_are_written_anew_so_that_pixels_alone_pass(board):
    folder = board / "submissions" / "mynet"
    crop = next((folder / "crops").rglob("*.png"))
    crop.write_bytes(crop.read_bytes() + b"<script>alert(1)</script>")
    rehash(folder)
    site = render_site(read_board(board))
    crops = {name: data for name, data in site.items() if name.startswith("crops/mynet/")}
    assert crops
    assert not [name for name, data in crops.items() if b"<script>" in data]


def test_a_method_page_has_card_commands_scores_and_a_slider(pages):
    page = pages["methods/mynet.html"]
    assert "Jean-Luc Müller" in page.text
    assert "pdbench leaderboard verify 'mynet' --sr IMAGES" in page.text
    assert "butterfly" in page.text
    assert {a["type"] for a in page.every("input")} == {"range"}
    assert all(a["alt"] for a in page.every("img"))


def test_the_metrics_page_is_made_of_the_declarations(pages):
    from pdbench.metrics import METRICS
    from pdbench.metrics.protocol import PROTOCOLS, protocol_hash

    text = pages["about.html"].text
    for metric in METRICS:
        assert metric.title in text
    assert protocol_hash(PROTOCOLS.get("paper"), METRICS.get("niqe")) in text
    assert PROTOCOLS.get("pirm").rule("ma").source in text


def test_downloads_hold_means_ranks_and_every_output(site):
    rows = list(csv.DictReader(io.StringIO(site["data/set5-paper.csv"].decode())))
    assert [row["method"] for row in rows] == ["mynet", "samples"]
    record = json.loads(site["data/set5-paper.json"])
    assert set(record["ranks"]["all"]["psnr"]) == {"mynet", "samples"}
    assert record["rows"][0]["scores"]["psnr"]["contaminated"] is None
    outputs = site["data/samples/set5_x4.csv"].decode().splitlines()
    assert len(outputs) == 1 + 10


def test_names_of_pages_are_safe_and_distinct():
    assert page_name("net[tau=0.9]") != page_name("net-tau-0.9")
    assert re.fullmatch(r"[\w.~-]+", page_name("a[b=1,c=2]"))


def test_a_board_without_anything_to_show_is_an_error(tmp_path, pdbench):
    (tmp_path / "leaderboard" / "submissions").mkdir(parents=True)
    outcome = pdbench("leaderboard", "build")
    assert outcome.code == 2
    assert "nothing to show" in outcome.line


def test_build_writes_the_site_and_replaces_an_earlier_one(board, tmp_path, pdbench):
    outcome = pdbench("leaderboard", "build", "-o", "out/site")
    assert (outcome.code, outcome.out.strip()) == (0, "Site: out/site/index.html")
    first = tree(tmp_path / "out/site")
    (tmp_path / "out/site/methods/gone.html").write_text("old", encoding="utf-8")
    assert pdbench("leaderboard", "build", "-o", "out/site").code == 0
    assert tree(tmp_path / "out/site") == first
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["site"]


@pytest.mark.parametrize("file", [False, True])
def test_a_folder_with_other_files_is_left_alone(board, tmp_path, pdbench, file):
    place = tmp_path / "mine"
    if file:
        place.write_text("x", encoding="utf-8")
    else:
        place.mkdir()
        (place / "thesis.txt").write_text("x", encoding="utf-8")
    outcome = pdbench("leaderboard", "build", "-o", place)
    assert outcome.code == 2
    assert str(place) in outcome.line
    assert place.read_text("utf-8") == "x" if file else (place / "thesis.txt").is_file()


def test_no_board_is_one_line(pdbench):
    outcome = pdbench("leaderboard", "build", "--board", "nowhere")
    assert outcome.code == 2
    assert "'nowhere' is not a board" in outcome.line


def test_the_server_shows_the_site_to_this_machine_only(site, board, tmp_path):
    import threading
    import urllib.request

    import pdbench as api

    build_site(board, tmp_path / "site")
    with api.open_server(tmp_path / "site", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host, port = server.server_address
        with urllib.request.urlopen(f"http://{host}:{port}/") as answer:
            assert answer.read() == site["index.html"]
        server.shutdown()
    assert host == "127.0.0.1"
