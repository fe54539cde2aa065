"""Figures, tables and pages from what an evaluation wrote."""
