"""Places that carry or hold most objects of a scene, and groups of objects."""

from __future__ import annotations

from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import word_set

FURNITURE = word_set("""
    rack ledge bookshelf bed couch sofa chair armchair bench stool seat rug carpet mat drawer
    compartment
""")
"""Supports that stand among other objects: "left of the chair" is a relation to the chair."""

SUPPORTS = FURNITURE | lex.VIEW | word_set("""
    table tables tabletop desk counter countertop worktop workbench worksurface surface workspace
    shelf shelves floor ground wall street road sidewalk grass field room kitchen bathroom bedroom
    office garage workshop reach tier level
""")  # fmt: skip
"""Objects and places that carry or hold most other objects of a scene."""

GROUPS = word_set("""
    row rows line lineup group bunch column queue collection everything all rest others everyone
    everybody
""")
"""Groups of objects: "left of the group" is a position among its objects."""
