"""The language model of the pocketsphinx recogniser."""
