"""The papers' figures are complete, in range, and for existing methods."""

from __future__ import annotations

import pytest

from zsris_ros.baselines.methods import method_names
from zsris_ros.evaluation.datasets.refcoco import SPLITS
from zsris_ros.evaluation.reports.published_results import PublishedRow, published_rows

REFCOCO = [(dataset, split, by) for (dataset, by), splits in SPLITS.items() for split in splits]


def row(rows: list[PublishedRow], label: str, proposals: str) -> PublishedRow:
    return next(each for each in rows if (each.label, each.proposals) == (label, proposals))


def test_the_figures_of_the_methods():
    rows = published_rows("refcoco", "testA")
    assert row(rows, "HybridGL", "SAM").figures == {"oiou": 0.4452, "miou": 0.5337}
    assert row(rows, "Best proposal", "FreeSOLO").figures == {"oiou": 0.4252, "miou": 0.4662}
    assert row(published_rows("phrasecut", "test"), "HybridGL", "SAM").figures["miou"] == 0.3698
    true_masks = row(published_rows("refcocog", "val"), "Global-Local CLIP", "COCO's true masks")
    assert true_masks.figures == {"oiou": 0.5101}


def test_ablation_rows_come_for_their_own_method_only():
    assert not any(each.ablation for each in published_rows("refcocog", "val"))
    found = published_rows("refcocog", "val", "features-g2l-start9")
    assert [each.figures["miou"] for each in found if each.ablation] == [0.4864]


def test_google_s_splits_are_others():
    google = published_rows("refcocog", "val", split_by="google")
    assert row(google, "Global-Local CLIP", "FreeSOLO").figures["miou"] == 0.3279
    assert published_rows("refcoco", "val", split_by="google") == []
    assert published_rows("tabletop", "val") == [] and published_rows("None", "None") == []


@pytest.mark.parametrize("method", [None, *method_names()])
def test_every_row_is_sound(method: str | None):
    for dataset, split, by in [
        *REFCOCO,
        ("phrasecut", "test", None),
        ("phrasecut", "unseen", None),
    ]:
        for each in published_rows(dataset, split, method, by):
            assert each.source and each.label and each.figures
            assert all(0 < value < 1 for value in each.figures.values())
            assert each.method is None or each.method in method_names()
