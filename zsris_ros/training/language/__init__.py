"""Sentences with their parses, and a small spaCy pipeline trained on them."""
