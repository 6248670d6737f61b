"""A board as markup: toolbar, plane and table, linked by `web/board.js`, readable without it."""

from __future__ import annotations

from collections.abc import Iterable

from pdbench.analysis.pareto import Front
from pdbench.analysis.ranking import Place, Ranking
from pdbench.plots.board_model import Board, BoardRow, Variant, View
from pdbench.plots.markup import Markup, element, join
from pdbench.plots.plane_svg import draw_key, draw_svg
from pdbench.plots.scene_model import KIND_NAMES
from pdbench.plots.table_model import Cell, Row, format_value
from pdbench.scores import MetricFacts

__all__ = ["render_badges", "render_board"]

LEAST_SHARE = 0.005
"""Share of redrawn data sets below which a method is not named as a member of the front."""

FLAG = "⚑"

NOTES = (
    "Small numbers: ± is half the 95 % interval of the mean over images (Student t below 10 "
    "images, else bootstrap); n/N: images that count of all. Rank 2–4: one method is surely "
    "better, and the place among the next three cannot be told (paired bootstrap over images "
    "and samples, 95 % confidence over all pairs at once). Bold: no method is surely better. "
    "There is no overall score: choose what to sort by.",
    "On the front: the share of bootstrap data sets in which no other method is at least as good "
    "in both metrics of the plane and better in one. Hypervolume: the area between the front and "
    "the worst mean of both metrics.",
)


def render_board(board: Board) -> Markup:
    """Write the toolbar, the plane with its key and front, and the table.

    Args:
        board: What to show.

    Returns:
        A `<section class="board">`.
    """
    pairs = list(board.views["all"])
    return element(
        "section",
        element("p", f"{board.table.caption}.", class_="caption"),
        _toolbar(board, pairs),
        _plane(board, pairs) if pairs else None,
        _table(board, pairs[0] if pairs else None),
        element("p", role="status", aria_live="polite", class_="status"),
        (element("p", note, class_="note") for note in (*NOTES, *board.unavailable)),
        (
            element("p", element("sup", mark), " ", text, class_="note", id=_note_id(board, mark))
            for mark, text in board.table.notes
        ),
        class_="board",
        id=board.slug,
    )


def render_badges(row: BoardRow) -> Markup:
    """Write the words beside a method; each explains itself when pointed at."""
    return join(
        (" ", element("span", badge.text, class_=f"badge {badge.role}", title=badge.why))
        for badge in row.badges
    )


def _toolbar(board: Board, pairs: list[tuple[str, str]]) -> Markup:
    facts = {fact.id: fact for fact in board.table.columns}
    across = [facts[name] for name in dict.fromkeys(x for x, _ in pairs)]
    upwards = [facts[name] for name in dict.fromkeys(y for _, y in pairs)]
    trust = dict.fromkeys(
        b.text for row in board.rows for b in row.badges if b.role.startswith("trust")
    )
    kinds = dict.fromkeys(row.kind for row in board.rows)
    return element(
        "div",
        _menu("across", "x", [(f.id, f.title) for f in across]) if pairs else None,
        _menu("upwards", "y", [(f.id, f.title) for f in upwards]) if pairs else None,
        element("label", "filter ", element("input", type="search", name="filter",
                                             placeholder="name of a method")),
        _menu("method", "kind", [("", "any"), *((k, KIND_NAMES[k]) for k in kinds)]),
        _menu("trust", "trust", [("", "any"), *((word, word) for word in trust)])
        if trust else None,
        element("label", element("input", type="checkbox", name="fair"),
                f" hide contaminated scores ({FLAG})", class_="switch",
                title="Hide scores in a metric that a method was trained on, or on a test set it "
                "was trained on; ranks and fronts are those without them.")
        if board.contaminated else None,
        class_="toolbar",
    )  # fmt: skip


def _menu(label: str, name: str, choices: Iterable[tuple[str, str]]) -> Markup:
    options = [element("option", text, value=value) for value, text in choices]
    return element("label", f"{label} ", element("select", options, name=name))


def _plane(board: Board, pairs: list[tuple[str, str]]) -> Markup:
    roles = {
        role
        for views in board.views.values()
        for view in views.values()
        if view.scene
        for role in view.scene.roles
    }
    templates = [
        element("template", _figure(board, board.views[variant][pair]),
                data_x=pair[0], data_y=pair[1], data_variant=variant)
        for variant in board.variants
        for pair in pairs
    ]  # fmt: skip
    return element(
        "figure",
        element("div", _figure(board, board.views["all"][pairs[0]]), class_="stage"),
        draw_key(board.plane, roles),
        templates,
        element("div", class_="tip", hidden=True),
        class_="plane",
    )


def _figure(board: Board, view: View) -> Markup:
    if view.scene is None:
        return element("p", "No method has a score in both metrics.")
    links = {row.method: f"#{_row_id(board, row.method)}" for row in board.rows}
    return join(
        element("div", draw_svg(board.plane, view.scene, links), class_="drawing"),
        element("figcaption", _front(board, view.front), _absent(view)),
    )


def _front(board: Board, front: Front | None) -> Markup | None:
    if front is None:
        return None
    members = [m for m in front.members if m.member or (m.probability or 0.0) >= LEAST_SHARE]
    ends = front.interval
    volume = f"{front.volume:.4g}" + (f" [{ends.low:.4g}, {ends.high:.4g}]" if ends else "")
    return join(
        element("h3", "Pareto front"),
        element(
            "ul",
            (
                element(
                    "li",
                    element("span", board.plane.titles[m.method]),
                    element("meter", min=0, max=1, value=f"{m.probability:.3f}",
                            aria_hidden="true") if m.probability is not None else None,
                    element("b", _share(m.probability, member=m.member)),
                    data_method=m.method,
                    data_share=f"{m.probability if m.probability is not None else 1:.3f}",
                )
                for m in members
            ),
            class_="front-list",
        ),
        element("p", f"Hypervolume {volume}; n/N {front.n}/{front.total}."),
    )  # fmt: skip


