"""`python -m benchmarks`: one table, whatever a single benchmark does."""

from __future__ import annotations

import pytest

import benchmarks.__main__ as command
from benchmarks.common import Row, cpu_s, machine, number_text, print_table


def test_the_table_is_aligned_and_shows_every_row(capsys):
    print_table([Row("short", 1.5, "s"), Row("a longer name", 12345.0, "1/s", "2x", 1.37, "note")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[2].index("1.5") + 3 == lines[3].index("12,345") + 6, "numbers end together"
    assert "1.37x" in lines[3]


def test_numbers_have_three_digits():
    assert [number_text(value) for value in (0, 0.0012345, 3.14159, 999.4, 123456)] == [
        "0",
        "0.00123",
        "3.14",
        "999",
        "123,456",
    ]


def test_a_benchmark_that_fails_is_named_and_the_others_still_run(monkeypatch, capsys):
    def run(topic):
        if topic == "bad":
            raise ValueError("broken on purpose")
        return [Row(f"row of {topic}", 1.0)]

    monkeypatch.setattr(command, "topics", lambda: ["bad", "good"])
    monkeypatch.setattr(command, "run", run)
    assert command.main([]) == 1
    out = capsys.readouterr()
    assert "row of good" in out.out
    assert "FAILED: bad" in out.out
    assert "broken on purpose" in out.err
    assert command.main(["--only", "good"]) == 0
    assert machine() in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused_with_what_there_is(monkeypatch, capsys):
    monkeypatch.setattr(command, "topics", lambda: ["good"])
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing"])
    assert "no benchmark named nothing; there are: good" in capsys.readouterr().err


def test_every_benchmark_file_has_rows():
    for topic in command.topics():
        source = (command.HERE / f"{command.PREFIX}{topic}.py").read_text()
        assert "def rows() -> list[Row]:" in source, topic


def test_a_clock_runs_the_work_as_often_as_asked():
    calls = []
    assert cpu_s(lambda: calls.append(1), repeats=3) >= 0
    assert len(calls) == 3
