"""Benchmarks: the time of an answer by stage, beside the published pipelines.

``networks`` holds the models at their real sizes and ``inputs`` a fixed image with fixed masks.
``plans`` are the compared implementations, ``published`` the baseline. ``stopwatch`` and ``flops``
measure, ``measuring`` repeats, ``curves`` varies the inputs, ``bench_tables`` and ``charts``
report.
"""
