"""Data sets in their published file formats, as frames with true masks and expressions."""
