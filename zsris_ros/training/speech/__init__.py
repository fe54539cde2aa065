"""Training of the pocketsphinx recogniser's language model."""
