"""Pages that are made from the code: `<!-- make: NAME -->` in a page becomes what NAME returns."""

import re
from pathlib import Path

import click
import yaml
from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
PLANES = {
    "plane.png": ROOT / "results" / "set14_x4" / "plane.png",
    "sweeps.png": ROOT / "results" / "sweeps" / "set14_x4" / "plane.png",
}
"""Name on the site -> picture in the repository, which pages name by its path."""


def on_page_markdown(markdown, **_):
    """Fill the marks of a page; show pictures of the repository from where the site has them."""
    for name, path in PLANES.items():
        markdown = markdown.replace(f"../{path.relative_to(ROOT).as_posix()}", name)
    return re.sub(r"<!-- make: (\w+) -->", lambda found: MAKERS[found[1]](), markdown)


def on_config(config):
    """Leave the page of what is not found out: it needs to know at which address the site lies."""
    config.theme.static_templates.discard("404.html")


def on_files(files, config):
    """Show the planes beside the results, and the curves beside the networks."""
    from mkdocs.structure.files import File

    pictures = {
        **PLANES,
        **{_curves(card): card.with_name("curves.svg") for card in _cards()},
    }
    for name, path in pictures.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def protocols():
    """Return every protocol: what it does to the image, then metric by metric."""
    from pdbench.metrics.protocol import PROTOCOLS, QUANTIZATIONS, describe_protocol

    lines = []
    for name in PROTOCOLS.ids():
        facts = describe_protocol(name)
        image = facts["image"]
        lines += [
            f"## {name}",
            f"{facts['title'][0].upper()}{facts['title'][1:]}. Hash `{facts['hash']}`.",
            f"The image is {QUANTIZATIONS[image['quantization']]}. Source: {image['source']}.",
            "| metric | choices | source | hash |\n|---|---|---|---|",
        ]
        rows = [
            f"| [{one}](metrics.md#{one}){' (on request)' if rule['on_request'] else ''} | "
            f"{_choices(rule['choices'])} | {rule['source']} | `{rule['hash']}` |"
            for one, rule in facts["metrics"].items()
        ]
        lines[-1] += "\n" + "\n".join(rows)
    return "\n\n".join(lines)


def _choices(choices):
    weights = (".safetensors", ".pth", ".mat")
    shown = [
        f"{name}: {'none' if value is None else value}"
        for name, value in choices.items()
        if name not in ("image", "revision") and not name.endswith(("revision", *weights))
    ]
    return "<br>".join(shown) or "—"


def metrics():
    """Return every metric: formula, direction, convention of the paper protocol, source."""
    from pdbench.metrics import METRICS
    from pdbench.metrics.protocol import PAPER

    told = yaml.safe_load((ROOT / "docs" / "metrics.yaml").read_text(encoding="utf-8"))
    parts = []
    for metric in (one for one in METRICS if not one.source):  # none of a plug-in
        one = told[metric.id]
        unit = f", {metric.unit}" if metric.unit else ""
        rule = PAPER.rules.get(metric.id)
        weights = [f"`{file.name}`" for file in (*metric.weights, *metric.carried)]
        facts = [
            f"**{metric.better} is better**; measures {metric.kind}{unit}"
            + ("; computed when named (`--metrics`)" if metric.on_request else ""),
            f"Protocol `paper`: {rule.source}" if rule else "Not part of protocol `paper`",
            f"Weights: {', '.join(weights)}" if weights else "Needs no weights",
            f"Reference: {_linked(metric.reference)}",
            f"License of the original: {one['license']}",
        ]
        parts += [
            f"## {metric.title} {{: #{metric.id} }}",
            f"`{metric.id}`. {one['words']}",
            f'<div class="formula">{convert(one["formula"], display="block")}</div>',
            "\n".join(f"- {fact}" for fact in facts),
        ]
    return "\n\n".join(parts)


def _linked(text):
    """Make addresses links."""
    return re.sub(r"(https?://[^\s,;]+[^\s,;.])", r"<\1>", text)


