"""Sentences about anonymity: right in the middle and at every edge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import anonymity as an
from workbench.anonymity.words import round_to_figures
from workbench.errors import AnonymityError


def test_the_sentence_of_the_lessons() -> None:
    assert (
        an.describe(8.2, math.log2(96), 200)
        == "8.2 bits: it could be any of about 290 packets, sent by about 96 of 200 users"
    )


@pytest.mark.parametrize(
    ("packets", "senders", "clients", "sentence"),
    [
        (0, 0, 200, "0 bits: it can only be this one packet, sent by 1 of 200 users"),
        (0, 0, 1, "0 bits: it can only be this one packet, sent by the only user there is"),
        (1, 1, 2, "1 bit: it could be any of about 2 packets, sent by either user"),
        (1, 0, 5, "1 bit: it could be any of about 2 packets, sent by 1 of 5 users"),
        (3, 0, 1, "3 bits: it could be any of about 8 packets, sent by the only user there is"),
        (
            0.4,
            0.4,
            9,
            "0.4 bits: it is one packet, with some doubt, most likely sent by one of 9 users",
        ),
        (12, math.log2(1500), 1500, "12 bits: it could be any of about 4,100 packets, "
         "sent by any of all 1,500 users"),
        (0.01, 0.01, 3, "0.01 bits: it is one packet, with some doubt, "
         "most likely sent by one of 3 users"),
        (5, None, 3, "5 bits: it could be any of about 32 packets"),
    ],
)  # fmt: skip
def test_edges(packets: float, senders: float | None, clients: int, sentence: str) -> None:
    assert an.describe(packets, senders, clients) == sentence


def test_nothing_measured_is_said_as_such() -> None:
    assert an.describe(math.nan, math.nan, 10).startswith("not known yet")


@given(st.floats(0, 40), st.floats(0, 1), st.integers(1, 10**6))
def test_never_more_suspects_than_clients(bits: float, share: float, clients: int) -> None:
    people_bits = min(share * math.log2(clients), bits)
    assert 1 <= an.suspects(people_bits, clients) <= clients
    sentence = an.describe(bits, people_bits, clients)
    said = [word for word in sentence.replace(",", "").split() if word.isdigit()]
    assert f"{clients:,}" in sentence or clients <= 2
    if "about" in sentence.rpartition("sent by")[2]:
        assert int(said[-2]) <= clients


def test_bits_over_packets_are_refused_as_people() -> None:
    with pytest.raises(AnonymityError, match="over packets"):
        an.describe(12.0, 9.0, 100)
    with pytest.raises(AnonymityError, match="at most"):
        an.suspects(9.0, 100)


def test_figures_are_rounded_as_people_say_them() -> None:
    assert [round_to_figures(x) for x in (0, 0.0234, 1, 9.96, 99.6, 294, 123456)] == [
        "0", "0.023", "1.0", "10", "100", "290", "120,000",
    ]  # fmt: skip
