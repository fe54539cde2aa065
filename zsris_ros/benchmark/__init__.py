"""How long an answer takes, stage by stage, beside what the published pipelines would take.

``networks`` are the models at their real sizes and ``inputs`` a fixed picture with fixed masks;
``plans`` are ways to answer, ``published`` the named baseline among them; ``stopwatch`` and
``flops`` measure, ``measuring`` repeats, ``curves`` varies the inputs and ``report`` makes README's
table and the charts.
"""
