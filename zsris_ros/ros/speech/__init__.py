"""The speech node."""
