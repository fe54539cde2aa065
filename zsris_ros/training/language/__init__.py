"""A grammar of parsed sentences, and a small spaCy pipeline trained on them."""
