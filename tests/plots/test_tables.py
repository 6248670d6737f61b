"""The five formats, character by character."""

import csv
import io
import json
import re
import shutil
import subprocess

import pytest

from pdbench.analysis import summarize
from pdbench.errors import InputError
from pdbench.plots import table
from pdbench.plots.formats import escape_latex, escape_markdown, guard_formula

VALUES = {
    "bicubic": {"psnr": (26.6, 26.8), "lpips-vgg": (0.39, 0.41)},
    "average-5": {"psnr": (28.6, 29.0), "lpips-vgg": (0.23, 0.23)},
    "net_a[tau=0.9]": {"psnr": (27.4, 27.4), "lpips-vgg": (0.22, None)},
}


@pytest.fixture
def small(make_score):
    rows = []
    for method, metrics in VALUES.items():
        for metric, values in metrics.items():
            for image, value in zip("ab", values, strict=True):
                reason = "" if value is not None else "NaN in the output"
                rows.append(make_score(method, image, value, metric=metric, reason=reason))
        rows += [
            make_score(method, image, None, metric="pieapp", reason="no weights") for image in "ab"
        ]
    return rows


@pytest.fixture
def render(small, facts):
    return lambda form, **options: table(
        summarize(small, facts, size="compact"), form=form, **options
    )


def test_text_reads_as_it_should(render):
    assert (
        render("text")
        == """\
set5 ×4, 2 images; protocol paper; compact networks; seed 0

method            PSNR (dB)↑         LPIPS-VGG↓  PieAPP↓    n/N
bicubic         26.70  ±1.27  0.400  ±0.127        — [b]    2/2
average-5       28.80* ±2.54  0.230* ±0.000        — [b]    2/2
net_a[tau=0.9]  27.40+ ±0.00  0.220         [a]    — [b]  1-2/2

* best, + second; ± is half the 95 % Student t interval over images
[a] net_a[tau=0.9], LPIPS-VGG: 1/2 images (b: NaN in the output)
[b] PieAPP: no weights"""
    )


def test_text_marks_by_ansi_only_when_asked(render):
    assert "\x1b" not in render("text")
    colored = render("text", color=True)
    assert "\x1b[1m28.80\x1b[0m ±2.54" in colored
    assert "\x1b[4m27.40\x1b[0m ±0.00" in colored


def test_ansi_codes_do_not_move_the_columns(render):
    colored = re.sub(r"\x1b\[\d*m", "", render("text", color=True, ci=False))
    header, *rows = colored.splitlines()[2:6]
    assert {row.index("2/2") + 3 for row in rows} == {len(header)}


def test_intervals_are_shown_with_the_name_of_their_method_or_not_at_all(render):
    assert "± is half the 95 % Student t interval over images" in render("text")
    assert "±" not in render("text", ci=False)


def test_markdown_reads_as_it_should(render):
    assert (
        render("md", ci=False)
        == """\
set5 ×4, 2 images; protocol paper; compact networks; seed 0

| method | PSNR (dB) ↑ | LPIPS-VGG ↓ | PieAPP ↓ | n/N |
| :--- | ---: | ---: | ---: | ---: |
| bicubic | 26.70 | 0.400 | —<sup>b</sup> | 2/2 |
| average-5 | **28.80** | **0.230** | —<sup>b</sup> | 2/2 |
| net\\_a\\[tau=0.9\\] | <u>27.40</u> | 0.220<sup>a</sup> | —<sup>b</sup> | 1-2/2 |

**best**; <u>second</u>

<sup>a</sup> net\\_a\\[tau=0.9\\], LPIPS-VGG: 1/2 images (b: NaN in the output)

<sup>b</sup> PieAPP: no weights"""
    )


