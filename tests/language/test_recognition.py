from __future__ import annotations

from pathlib import Path

import pytest

from visprog.language.recognition import guess_format

CASES = Path(__file__).parents[1] / "cases"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{\n  "format": "visprog-run/1",\n  "ok": true\n}\n', "a JSON record"),
        ("[1, 2]", "a JSON record"),
        ('{"id": 1}\n{"id": 2}\n', "a file of JSON lines"),
        ('{"format": "visprog-run/1", "steps": [', "an incomplete JSON record"),
        ("<!DOCTYPE html>\n<html><body>A=B(c=1)</body></html>", "an HTML page"),
        ("\ufeff<html>", "an HTML page"),
        ('<svg xmlns="x"/>', "an XML document"),
        ("%PDF-1.7\n...", "a binary file"),
        ("GIF89a...", "a binary file"),
        ("some words\nimport os\n", "Python code"),
        ("some words\nimport os\nRESULT = Loc(image=IMAGE", None),
        ("RIFF....WEBP", "a binary file"),
        ('<?xml version="1.0"?>', "an XML document"),
        ('{"id": 1}\n{"id": 2}\n{"id": 3', "a file of JSON lines"),
        ("#!/bin/sh\nRESULT=Loc(image=IMAGE", "a shell script"),
        ("# find dogs\nimport os\nRESULT=Loc(image=IMAGE", None),
        ("\x00\x01A=Loc(image=IMAGE)", "a binary file"),
        ("#!/usr/bin/env python3\nx = f(1)\n", "Python code"),
        ("import os\n\nprint(os.getcwd())\n", "Python code"),
        ("from visprog import VisProg\n", "Python code"),
        ("def f(x):\n    return x\n", "Python code"),
        ("#!/bin/sh\necho\n", "a shell script"),
        ('[models]\ndetector = "opencv:haar"\n', "a TOML file"),
        ("", None),
        ("RESULT=Nope(image=IMAGE", None),
        ("[not json", None),
        ("some words", None),
        ("[" * 100_000, None),
    ],
)
def test_the_format_of_other_files_is_guessed(text: str, kind: str | None) -> None:
    assert guess_format(text) == kind


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.vp")), ids=lambda path: path.stem)
def test_a_program_is_not_guessed_to_be_another_format(path: Path) -> None:
    assert guess_format(path.read_text("utf-8")) is None
    assert guess_format(path.read_text("utf-8").replace(")", "")) is None
