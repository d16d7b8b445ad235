"""Every text is readable: its colour has a contrast of at least 4.5 to its background."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "visprog"
PAGE = (PACKAGE / "trace" / "page.css").read_text("utf-8")
STYLES = {
    "trace": PAGE,
    "demo": (PACKAGE / "miniworld" / "demo.css").read_text("utf-8"),
    "report": (PACKAGE / "evaluation" / "report.css").read_text("utf-8"),
    "gallery": (PACKAGE.parent / "examples" / "gallery" / "page.css").read_text("utf-8"),
}
BACKGROUNDS = ("page", "card", "wash", "bad-wash", "warn-wash")
LEAST = 4.5

Color = tuple[float, ...]


def _color(text: str) -> Color:
    """Return red, green, blue and opacity in 0 to 1."""
    digits = text.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    values = [int(digits[place : place + 2], 16) / 255 for place in range(0, len(digits), 2)]
    return (*values, 1.0) if len(values) == 3 else tuple(values)


def _over(top: Color, below: Color) -> Color:
    return (*(a * top[3] + b * (1 - top[3]) for a, b in zip(top[:3], below[:3], strict=True)), 1.0)


def _mixed(one: Color, share: float, other: Color) -> Color:
    return tuple(a * share + b * (1 - share) for a, b in zip(one, other, strict=True))


def _luminance(color: Color) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: Color, other: Color) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _variables(text: str) -> dict[str, Color]:
    return {name: _color(value) for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]+);", text)}


def _schemes() -> dict[str, dict[str, Color]]:
    light, dark, paper = re.findall(r":root \{(.*?)\}", PAGE, re.DOTALL)
    bases = _variables(light)
    return {"light": bases, "dark": bases | _variables(dark), "paper": bases | _variables(paper)}


SCHEMES = _schemes()
TEXTS = sorted(
    {name for css in STYLES.values() for name in re.findall(r"(?<![-\w])color: var\(--([\w-]+)\)", css)}
)


def test_the_contrast_of_known_colours() -> None:
    assert _contrast(_color("#000"), _color("#fff")) == pytest.approx(21)
    assert _contrast(_color("#8b8e96"), _color("#fbfaf8")) == pytest.approx(3.1, abs=0.1)


def test_every_colour_of_a_text_is_known() -> None:
    assert {"ink", "soft", "faint", "accent"} <= set(TEXTS) <= set(SCHEMES["light"])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_have_contrast_on_every_background(scheme: str, text: str) -> None:
    colors = SCHEMES[scheme]
    plain = {name: colors[name] for name in BACKGROUNDS}
    lit = {f"{name}, lit": _over(colors["glow"], colors[name]) for name in ("page", "card")}
    found = {name: round(_contrast(colors[text], color), 2) for name, color in (plain | lit).items()}
    assert {name: ratio for name, ratio in found.items() if ratio < LEAST} == {}


@pytest.mark.parametrize("style", STYLES)
def test_a_rule_with_its_own_colour_has_its_own_background(style: str) -> None:
    for rule in re.findall(r"\{([^{}]*)\}", STYLES[style]):
        own = re.search(r"(?<![-\w])color: (#[0-9a-f]+)", rule)
        behind = re.search(r"background: (#[0-9a-f]+|var\(--deep\))", rule)
        if own is None:
            continue
        assert behind is not None, rule
        if behind[1].startswith("#"):
            worst = min(
                _contrast(_color(own[1]), _over(_color(behind[1]), _color(end))) for end in ("#fff", "#000")
            )
            assert worst >= LEAST, rule


def test_labels_of_regions_are_readable_in_every_colour() -> None:
    deep = [_color(value) for value in re.findall(r"--deep: (#[0-9a-f]+)", PAGE)]
    assert len(deep) == 8
    assert min(_contrast(_color("#fff"), color) for color in deep) >= LEAST


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_on_bars_and_marks_of_a_report_are_readable(scheme: str) -> None:
    light, dark = re.findall(r"\.report \{(.*?)\}", STYLES["report"])
    tones = _variables(light) | (_variables(dark) if scheme == "dark" else {})
    colors = SCHEMES[scheme]
    for name in ("right", "perception", "planner", "logic"):
        assert _contrast(_color("#101114"), tones[name]) >= LEAST, name
    for name in ("right", "logic"):
        words = _mixed(tones[name], 0.55, colors["ink"])
        for behind in ("page", "card"):
            assert _contrast(words, _over((*tones[name][:3], 0.16), colors[behind])) >= LEAST, (name, behind)


def test_no_text_is_faded() -> None:
    faded = re.findall(r"^([^{\n]*)\{[^}]*(?<![-\w])opacity: \.\d", "\n".join(STYLES.values()), re.MULTILINE)
    assert [rule.strip() for rule in faded] == [
        ".crowd .layer:has(.lit, .region:hover) .region:not(:hover, .lit)"
    ]
