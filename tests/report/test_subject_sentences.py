"""Sentences that one subject alone has: classes, clusters, gains, tiles, truth."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from insarcast.report.checks import truth_words
from insarcast.report.made import cluster_words, tile_words
from insarcast.report.scores import choice_words, class_words, gain_words
from insarcast.report.scores.scoring import ClassScore
from tests.report.reading import plain

CASES: list[tuple[Callable[..., str], tuple[Any, ...], str]] = [
    (cluster_words.alike, ([], []), "No pixel could be put into a cluster."),
    (cluster_words.alike, ([7], [-0.2]), "All 7 pixels are one cluster, which stands still (below 1 mm/yr)."),
    (
        cluster_words.alike,
        ([30, 60, 10], [-118.0, -20.0, 6.0]),
        "The used pixels fall into 3 clusters; cluster 1 (30 % of them) moves away from the satellite at 118 mm/yr, "
        "cluster 3 (10 %) moves towards the satellite at 6 mm/yr.",
    ),
    (tile_words.times, (1,), "once"),
    (tile_words.times, (2,), "twice"),
    (tile_words.times, (3,), "3 times"),
    (tile_words.ordinal, (1,), "1st"),
    (tile_words.ordinal, (13,), "13th"),
    (tile_words.ordinal, (22,), "22nd"),
    (tile_words.named, ([7],), "tile 7"),
    (tile_words.named, ([1, 2, 3],), "tiles 1, 2 and 3"),
    (tile_words.named, (list(range(9)),), "9 tiles"),
    (tile_words.cover, (1, 0, 60, 72), "One tile of 60 × 72 pixels covers the scene."),
    (
        tile_words.cover,
        (1, 1, 60, 72),
        "One tile of 60 × 72 pixels covers the scene. It has too few usable pixels and is skipped.",
    ),
    (tile_words.cover, (9, 1, 48, 48), "9 tiles of 48 × 48 pixels cover the scene; 1 of them has too few usable pixels."),
    (tile_words.seams, ("convlstm", None, None), "The map of ConvLSTM has no seam."),
    (
        tile_words.seams,
        ("convlstm", 1.02, 1.4),
        "Blending brought the median jump across seams of ConvLSTM from 1.40 to 1.02 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 0.5, 1.1),
        "Blending did not help: it moved the median jump across seams of ConvLSTM from 1.10 to 0.50 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 1.1, 1.1),
        "Blending left the median jump across seams of ConvLSTM at 1.10 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 1.1, None),
        "In the map of ConvLSTM the median jump across seams is 1.10 times that beside them.",
    ),
    (tile_words.trained, ("convlstm", 0, 0, None), "ConvLSTM was not trained."),
    (tile_words.trained, ("convlstm", 1, 1, None), "ConvLSTM was trained once on 1 tile."),
    (
        tile_words.trained,
        ("convlstm_global", 2, 0, 12.0),
        "ConvLSTM global was trained twice on all tiles together: in 2 of 2 trainings an epoch beat the start (the simple forecast "
        "that it corrects), the 12th in the median.",
    ),
    (
        tile_words.trained,
        ("convlstm", 6, 3, 4.0, 2),
        "ConvLSTM was trained 6 times on 3 tiles: in 4 of 6 trainings an epoch beat the start (the simple forecast that it corrects), "
        "the 4th in the median; in 2 of 6 trainings no epoch did, and the start was kept.",
    ),
    (
        tile_words.trained,
        ("convlstm", 6, 3, 0.0, 6),
        "ConvLSTM was trained 6 times on 3 tiles, but in none of them an epoch beat the start (the simple forecast that it corrects), "
        "which was kept.",
    ),
    (
        tile_words.trained,
        ("convlstm_finetuned", 1, 1, 0.0, 1),
        "ConvLSTM finetuned was trained once on 1 tile, but no epoch beat the start (the network of all tiles), which was kept.",
    ),
    (tile_words.start_of, ("convlstm_finetuned",), "the network of all tiles"),
    (tile_words.retried, ("convlstm", 7, 3), "ConvLSTM: tile 7 failed twice and was trained with another seed."),
    (tile_words.many_retried, ("convlstm", 12), "ConvLSTM: 12 tiles failed at first and were trained with another seed."),
    (tile_words.left_out, ("convlstm", [], []), ""),
    (
        tile_words.left_out,
        ("convlstm", [3], [1, 2]),
        "ConvLSTM: tile 3 failed and tiles 1 and 2 were skipped (reasons in the record).",
    ),
    (
        tile_words.summary,
        ("convlstm", ["trained", "failed", "trained"], {"tiles": [4, 5], "ratio": 1.3}),
        "ConvLSTM, tiles: 2 trained, 1 failed;    worst seam 1.30, tiles 4 and 5",
    ),
    (tile_words.summary, ("convlstm", ["skipped"], {}), "ConvLSTM, tiles: 1 skipped"),
    (
        gain_words.gains,
        ("linear", 0.78, 0.54),
        "Linear has a smaller mean error than “nothing changes” in 78 % of the pixels, and in 54 % of the single values.",
    ),
    (
        gain_words.gains,
        ("drift", 0.001, 0.2, "the newest choice"),
        "Drift (the newest choice) has a smaller mean error than “nothing changes” in less than 1 % of the pixels, "
        "and in 20 % of the single values.",
    ),
    (
        gain_words.likeness,
        ("linear", 1, 0.553, -0.02),
        "At 1 step the maps of change by linear have a structural similarity (SSIM) of 0.55 to those observed; "
        "“nothing changes” has -0.02.",
    ),
    (
        gain_words.likeness,
        ("linear", 2, 0.553, None),
        "At 2 steps the maps of change by linear have a structural similarity (SSIM) of 0.55 to those observed.",
    ),
    (
        truth_words.notice,
        (["basin"], True),
        "This scene is simulated: a computer made its ground motion, atmosphere and noise, and no satellite has seen it. "
        "Nothing here tells anything about a real place.",
    ),
    (
        truth_words.notice,
        (["A", "B"], False),
        "A and B are simulated: a computer made its ground motion, atmosphere and noise, and no satellite has seen it. "
        "Nothing here tells anything about a real place.",
    ),
    (truth_words.place_of, ("bowl",), "in the bowls"),
    (truth_words.place_of, ("urban_edge",), "on ground of the kind “urban edge”"),
    (truth_words.cube, ({}, None, None), "The displacement could not be compared with the truth."),
    (truth_words.cube, ({}, 5.0, None), "The displacement is 5 mm from the truth (rms)."),
    (
        truth_words.cube,
        ({"stable": 4.0, "bowl": 6.0}, 5.0, 2.5),
        "The displacement is 4 mm from the truth on stable ground and 6 mm in the bowls (rms); the troposphere explains most of it: "
        "with it as part of the truth, 2 mm are left.",
    ),
    (
        truth_words.cube,
        ({"stable": 4.0}, 5.0, 4.2),
        "The displacement is 4 mm from the truth on stable ground (rms); the troposphere explains part of it: "
        "with it as part of the truth, 4 mm are left.",
    ),
    (
        truth_words.cube,
        ({"stable": 4.0}, 5.0, 4.9),
        "The displacement is 4 mm from the truth on stable ground (rms); the troposphere explains little of it: "
        "with it as part of the truth, 5 mm are left.",
    ),
    (truth_words.forecast, ("linear", None, 2.0), "No forecast could be compared with the truth."),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm; against the noisy observation it is 8.2 mm.",
    ),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2, 0.42),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm, which is better than “nothing changes” "
        "(skill +0.42); against the noisy observation it is 8.2 mm.",
    ),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2, -0.1),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm, which is no better than “nothing changes” "
        "(skill -0.10); against the noisy observation it is 8.2 mm.",
    ),
    (class_words.label, ("200 and above",), "200 mm/yr and above"),
    (class_words.label, ("10 to 50",), "10 to 50 mm/yr"),
    (
        class_words.fastest,
        ("ConvLSTM", ClassScore("100 to 200", 4995, 8.37, 7.75, "drift", 4.4)),
        "In the fastest class (100 to 200 mm/yr, 4 995 values) ConvLSTM errs more than “nothing changes”: 8.4 against 7.8 mm; "
        "drift does best there (4.4 mm), but that is known only afterwards.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 1, 9.0, 7.0, "persistence", 7.0)),
        "In the fastest class (50 mm/yr and above, 1 value) linear errs more than “nothing changes”: 9.0 against 7.0 mm; "
        "no model does better there.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 9, 5.0, 7.0, "linear", 5.0)),
        "In the fastest class (50 mm/yr and above, 9 values) linear errs less than “nothing changes”: 5.0 against 7.0 mm; "
        "no model errs less there.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 9, 7.0, 7.0, "drift", 6.0)),
        "In the fastest class (50 mm/yr and above, 9 values) linear errs as much as “nothing changes”: 7.0 against 7.0 mm; "
        "drift does best there (6.0 mm), but that is known only afterwards.",
    ),
    (
        class_words.classes,
        (
            "linear",
            [
                ClassScore("below 10", 9, 4.8, 5.4, "linear", 4.8),
                ClassScore("10 to 50", 9, 5.01, 4.96, "drift", 4.55),
                ClassScore("50 and above", 9, 6.9, 6.0, "persistence", 6.0),
            ],
        ),
        "Linear errs less than “nothing changes” in 1 of 3 velocity classes: 4.8 against 5.4 mm below 10 mm/yr, "
        "5.01 against 4.96 mm at 10 to 50 mm/yr (best: drift, 4.5 mm) and 6.9 against 6.0 mm at 50 mm/yr and above.",
    ),
    (choice_words.who, ("chosen", True), "the automatic choice (at each origin the model with the best past skill)"),
    (choice_words.who, ("linear", True), "linear, chosen by past skill,"),
    (
        choice_words.told,
        ('On 2 origins, convlstm does best: 6.4 mm against 8.0 mm for "nothing changes".', "convlstm"),
        "On 2 origins, ConvLSTM does best: 6.4 mm against 8.0 mm for “nothing changes”.",
    ),
]


@pytest.mark.parametrize(("sentence", "arguments", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_sentence(sentence: Callable[..., str], arguments: tuple[Any, ...], expected: str) -> None:
    assert plain(sentence(*arguments)) == expected


def test_every_sentence_is_tested() -> None:
    tested = {case[0] for case in CASES}
    for module in (class_words, cluster_words, gain_words, tile_words, truth_words):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                assert function in tested, (module.__name__, name)