def methods():
    """Return the table of methods and of suites."""
    from pdbench import list_all

    rows = [f"| `{name}` | {_linked(text)} |" for name, text in list_all("methods")]
    return "\n".join(["| id | |", "|---|---|", *rows])


def results():
    """Return the table of every dataset in results/."""
    folders = sorted((ROOT / "results").glob("*_x4"))
    return "\n\n".join(
        f"## {folder.name.removesuffix('_x4')} {{: #{folder.name} }}\n\n{_table(folder)}"
        for folder in folders
    )


def _table(folder):
    """Return a table without the columns that have no score."""
    from pdbench import load, table

    means = load(folder).summary().xs("mean", axis=1, level=1).dropna(axis=1, how="all")
    return table(folder, form="md", metrics=list(means))


def sweeps():
    """Return the table of the sweeps over temperatures and numbers of samples."""
    return _table(ROOT / "results" / "sweeps" / "set14_x4")


def claims():
    """Return what our scores on Set14 say of the paper's claims."""
    from pdbench import claims

    return claims(ROOT / "results" / "set14_x4", form="md")


def cards():
    """Return the cards of the networks, each a chapter."""
    return "\n\n".join(
        re.sub(r"^#", "##", _plain(card.read_text(encoding="utf-8")), flags=re.MULTILINE).replace(
            "(curves.svg)", f"({_curves(card)})"
        )
        for card in _cards()
    )


def _cards():
    """Return the files of the cards."""
    from pdbench.baselines import BASELINES

    return sorted({path for one in BASELINES for path in one.folder.glob("card.md")})


def _curves(card):
    """Return the name of a network's curves on the site."""
    return "-".join((*card.relative_to(ROOT / "baselines").parts[:-1], "curves.svg"))


def _plain(text):
    """Leave the words of links that lead into the repository."""
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", text)


def api():
    """Return an entry for every public name, in the order of what one does with them."""
    import pdbench

    stub = (ROOT / "pdbench" / "__init__.pyi").read_text(encoding="utf-8")
    places = dict(reversed(pair) for pair in re.findall(r"from \.([\w.]+) import (\w+)", stub))
    listed = [name for names in CHAPTERS.values() for name in names]
    missing = set(pdbench.__all__) ^ set(listed)
    if missing:
        raise ValueError(f"docs/hooks.py, CHAPTERS: {', '.join(sorted(missing))}")
    parts = []
    for chapter, names in CHAPTERS.items():
        parts.append(f"## {chapter}")
        parts += [f"::: pdbench.{places[name]}.{name}\n    options:\n      heading_level: 3"
                  for name in names]  # fmt: skip
    return "\n\n".join(parts)


CHAPTERS = {
    "Score": ("run", "evaluate", "load", "Results"),
    "On tensors": ("metric", "method", "sample", "network"),
    "Tables and figures": ("table", "plot", "compare", "report"),
    "Statistics": ("diff", "front", "claims", "audit"),
    "What there is": ("list_all", "doctor", "protocol", "cite"),
    "Data": ("export_data", "get_data", "prepare_data"),
    "Train": ("train", "train_all", "import_weights", "show_weights"),
    "The board": ("submit", "verify", "make_crops", "build_leaderboard", "open_server"),
    "Declarations and errors": ("Method", "Metric", "PdbenchError", "InputError"),
}


def cli():
    """Return the help of every command."""
    from pdbench.cli.main import cli as group

    parts = []

    def add(command, words, above):
        context = click.Context(command, info_name=words[-1], parent=above, max_content_width=99)
        marks = "#" * min(len(words) + 1, 4)
        parts.append(f"{marks} {' '.join(words)}\n\n```text\n{command.get_help(context)}\n```")
        for name in command.list_commands(context) if isinstance(command, click.Group) else ():
            add(command.get_command(context, name), [*words, name], context)

    add(group, ["pdbench"], None)
    return "\n\n".join(parts)


MAKERS = {
    make.__name__: make
    for make in (protocols, metrics, methods, results, sweeps, claims, cards, api, cli)
}