def test_latex_reads_as_it_should(small, facts):
    summary = summarize(small, [facts[0], facts[2], facts[3]], size="compact")
    found = table(summary, form="latex", label="tab:x", caption=r"Set5, $\times$4.")
    assert (
        found == r"""% \usepackage{booktabs,graphicx}
% left out: PieAPP: no weights
\begin{table}
  \centering
  \footnotesize
  \setlength{\tabcolsep}{4pt}
  \caption{Set5, $\times$4.}\label{tab:x}
  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%
  \begin{tabular}{lrrr}
    \toprule
    Method & PSNR & LPIPS-VGG & $n/N$ \\
     & (dB) $\uparrow$ & $\downarrow$ &  \\
    \midrule
    bicubic & 26.70$_{\pm 1.27}$ & 0.400$_{\pm 0.127}$ & 2/2 \\
    average-5 & \textbf{28.80}$_{\pm 2.54}$ & \textbf{0.230}$_{\pm 0.000}$ & 2/2 \\
    net\_a{[}tau=0.9{]} & \underline{27.40}$_{\pm 0.00}$ & 0.220\textsuperscript{a} & 1-2/2 \\
    \bottomrule
  \end{tabular}}
  \par\smallskip{\footnotesize \textbf{best}; \underline{second}; $\pm$ is half the 95 \% """
        r"""Student t interval over images}
  \par\smallskip{\footnotesize \textsuperscript{a} net\_a{[}tau=0.9{]}, LPIPS-VGG: """
        r"""1/2 images (b: NaN in the output)}
\end{table}"""
    )


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no TeX here")
@pytest.mark.parametrize("page", ["onecolumn", "twocolumn"])
@pytest.mark.parametrize("wide", [False, True])
def test_latex_compiles_without_an_overfull_box(scores, facts, tmp_path, page, wide):
    evil = {"bicubic": r"\input{x} & % $ # _ ^ ~ { } [ ] < > τ \\"}
    text = table(summarize(scores, facts, titles=evil), form="latex", wide=wide)
    (tmp_path / "paper.tex").write_text(
        rf"\documentclass[{page}]{{article}}\usepackage{{booktabs,graphicx}}"
        rf"\begin{{document}}{text}\end{{document}}".replace("{document}", "{document}\n"),
        encoding="utf-8",
    )
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    found = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout[-2000:]
    assert b"Overfull" not in found.stdout


def test_csv_keeps_more_digits_and_n_per_metric(render):
    rows = list(csv.DictReader(io.StringIO(render("csv"))))
    assert [row["method"] for row in rows] == list(VALUES)
    assert rows[1]["psnr"] == "28.80000"
    assert (rows[1]["psnr_low"], rows[1]["psnr_high"]) == ("26.25876", "31.34124")
    assert (rows[2]["lpips-vgg"], rows[2]["lpips-vgg_n"]) == ("0.220000", "1")
    assert (rows[0]["pieapp"], rows[0]["pieapp_n"]) == ("", "0")
    assert rows[0]["notes"] == "PieAPP: no weights"
    assert {(row["dataset"], row["protocol"], row["size"]) for row in rows} == {
        ("set5", "paper", "compact")
    }


def test_json_holds_hashes_and_full_digits(render):
    record = json.loads(render("json"))
    assert record["metrics"][0]["hash"] == "0123456789abcdef"
    assert record["rows"][0]["scores"]["psnr"]["mean"] == pytest.approx(26.7, abs=1e-12)
    assert record["rows"][0]["scores"]["pieapp"] == {
        "mean": None,
        "n": 0,
        "interval": None,
        "image_std": None,
        "sample_std": None,
        "rank": None,
        "note": "b",
    }


def test_json_stays_json_with_an_infinite_mean(make_score, facts):
    record = json.loads(table(summarize([make_score(value=float("inf"))], facts), form="json"))
    assert record["rows"][0]["scores"]["psnr"]["infinite"]


def test_titles_replace_ids(small, facts):
    assert "Mean of 5" in table(summarize(small, facts, titles={"average-5": "Mean of 5"}))


def test_unknown_format_is_refused(render):
    with pytest.raises(InputError, match="unknown table format 'html'; choose one of text, md"):
        render("html")


def test_latex_specials_are_escaped():
    assert escape_latex(r"50% & #1_a^b ~$x$ {\}") == (
        r"50\% \& \#1\_a\textasciicircum{}b \textasciitilde{}\$x\$ \{\textbackslash{}\}"
    )


def test_markdown_specials_are_escaped():
    assert escape_markdown("a|b *c* <d> [e](f)") == r"a\|b \*c\* &lt;d&gt; \[e\](f)"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", " =1"])
def test_csv_text_is_no_formula(text):
    assert guard_formula(text) == f"'{text}"


def test_csv_method_name_is_no_formula(make_score, facts):
    text = table(summarize([make_score('=HYPERLINK("x")')], facts), form="csv")
    assert next(csv.DictReader(io.StringIO(text)))["method"] == '\'=HYPERLINK("x")'


def test_plain_text_is_left_alone():
    assert guard_formula("srflow-da[tau=0.9]") == "srflow-da[tau=0.9]"
