"""The published pipelines, computed as their code does: the baseline of every ratio."""
