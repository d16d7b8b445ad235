"""The data set `miniworld`: kinds of tasks in drawn scenes, and measures of single tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import get_args

from visprog.evaluation.benchmark import GOLD, Benchmark, Group, Score, TaskKind
from visprog.evaluation.benchmarks.miniworld.baselines import BASELINES
from visprog.evaluation.benchmarks.miniworld.perception import MEASURES
from visprog.evaluation.benchmarks.miniworld.samples import samples_of
from visprog.evaluation.metrics import f1, precision, recall
from visprog.evaluation.statistics import Figure, bootstrap, figure, mean, proportion
from visprog.miniworld.scene import Split


def _tagging(scores: Sequence[Score]) -> Iterator[Figure]:
    def counts(matching: str) -> list[tuple[float, float, float]]:
        parts = [score.parts for score in scores]
        return [(each.get(matching, 0), each.get("found", 0), each["wanted"]) for each in parts]

    for name, statistic in (("precision", precision), ("recall", recall), ("F1", f1)):
        yield figure(f"tags: {name}", bootstrap(counts("matched"), statistic))
    yield figure("localisation F1", bootstrap(counts("located"), f1))


def _editing(scores: Sequence[Score]) -> Iterator[Figure]:
    """Yield the figures of edits. Failed edits have no IoU and show nothing; the other figures omit them."""
    parts = [score.parts for score in scores]
    shows = [each["shows"] == 1.0 for each in parts if "shows" in each]
    yield figure("mask IoU", mean([each.get("iou", 0.0) for each in parts]))
    exact = [each["outside"] == 1.0 for each in parts if "outside" in each]
    kept = [each["kept"] for each in parts if "kept" in each]
    if exact:
        yield figure("edits that change no pixel outside their mask", proportion(exact))
    if kept:
        yield figure("other pixels left unchanged", mean(kept))
    if shows:
        yield figure("painted region recognised", proportion(shows))


_KINDS = (
    TaskKind(
        "gqa",
        "Questions",
        "gqa",
        ("detector", "visual_qa"),
        partial(samples_of, "gqa"),
        baseline=BASELINES["gqa"],
    ),
    TaskKind(
        "nlvr",
        "Statements about two pictures",
        "nlvr",
        ("detector", "visual_qa"),
        partial(samples_of, "nlvr"),
        baseline=BASELINES["nlvr"],
    ),
    TaskKind(
        "knowtag",
        "Knowledge tagging",
        "knowtag",
        ("detector", "language_model", "image_text_scorer"),
        partial(samples_of, "knowtag"),
        details=_tagging,
    ),
    TaskKind(
        "imgedit",
        "Edits",
        "imgedit",
        ("detector", "face_detector", "segmenter", "masker", "image_text_scorer", "inpainter"),
        partial(samples_of, "imgedit"),
        details=_editing,
    ),
    TaskKind(
        "composition",
        "Composition",
        "nlvr",  # a caption is a statement too
        ("detector", "visual_qa", "image_text_scorer"),
        partial(samples_of, "composition"),
        baseline=BASELINES["composition"],
        group=Group(2, "a picture at a time"),
        planning=False,
    ),
)

MINIWORLD = Benchmark(
    "miniworld",
    "the miniature world",
    get_args(Split),
    _KINDS,
    MEASURES,
    planners=(GOLD, "examples", "transformers:visprog-mini/t5"),
    planning={"examples": 0.70, "transformers:visprog-mini/t5": 0.90},
)
