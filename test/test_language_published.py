"""What the published methods read, from a parse and from the rules, mistakes included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.language import published
from zsris_ros.language.published_query import PublishedReader, load_reader
from zsris_ros.language.spacy_parser import installed
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
    assert query.expression.target == phrase
    assert query.expression.parser == "rules"


def test_reference_loses_what_paper_keeps() -> None:
    text = "man right of the man at the top"
    lost, kept = READER.read(text, "reference"), READER.read(text, "paper")
    assert (lost.relation, kept.relation) == ("up", "right")
    twin = "the box left of the box"
    assert READER.read(twin, "reference").others == ()
    assert READER.read(twin, "paper").others == ("the box",)
    assert READER.read("top left box").positions == ("up", "left")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = READER.read(text)
    except InputError:
        return
    assert query.noun_phrase
    assert query.sentence == " ".join(text.lower().split())
    assert query.relation in {*published.RELATION_WORDS, "none"} - {"right"}
    assert query.position in {*published.POSITION_WORDS, "none"}
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
        assert load_reader("auto").name == installed()[0]
        return
    assert load_reader("auto").name == "rules"
    with pytest.raises(InputError, match="spacy download"):
        load_reader("spacy")
    with pytest.raises(InputError, match="cannot be loaded"):
        load_reader("en_core_web_sm")
