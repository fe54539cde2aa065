"""The scores of all masks for one noun phrase, from semantics, places, relations and order."""
