"""Evaluation: data sets, metrics, experiments, calibration and reports."""