def _share(probability: float | None, *, member: bool) -> str:
    if probability is None:
        return "on it" if member else "—"
    return f"{100 * probability:.0f} %"


def _absent(view: View) -> Markup | None:
    scene = view.scene
    if scene is None or not (scene.absent or scene.partial):
        return None
    texts = [f"Not drawn: {', '.join(scene.absent)}."] if scene.absent else []
    texts += [f"Careful: {scene.partial}."] if scene.partial else []
    return element("p", " ".join(texts))


def _table(board: Board, pair: tuple[str, str] | None) -> Markup:
    heads = [element("th", _sorter("method", "text"), scope="col", aria_sort="none")]
    heads += [
        element("th", _sorter(_head(fact), fact.better), scope="col", aria_sort="none",
                data_metric=fact.id, title=f"{fact.better} is better")
        for fact in board.table.columns
    ]  # fmt: skip
    heads.append(element("th", "n/N", scope="col"))
    if pair:
        heads.append(element("th", _sorter("on the front", "higher"), scope="col",
                             aria_sort="none", data_front=True))  # fmt: skip
    rows = zip(board.rows, board.table.rows, strict=True)
    return element(
        "div",
        element(
            "table",
            element("caption", f"Means of {board.table.caption}", class_="unseen"),
            element("thead", element("tr", heads)),
            element("tbody", (_row(board, row, cells, pair) for row, cells in rows)),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label="Table of scores",
    )


def _sorter(text: str, better: str) -> Markup:
    """Write a column's title as a button; the best stand first when it is pressed once."""
    return element("button", text, element("span", class_="arrow", aria_hidden="true"),
                   type="button", data_better=better)  # fmt: skip


def _head(fact: MetricFacts) -> str:
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{fact.title}{unit} {'↑' if fact.better == 'higher' else '↓'}"


def _row_id(board: Board, method: str) -> str:
    index = next(i for i, row in enumerate(board.rows) if row.method == method)
    return f"{board.slug}-{index}"


def _note_id(board: Board, mark: str) -> str:
    return f"{board.slug}-note-{mark}"


def _row(board: Board, row: BoardRow, cells: Row, pair: tuple[str, str] | None) -> Markup:
    color = board.plane.styles[row.method].color
    swatch = element(
        "svg", element("rect", width=8, height=8, rx=2, fill=color), viewBox="0 0 8 8",
        class_="swatch", aria_hidden="true",
    )  # fmt: skip
    name = element("a", row.title, href=row.link) if row.link else row.title
    trust = next((badge.text for badge in row.badges if badge.role.startswith("trust")), "")
    return element(
        "tr",
        element("th", swatch, name, render_badges(row), scope="row", data_value=row.title),
        (
            _cell(board, row.method, fact, cell)
            for fact, cell in zip(board.table.columns, cells.cells, strict=True)
        ),
        element("td", cells.count, class_="count"),
        _front_cell(board, row.method, pair) if pair else None,
        id=_row_id(board, row.method),
        data_method=row.method,
        data_title=row.title,
        data_kind=row.kind,
        data_trust=trust,
    )


def _cell(board: Board, method: str, fact: MetricFacts, cell: Cell) -> Markup:
    why = board.contaminated.get((method, fact.id), "")
    places = {
        variant: board.rankings[variant][fact.id].place(method) for variant in board.variants
    }
    best = [f"first-{v}" for v, place in places.items() if place and place.rank == 1
            and place.last < len(board.rankings[v][fact.id].places)]  # fmt: skip
    value = cell.mean.value
    note = element("sup", element("a", cell.note, href=f"#{_note_id(board, cell.note)}"))
    content = (
        element("span", cell.text, class_="mean"),
        note if cell.note else None,
        element("span", cell.interval_text, class_="ends") if cell.interval_text else None,
        (_rank(board, variant, fact, place) for variant, place in places.items() if place),
    )
    flag = element("span", FLAG, element("span", f" {why}", class_="unseen"), class_="flag",
                   title=why)  # fmt: skip
    return element(
        "td",
        flag if why else None,
        element("div", content, class_="shown"),
        data_value=None if value is None else f"{value:.9g}",
        data_metric=fact.id,
        data_text=f"{fact.title} {cell.text} {cell.interval_text}".rstrip(),
        class_=" ".join([*best, *(["contaminated"] if why else [])]) or None,
    )


def _rank(board: Board, variant: Variant, fact: MetricFacts, place: Place) -> Markup | None:
    ranking = board.rankings[variant][fact.id]
    if len(ranking.places) < 2:
        return None
    return element(
        "span",
        element("span", "rank ", class_="unseen"),
        place.text.replace("-", "–"),
        class_=f"rank {variant}",
        title=_ties(board, ranking, place),
    )


def _ties(board: Board, ranking: Ranking, place: Place) -> str:
    known = {*place.better, *place.worse, place.method}
    tied = [board.plane.titles[p.method] for p in ranking.places if p.method not in known]
    return f"not told apart from {', '.join(tied)}" if tied else "told apart from all others"


def _front_cell(board: Board, method: str, pair: tuple[str, str]) -> Markup:
    front = board.views["all"][pair].front
    found = next((m for m in front.members if m.method == method), None) if front else None
    share = None if found is None else found.probability
    text = _share(share, member=found.member) if found else "—"
    return element("td", text, data_front=True, data_value=None if share is None else
                   format_value(share, 3))  # fmt: skip
