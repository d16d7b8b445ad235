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
        return [(each.get(matching, 0), each.get("found", 0), each["expected"]) for each in parts]

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
        name="gqa",
        title="Questions",
        bank="gqa",
        roles=("detector", "visual_qa"),
        samples=partial(samples_of, "gqa"),
        baseline=BASELINES["gqa"],
    ),
    TaskKind(
        name="nlvr",
        title="Statements about two pictures",
        bank="nlvr",
        roles=("detector", "visual_qa"),
        samples=partial(samples_of, "nlvr"),
        baseline=BASELINES["nlvr"],
    ),
    TaskKind(
        name="knowtag",
        title="Knowledge tagging",
        bank="knowtag",
        roles=("detector", "language_model", "image_text_scorer"),
        samples=partial(samples_of, "knowtag"),
        details=_tagging,
    ),
    TaskKind(
        name="imgedit",
        title="Edits",
        bank="imgedit",
        roles=("detector", "face_detector", "segmenter", "masker", "image_text_scorer", "inpainter"),
        samples=partial(samples_of, "imgedit"),
        details=_editing,
    ),
    TaskKind(
        name="composition",
        title="Composition",
        bank="nlvr",  # a caption is a statement too
        roles=("detector", "visual_qa", "image_text_scorer"),
        samples=partial(samples_of, "composition"),
        baseline=BASELINES["composition"],
        group=Group(2, "a picture at a time"),
        planning=False,
    ),
    TaskKind(
        name="language",
        title="Questions about places, sizes and lists",
        bank="gqa",
        roles=("detector", "visual_qa", "segmenter", "image_text_scorer"),
        samples=partial(samples_of, "language"),
        planning=False,
        family_target=0.85,
    ),
)

MINIWORLD = Benchmark(
    name="miniworld",
    title="the miniature world",
    splits=get_args(Split),
    kinds=_KINDS,
    measures=MEASURES,
    planners=(GOLD, "examples", "transformers:visprog-mini/t5"),
    planning={"examples": 0.70, "transformers:visprog-mini/t5": 0.90},
)
"""The data set of the miniature world. Its samples have reference programs and ground truth."""
