"""Fitting and measuring what scores and verdicts mean."""
