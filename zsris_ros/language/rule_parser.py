"""The rule parser: a grammar of referring expressions over closed-class words, without a model."""

from __future__ import annotations

from zsris_ros.language.grammar.builder import build_expression, read_text
from zsris_ros.types import Expression

NAME = "rules"


class RuleParser:
    """The rules of ``grammar``: deterministic and always available."""

    name = NAME

    def parse(self, text: str) -> Expression:
        """As ``parse``."""
        return parse(text)


def parse(text: str) -> Expression:
    """Return the expression in ``text``.

    Raises:
        InputError: The text holds no letter or digit.
    """
    return build_expression(read_text(text), text, NAME)
