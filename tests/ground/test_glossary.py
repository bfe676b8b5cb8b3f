"""The glossary: in order, one sentence and a source each, and complete for the lessons."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "lessons").glob("[!.]*.ipynb"))
ENTRY = re.compile(r"^- \*\*(?P<term>[^*]+)\*\*: (?P<meaning>.+)$")
# Names of design and code that must have an entry whether or not a lesson has them in bold.
NAMES = """mix node, gateway, layer, width, hop, route, header, payload, filler, SURB, replay tag,
loop cover, drop cover, pool, target, anonymity set, pledge, delegation, stake, saturation point,
profit margin, performance, active set, standby set, rewarded set, epoch, interval"""


def entries():
    lines = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    found = [ENTRY.match(line) for line in lines if line.startswith("- ")]
    assert all(found), "every entry is '- **Term**: one sentence (source).'"
    return {match["term"]: match["meaning"] for match in found}


def plain(term):
    """Lower case, without a plural: 'Standby sets' and 'standby set' are one."""
    words = re.sub(r"\s+", " ", term.strip().rstrip(".,:;!?").lower()).split(" ")
    last = words[-1]
    if last.endswith("ies") and len(last) > 4:
        last = last[:-3] + "y"
    elif re.search(r"(s|x|sh|ch)es$", last):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    return " ".join([*words[:-1], last])


def test_entries_are_in_alphabetical_order_and_named_once():
    terms = [re.sub(r"[^a-z0-9 ]", "", term.lower()) for term in entries()]
    assert terms == sorted(terms)
    assert len({plain(term) for term in entries()}) == len(terms)


def test_each_entry_is_one_sentence_that_ends_with_its_source():
    for term, meaning in entries().items():
        assert re.search(r" \([^()]+\)\.$", meaning), f"{term} names no source"
        # One full stop ends it; those of abbreviated names and sources stand in the brackets.
        assert "." not in meaning[: meaning.rindex(" (")], f"{term} is more than one sentence"


@pytest.mark.parametrize("name", [name.strip() for name in NAMES.split(",")])
def test_every_name_of_the_design_has_an_entry(name):
    assert plain(name) in {plain(term) for term in entries()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_bold_term_of_a_lesson_has_an_entry(path):
    known = {plain(term) for term in entries()}
    missing = set()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            missing |= {
                bold for bold in re.findall(r"\*\*([^*\n]+)\*\*", text) if plain(bold) not in known
            }
    assert not missing, f"bold, and not in docs/glossary.md: {sorted(missing)}"
