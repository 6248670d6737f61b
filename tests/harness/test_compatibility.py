"""Rows that may not share a table, and what the refusal says."""

import dataclasses

import pytest
from records import DATASET, FACTS, method, score

from pdbench.errors import InputError
from pdbench.harness.compatibility import different_choices, one_protocol
from pdbench.harness.run_info import RunRecord

NAMED = {"colour": "rgb", "border": 0, "sample": True}


def record(*methods):
    scores = [
        score(method=m.id, protocol=m.protocol, protocol_hash=m.hashes["psnr"]) for m in methods
    ]
    return RunRecord(dataset=DATASET, metrics=tuple(FACTS), methods=methods, scores=tuple(scores))


def other(name="n", protocol="paper", **choices):
    """A method scored by other choices of PSNR."""
    hashes = {"psnr": "hash-other", "pieapp": "hash-pieapp"}
    named = {**NAMED, **choices}
    return method(name, protocol=protocol, hashes=hashes, choices={"psnr": named})


PLAIN = method("m", choices={"psnr": NAMED})


def test_rows_of_one_protocol_and_hash_stay_as_they_are():
    whole = record(PLAIN, method("n", choices={"psnr": NAMED}))
    assert one_protocol(whole) == whole


def test_other_choices_are_named_with_both_values():
    with pytest.raises(InputError) as error:
        one_protocol(record(PLAIN, other(border=4, sample=False, sigma=1.5)))
    assert str(error.value) == (
        "scores of m and n cannot share a table (psnr: border 0 against 4, sample yes against no, "
        "sigma none against 1.5); score both again"
    )


def test_two_protocols_are_named_and_one_can_be_chosen():
    both = record(PLAIN, other(protocol="pirm", border=4))
    with pytest.raises(InputError, match=r"paper.*pirm.*border 0 against 4.*--protocol"):
        one_protocol(both)
    for name, protocol in (("m", "paper"), ("n", "pirm")):
        chosen = one_protocol(both, protocol)
        assert [entry.id for entry in chosen.methods] == [name]
        assert {score.method for score in chosen.scores} == {name}


def test_a_method_under_two_protocols_is_one_row_of_each():
    both = record(PLAIN, other("m", protocol="pirm", border=4))
    assert [entry.protocol for entry in one_protocol(both, "pirm").methods] == ["pirm"]


def test_rows_of_two_model_files_are_kept_apart_by_the_file():
    one, two = (method(name, models={"NRQM.mat": 6 * name}) for name in "ab")
    with pytest.raises(InputError, match=r"NRQM.mat: sha256 aaaaaa against bbbbbb"):
        one_protocol(record(one, two))


def test_protocols_that_share_no_metric_cannot_be_mixed_either():
    apart = method("n", protocol="pirm", hashes={"mse": "hash-mse"})
    whole = dataclasses.replace(record(PLAIN), methods=(PLAIN, apart))
    with pytest.raises(InputError, match="choose one with --protocol"):
        one_protocol(whole)


def test_rows_that_are_not_shown_do_not_matter():
    both = record(PLAIN, other(protocol="pirm", border=4))
    shown = one_protocol(both, methods=["m"])
    assert {entry.protocol for entry in shown.methods} == {"paper"}


def test_a_protocol_nothing_was_scored_under_names_those_there_are():
    with pytest.raises(InputError, match="did you mean paper"):
        one_protocol(record(PLAIN), "papers")


def test_choices_that_were_not_kept_leave_the_hashes():
    text = different_choices(method("m"), other(), "psnr")
    assert text == "hash hash-psnr against hash-other"
