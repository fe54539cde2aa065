"""The sentence grammar, the training of the pipeline, and the spaCy parser on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.expressions import load

from zsris_ros.cli import main
from zsris_ros.language import load_parser, parse
from zsris_ros.language.lexicon.function_words import word_list
from zsris_ros.training.language.pipeline import LanguageSchedule, train_language
from zsris_ros.training.language.sentence_grammar import Grammar
from zsris_ros.types import InputError

spacy = pytest.importorskip("spacy", reason="spaCy is not installed")

LABELS = frozenset(
    word_list("""
        ROOT acl acomp advmod amod appos attr aux case cc ccomp compound conj dative det dobj expl
        intj neg nsubj nummod pobj poss predet prep prt punct relcl
    """)
)


@given(st.integers(0, 2**31))
@settings(max_examples=200)
def test_sentences_are_trees_in_known_labels(seed: int) -> None:
    found = Grammar(seed).sentence()
    roots = [i for i, head in enumerate(found.heads) if head == i]

    assert len(roots) == 1 and found.deps[roots[0]] == "ROOT"
    assert set(found.deps) <= LABELS
    for i in range(len(found.words)):
        path = {i}
        while found.heads[i] != i:
            i = found.heads[i]
            assert i not in path
            path.add(i)


def test_sentences_are_split_as_spacy_splits_them() -> None:
    tokenizer = spacy.blank("en").tokenizer
    grammar = Grammar(0)
    found = [grammar.sentence().words for _ in range(300)]

    for words in found:
        written = " ".join(words).replace(" '", "'").replace(" n't", "n't")
        assert words == [token.text for token in tokenizer(written)]


def test_nouns_in_the_sentences_head_noun_chunks() -> None:
    from spacy.tokens import Doc

    vocab = spacy.blank("en").vocab
    grammar = Grammar(3)
    for _ in range(100):
        found = grammar.sentence()
        doc = Doc(vocab, words=found.words, pos=found.pos, heads=found.heads, deps=found.deps)
        heads = {chunk.root.i for chunk in doc.noun_chunks}
        objects = {t.i for t in doc if t.dep_ in ("dobj", "pobj") and t.pos_ == "NOUN"}
        assert objects <= heads, doc.text


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny trained pipeline."""
    out = tmp_path_factory.mktemp("pipeline")
    small = LanguageSchedule(steps=30, batch=16, width=32, rows=300, depth=1)
    scores = train_language(out, small)
    assert all(0 < share <= 1 for share in scores.values()) and scores["parts of speech"] > 0.3
    return out


def test_the_spacy_parser_runs_on_a_trained_pipeline(pipeline: Path) -> None:
    parser = load_parser(str(pipeline))
    for row in load("expressions.txt")[::40]:
        found = parser.parse(row["text"])
        assert found.parser == parser.name == "en_referring"
        assert found.target.head and found.text == row["text"]
    with pytest.raises(InputError, match="no word"):
        parser.parse("...")


def test_parse_takes_a_folder(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "--parser", str(pipeline), "--json", "the red mug"]) == 0
    assert json.loads(capsys.readouterr().out)["parser"] == "en_referring"


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="zsris train-language"):
        load_parser(str(tmp_path))


def test_auto_is_the_rules() -> None:
    assert parse("the red mug").parser == "rules"


def test_the_command_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train-language", "--out", str(tmp_path / "p"), "--steps", "1"]) == 0
    assert "heads and labels" in capsys.readouterr().out
    assert (tmp_path / "p" / "meta.json").is_file()
