"""Training of a small spaCy pipeline (parts of speech, dependencies) on the sentence grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.training.language.sentence_grammar import Grammar

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training.example import Example

HELD_OUT = 1_000_000
"""Offset of the evaluation seeds, which are held out from training."""


@dataclass(frozen=True)
class LanguageSchedule:
    """``steps`` updates on ``batch`` new sentences each.

    ``width`` and ``rows`` are those of the word vectors (four hash tables), ``depth`` the number of
    convolutions over three words.
    """

    steps: int = 2500
    batch: int = 32
    width: int = 96
    rows: int = 2000
    depth: int = 4
    dropout: float = 0.15


def train_language(out: Path, schedule: LanguageSchedule, seed: int = 0) -> dict[str, float]:
    """Train the pipeline, write it to the folder ``out`` in spaCy's format and evaluate it.

    The same seed on the same machine gives the same pipeline.
    """
    import spacy
    from spacy.util import fix_random_seed
    from tqdm import tqdm

    fix_random_seed(seed)
    nlp = _pipeline(spacy.blank("en"), schedule)
    examples = _examples(nlp, seed)
    optimizer = nlp.initialize(lambda: list(islice(examples, 500)))
    with tqdm(range(schedule.steps), desc="language", unit="step") as steps:
        for step in steps:
            optimizer.learn_rate = 0.001 * (1 - step / schedule.steps)
            losses: dict[str, float] = {}
            batch = list(islice(examples, schedule.batch))
            nlp.update(batch, sgd=optimizer, drop=schedule.dropout, losses=losses)
            if step % 100 == 0:
                steps.set_postfix({name: f"{loss:.0f}" for name, loss in losses.items()})
    nlp.meta.update(name="referring", description="Trained on generated referring expressions")
    nlp.to_disk(out)
    return evaluate(nlp, seed)


def evaluate(nlp: Language, seed: int, sentences: int = 500) -> dict[str, float]:
    """Return the accuracies of parts of speech, heads and labelled heads on held-out sentences."""
    scores = nlp.evaluate(list(islice(_examples(nlp, HELD_OUT + seed), sentences)))
    names = {"parts of speech": "pos_acc", "heads": "dep_uas", "heads and labels": "dep_las"}
    return {name: float(scores[key]) for name, key in names.items()}


def _pipeline(nlp: Language, schedule: LanguageSchedule) -> Language:
    """Add shared word vectors, the tagger (noun chunks need it) and the parser."""
    vectors = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": schedule.width,
        "depth": schedule.depth,
        "embed_size": schedule.rows,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    shared = {"@architectures": "spacy.Tok2VecListener.v1", "width": schedule.width}
    parser: dict[str, Any] = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": shared,
    }
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": shared}
    nlp.add_pipe("tok2vec", config={"model": vectors})
    nlp.add_pipe("morphologizer", config={"model": tagger})
    nlp.add_pipe("parser", config={"model": parser})
    return nlp


def _examples(nlp: Language, seed: int) -> Iterator[Example]:
    """Yield training examples without end."""
    from spacy.tokens import Doc
    from spacy.training.example import Example

    grammar = Grammar(seed)
    while True:
        found = grammar.sentence()
        doc = Doc(nlp.vocab, words=found.words)
        gold = Doc(nlp.vocab, words=found.words, pos=found.pos, heads=found.heads, deps=found.deps)
        yield Example(doc, gold)
