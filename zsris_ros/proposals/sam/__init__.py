"""Mask proposals by Segment Anything and MobileSAM."""
