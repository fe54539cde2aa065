"""Queries of the published methods, from a parse and from the rules, mistakes included."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.english_pipeline import installed_as, pipeline_folder

from zsris_ros.baselines import published_parse
from zsris_ros.baselines.published_query import PublishedReader, load_reader
from zsris_ros.language import load_parser
from zsris_ros.language.spacy_parser import PUBLISHED_ORDER, installed
from zsris_ros.types import InputError

READER = PublishedReader()

CASES = [
    # text, noun phrase, others, relation, position
    ("the red box on left", "the red box", (), "left", "left"),
    ("ball inside the box", "ball", ("the box",), "within", "none"),
    ("the smallest cup", "the smallest cup", (), "small", "none"),
    ("the biggest cup", "the biggest cup", (), "none", "none"),
    ("man to the left of the table", "man", ("the table",), "left", "left"),
    ("a dog sitting under the table", "a dog", ("the table",), "down", "down"),
    ("top left box", "top left box", (), "up", "up"),
    ("left side of the cake", "left side", ("the cake",), "left", "left"),
    ("cake on the left side", "cake", (), "none", "left"),
    ("The Box", "the box", (), "none", "none"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_reading_by_the_rules(case: tuple[str, str, tuple[str, ...], str, str]) -> None:
    text, phrase, others, relation, position = case
    query = READER.read(text)
    assert (query.noun_phrase, query.others) == (phrase, others)
    assert (query.relation, query.position) == (relation, position)
    assert (query.sentence, query.parser) == (text.lower(), "rules")
    assert query.expression.target.text == phrase
    assert query.expression.parser == "rules"


def test_reference_has_the_quirks_of_the_code_and_paper_has_not() -> None:
    text = "man right of the man at the top"
    lost, kept = READER.read(text, "reference"), READER.read(text, "paper")
    assert (lost.relation, kept.relation) == ("up", "right")
    twin = "the box left of the box"
    assert READER.read(twin, "reference").others == ()
    assert READER.read(twin, "paper").others == ("the box",)
    assert READER.read("top left box").positions == ("up", "left")


def test_the_printed_relations_include_bottom() -> None:
    """HybridGL prints "bottom" in the list of relations; the published code has no such keyword."""
    text = "cup bottom of the shelf"
    code, printed = READER.read(text, "reference"), READER.read(text, "paper")
    assert (code.relation, printed.relation) == ("none", "down")
    assert "bottom" in published_parse.no_object_words("paper") - published_parse.no_object_words(
        "reference"
    )
    assert published_parse.relation_words("reference") == published_parse.RELATION_WORDS


@pytest.fixture(scope="module")
def parsed() -> PublishedReader:
    """A reader on a real parse."""
    return load_reader(str(pipeline_folder()))


@pytest.mark.parametrize(
    ("text", "code", "printed"),
    [
        ("the red mug on the table", "the red mug", "the red mug"),
        ("child sitting on womans lap", "child", "child"),
        # The noun below a verb, not the first word below the verb.
        ("He is the tall man", "he", "the tall man"),
        ("there is a man in a red shirt", "there is a man in a red shirt", "a man"),
        ("is holding the umbrella", "is holding the umbrella", "the umbrella"),
        # Below a preposition the paper takes the whole sentence.
        ("near zebra", "zebra", "near zebra"),
    ],
)
def test_the_target_of_a_real_parse(
    text: str, code: str, printed: str, parsed: PublishedReader
) -> None:
    for variant, expected in (("reference", code), ("paper", printed)):
        query = parsed.read(text, variant)
        assert query.noun_phrase == expected
        assert query.sentence == text.lower()
        assert query.noun_phrase not in query.others


def test_relations_of_a_real_parse(parsed: PublishedReader) -> None:
    """CLIP is given "man 's", other nouns are chunks, without "the bottom" in "paper"."""
    assert parsed.read("The man's hat").sentence == "the man 's hat"
    twin = parsed.read("a woman holding the umbrella is standing left of the car")
    assert (twin.noun_phrase, twin.relation, twin.position) == ("a woman", "left", "left")
    assert twin.others == ("the umbrella", "the car")
    text = "cup on the bottom of the shelf"
    code, printed = parsed.read(text, "reference"), parsed.read(text, "paper")
    assert (code.relation, code.others) == ("none", ("the bottom", "the shelf"))
    assert (printed.relation, printed.others) == ("down", ("the shelf",))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = READER.read(text)
    except InputError:
        return
    assert query.noun_phrase
    assert query.sentence == " ".join(text.lower().split())
    assert query.relation in {*published_parse.RELATION_WORDS, "none"} - {"right"}
    assert query.position in {*published_parse.POSITION_WORDS, "none"}
    assert (query.position == "none") == (query.positions == ())


def test_a_pipeline_reads_its_own_rejoined_text() -> None:
    """spaCy splits "man's"; the second parse and CLIP get "man 's"."""
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
    blank, seen = spacy.blank("en"), []

    def pipeline(text: str) -> spacy.tokens.Doc:
        seen.append(text)
        words = [token.text for token in blank(text)]
        deps = ["ROOT", *["dep"] * (len(words) - 1)]
        return spacy.tokens.Doc(
            blank.vocab, words=words, heads=[0] * len(words), deps=deps, pos=["NOUN"] * len(words)
        )

    query = PublishedReader(pipeline, "made up").read("The MAN's  hat")
    assert seen == ["the man's hat", "the man 's hat"]
    assert (query.sentence, query.parser) == ("the man 's hat", "made up")


def test_readers_by_name() -> None:
    assert load_reader("rules").name == "rules"
    if installed():
        assert load_reader("auto").name == installed(PUBLISHED_ORDER)[0]
        return
    assert load_reader("auto").name == "rules"
    with pytest.raises(InputError, match="spacy download"):
        load_reader("spacy")
    with pytest.raises(InputError, match="cannot be loaded"):
        load_reader("en_core_web_sm")


def test_the_published_pipeline_is_the_first_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """en_core_web_lg before the better en_core_web_trf; the robot's parser the other way round."""
    installed_as(monkeypatch, tmp_path, "en_core_web_lg", "en_core_web_trf", "en_core_web_sm")
    assert load_reader("auto").name == load_reader("spacy").name == "en_core_web_lg"
    assert load_parser("spacy").name == "en_core_web_trf"
    assert load_reader("en_core_web_sm").name == "en_core_web_sm"
    assert (load_reader("rules").name, load_parser("auto").name) == ("rules", "rules")
    query = load_reader("auto").read("child sitting on womans lap")
    assert (query.noun_phrase, query.parser) == ("child", "en_core_web_lg")
