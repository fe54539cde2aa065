"""Calibration: fitting and measuring scores and verdicts."""
