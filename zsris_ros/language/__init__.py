"""Words to Expression: what was asked, as data.

>>> from zsris_ros.language import parse
>>> parse("please grab the second red mug from the left", parser="rules").ordinal
Ordinal(index=2, side='left')
"""

from __future__ import annotations

from zsris_ros.language import Parser, load_parser, parse, to_json

__all__ = ["Parser", "load_parser", "parse", "to_json"]
