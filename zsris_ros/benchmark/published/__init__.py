"""The published pipelines, computed as in their code: the baseline of every ratio."""
