"""Referring expressions from text.

>>> from zsris_ros.language import parse
>>> parse("please grab the second red mug from the left", parser="rules").target.ordinal
Ordinal(index=2, side='left')
"""

from __future__ import annotations

from zsris_ros.language.parsers import Parser, load_parser, parse, to_json

__all__ = ["Parser", "load_parser", "parse", "to_json"]
