"""Cards: what they must say, and what they cannot."""

import string

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pdbench.errors import InputError
from pdbench.leaderboard.card import OPTIONS, card_from, check_field, format_card, parse_card
from pdbench.leaderboard.text_validation import check_text

from .conftest import CARD, complaint

TEXT_FIELDS = ("name", "paper", "license", "hardware")
DEFAULTS = {"link": "", "seeds": (0,), "runtime": None}
LIST_FIELDS = ("authors", "training_data")
INJECTIONS = {
    "html": "<script>alert(1)</script>",
    "attribute": "a` onclick=alert(1)",
    "entity": "Net &#60;b&#62;",
    "named entity": "Net &lt;b",
    "script link": "javascript:alert(1)",
    "markdown link": "see [here](http://x.y)",
    "template": "{{ config }}",
    "formula": '=HYPERLINK("http://x.y")',
    "plus formula": "+1+1",
    "minus formula": "-2+3",
    "at formula": "@SUM(A1)",
    "full-width formula": "\uff1d1+1",
    "full-width html": "\uff1cscript\uff1e",
    "newline": "Net\nname: other",
    "carriage return": "Net\r=1",
    "tab": "\t=1",
    "escape": "Net\x1b[2J",
    "null": "Net\x00",
    "right-to-left": "Net \u202egnp.exe",
    "zero width": "My\u200bNet",
    "byte order mark": "\ufeffNet",
    "blanks": "  ",
    "long": "x" * 1000,
}


def card_with(**changes):
    return yaml.safe_dump({**CARD, **changes}, allow_unicode=True).encode()


def refused(content):
    with pytest.raises(InputError) as caught:
        parse_card(content if isinstance(content, bytes) else content.encode())
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400
    return message


def test_an_empty_or_endless_list_is_refused_in_plain_words():
    assert "training_data is []: give at least 1)" in refused(card_with(training_data=[]))
    assert ": give at most 40)" in refused(card_with(authors=[f"A{i}" for i in range(41)]))
    assert complaint(check_field, "losses", []) == "give at least 1"


def test_a_card_is_read_back_as_written():
    card = card_from(CARD)
    assert parse_card(format_card(card)) == card
    assert card.authors == ("Ada Lovelace", "Jean-Luc Müller")


def test_a_field_is_required_or_has_one_default_for_all_ways_in():
    for field in CARD:
        entries = {name: value for name, value in CARD.items() if name != field}
        if field in DEFAULTS:
            assert getattr(parse_card(yaml.safe_dump(entries).encode()), field) == DEFAULTS[field]
            assert getattr(card_from(entries), field) == DEFAULTS[field]
        else:
            message = refused(yaml.safe_dump(entries))
            assert f"lacks {field}" in message
            assert OPTIONS.get(field, f"--{field.replace('_', '-')}") in message


def test_an_unknown_field_names_the_close_match():
    assert "did you mean license" in refused(card_with(licence="MIT"))


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_no_text_field_takes_what_others_would_act_upon(field):
    assert not [
        kind
        for kind, attack in INJECTIONS.items()
        if not complaint(card_from, {**CARD, field: attack})
    ]


@pytest.mark.parametrize("field", [*LIST_FIELDS, "losses"])
def test_no_list_field_takes_what_others_would_act_upon(field):
    attacks = dict(INJECTIONS)
    if field == "losses":  # a formula is none once "other: " stands before it
        attacks |= {
            f"other {kind}": f"other: {attack}"
            for kind, attack in INJECTIONS.items()
            if attack[:1] not in "=+-@\uff1d"
        }
    assert not [
        kind
        for kind, attack in attacks.items()
        if not complaint(card_from, {**CARD, field: ["l1", attack]})
    ]


BAD_LINKS = (
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//example.org",
    "https://user:secret@example.org/",
    'https://example.org/"onclick="x',
    "https://example.org/a b",
    "https://ex\u0430mple.org/",  # a Cyrillic letter
    7,
)


def test_a_link_is_a_plain_web_address():
    assert not [link for link in BAD_LINKS if not complaint(card_from, {**CARD, "link": link})]


@pytest.mark.parametrize("name", ["MyN\u0435t", "\uff2dyNet", "\u13a1etinex"])
def test_a_title_has_no_letters_that_pass_for_others(name):
    assert "outside A-Z" in refused(card_with(name=name))


def test_an_unknown_loss_names_the_close_match():
    assert "did you mean lpips-vgg" in refused(card_with(losses=["lpips-vg"]))


def test_a_huge_number_as_a_value_is_one_line():
    assert "seeds" in refused(yaml.safe_dump(CARD).replace("- 0", "- 0x" + "f" * 6000))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_make_a_card_or_one_line(content):
    assert complaint(parse_card, content).isprintable()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(CARD)), values)
def test_any_value_of_a_field_is_safe_or_one_line(field, value):
    message = complaint(card_from, {**CARD, field: value})
    assert message.isprintable()
    if message:
        return
    card = card_from({**CARD, field: value})
    shown = format_card(card).decode()
    assert not set(shown) & set("<>`\\\x00\x1b")
    assert parse_card(shown.encode()) == card


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet=string.ascii_letters + string.digits + " .,'()éüτ", min_size=1))
def test_plain_text_is_accepted(text):
    text = " ".join(text.split())[:200].strip()
    if text:
        assert check_text(text, "a text") == text
