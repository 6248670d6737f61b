"""Boards as pages: what the marks of a table's cells say."""

import re

import pytest

from pdbench.analysis import summarize
from pdbench.plots.board_model import BoardRow, build_board
from pdbench.plots.board_page import render_board

SCORES = {  # the best mean is too uneven to be told apart; "high" is surely better than "low"
    "uneven": (20, 45, 25, 40, 35),
    "high": (28, 31, 29, 33, 30),
    "low": (27, 30, 28, 32, 29),
}


@pytest.mark.parametrize(
    ("methods", "bold"),
    [(("uneven", "high", "low"), {"uneven", "high"}), (("uneven", "low"), set())],
)
def test_bold_are_those_that_no_method_surely_beats(methods, bold, facts, make_score):
    rows = [
        make_score(method, f"image{index}", value, metric="psnr")
        for method in methods
        for index, value in enumerate(SCORES[method])
    ]
    shown = [BoardRow(method=name, title=name, kind="single") for name in methods]
    board = build_board(summarize(rows, facts[:1]), shown, slug="board")
    page = str(render_board(board))
    found = re.findall(r'data-method="(\w+)".*?<td data-metric="psnr"([^>]*)>', page, re.DOTALL)
    assert {name for name, attributes in found if "first-all" in attributes} == bold
    ranks = {place.method: place.rank for place in board.rankings["all"]["psnr"].places}
    assert {name for name, rank in ranks.items() if rank > 1} == ({"low"} if bold else set())
