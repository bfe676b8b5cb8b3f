"""Many packets together: for each the very answer of `process`, whatever is among them."""

from __future__ import annotations

import random

import pytest

from workbench.errors import PacketError, ReplayError
from workbench.sphinx import (
    FinalHop,
    ForwardHop,
    PrivateKey,
    ReplayFilter,
    Version,
    process,
    process_many,
)


def one_by_one(packets, key, seen=None):
    answers = []
    for packet in packets:
        try:
            answers.append(process(packet, key, replay_filter=seen))
        except PacketError as error:
            answers.append(error)
    return answers


def same(left, right) -> bool:
    if isinstance(left, PacketError):
        return type(left) is type(right) and str(left) == str(right)
    return left == right


@pytest.fixture
def mixture(make_network):
    """Packets that the key opens, as a middle hop and as the last, and all that goes wrong."""
    rng = random.Random(20)
    middle, last = make_network(3), make_network(1)
    key = middle.keys[0]
    last = type(last)(
        (key,),
        (type(last.route[0])(last.route[0].address, key.public),),
        last.destination,
        last.delays_s,
    )
    good = [
        network.packet(rng.randbytes(rng.randrange(900)), version=version)
        for version in (Version.V258, Version.V259, Version.V260)
        for network in (middle, last)
        for _ in range(8)
    ]
    bad: list[object] = [rng.randbytes(len(good[0])) for _ in range(4)]
    for at in (0, 31, 32, 47, 48, 300, 500, 1380):
        broken = bytearray(rng.choice(good))
        broken[at] ^= 1 << rng.randrange(8)
        bad.append(bytes(broken))
    bad += [bytes(32) + good[0][32:], (1).to_bytes(32, "little") + good[0][32:]]  # low order
    bad += [good[0][:-1], b"", good[0] + b"x", None, "text", 7, bytearray(good[1])]
    packets = (good + bad) * 3
    rng.shuffle(packets)
    return packets, key


@pytest.mark.parametrize("threads", [1, 3])
def test_each_answer_is_that_of_process(mixture, threads) -> None:
    packets, key = mixture
    together = process_many(iter(packets), key, threads=threads)
    alone = one_by_one(packets, key)
    assert all(same(a, b) for a, b in zip(together, alone, strict=True))
    kinds = {type(one).__name__ for one in together}
    assert {"ForwardHop", "FinalHop", "BadMacError", "LowOrderPointError"} < kinds
    assert {"PacketLengthError", "NotBytesError", "BadPaddingError"} < kinds


def test_a_packet_is_let_through_once(mixture) -> None:
    packets, key = mixture
    together = process_many(packets, key, replay_filter=ReplayFilter())
    alone = one_by_one(packets, key, ReplayFilter())
    assert all(same(a, b) for a, b in zip(together, alone, strict=True))
    for threads in (2, 5):
        answers = process_many(packets, key, replay_filter=ReplayFilter(), threads=threads)
        let_through = [one.replay_tag for one in answers if isinstance(one, ForwardHop | FinalHop)]
        assert len(let_through) == len(set(let_through))
        assert sum(isinstance(one, ReplayError) for one in answers) == sum(
            isinstance(one, ReplayError) for one in alone
        )


def test_nothing_is_nothing_and_what_cannot_be_is_refused(network) -> None:
    key = network.keys[0]
    assert process_many([], key) == []
    assert isinstance(process_many([network.packet()], key, threads=64)[0], ForwardHop)
    for threads in (0, 65, 1.5, True, None):
        with pytest.raises(PacketError, match="threads must be a whole number from 1 to 64"):
            process_many([], key, threads=threads)
    with pytest.raises(PacketError, match="list of packets"):
        process_many(network.packet(), key)
    with pytest.raises(PacketError, match="expected a PrivateKey"):
        process_many([], b"key")
    with pytest.raises(PacketError):
        process_many([], key, "geometry")
    assert isinstance(process_many([bytes(3)], PrivateKey.generate())[0], PacketError)
