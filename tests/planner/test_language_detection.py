from __future__ import annotations

import pytest

from visprog import VisProg
from visprog.errors import PlanError
from visprog.planner.bank import read_bank
from visprog.planner.language_detection import is_english
from visprog.prompts import BANKS, bank_text

FOREIGN = [
    "Wie viele Gesichter sind auf dem Bild?",
    "Verberge das Gesicht mit 8)",
    "Combien de visages y a-t-il sur l'image ?",
    "Remplace le ciel",
    "¿Cuántas caras hay en la foto?",
    "Quante persone ci sono nella foto?",
    "Quantas pessoas há na imagem?",
    "Hoeveel mensen zijn er op de foto?",
    "Hur många ansikten finns på bilden?",
    "Ile osób jest na zdjęciu?",
    "Resimde kaç kişi var?",
    "写真には何人いますか",
    "照片里有几个人?",
    "사진에 얼굴이 몇 개 있나요?",
    "Сколько лиц на фото?",
    "كم عدد الوجوه في الصورة؟",
    "כמה פנים בתמונה?",
    "तस्वीर में कितने चेहरे हैं?",
    "Πόσα πρόσωπα υπάρχουν;",
]

PAIRS = [
    "The left and right image contains a total of six people.",
    "There is one dog in each image",
    "In both pictures there is a cat",
    "Both images contain dogs",
    "There are two birds in the left image and none in the right image",
]


@pytest.fixture(scope="module")
def session() -> VisProg:
    return VisProg(planner="examples")


@pytest.mark.parametrize("instruction", FOREIGN)
def test_an_instruction_in_another_language_is_an_error_that_says_so(
    session: VisProg, instruction: str
) -> None:
    with pytest.raises(PlanError) as caught:
        session.plan(instruction, ("IMAGE",))
    assert caught.value.message == f"this instruction is not in English: {instruction}"
    assert caught.value.help is not None
    assert caught.value.help.startswith("say it in English")
    assert "--planner openai" in caught.value.help


@pytest.mark.parametrize("task", BANKS)
def test_every_instruction_of_the_banks_is_english(task: str) -> None:
    instructions = [example.instruction for example in read_bank(bank_text(task), task).examples]
    assert len(instructions) > 20
    assert [each for each in instructions if not is_english(each)] == []


@pytest.mark.parametrize(
    "instruction",
    [
        "Tag La Gioconda",
        "Tag Zoë Müller",
        "Hide 猫",
        "Tag 'Владимир'",
        "Blur das Auto",
        "Hide the faces with 😀",
        "dogs?",
        ":)",
    ],
)
def test_english_with_foreign_names_is_english(instruction: str) -> None:
    assert is_english(instruction)


@pytest.mark.parametrize("instruction", PAIRS)
def test_a_statement_about_two_pictures_needs_two(session: VisProg, instruction: str) -> None:
    with pytest.raises(PlanError) as caught:
        session.plan(instruction, ("IMAGE",))
    assert caught.value.message.startswith("this compares two pictures, and only IMAGE was given: ")
    assert caught.value.help == "give two pictures: the first one is LEFT, the second one is RIGHT"


@pytest.mark.parametrize("instruction", ["Replace the sky", "xyzzy plugh", "Improve the mood of it all"])
def test_no_hint_suggests_a_task_that_does_not_fit_the_wording(session: VisProg, instruction: str) -> None:
    with pytest.raises(PlanError) as caught:
        session.plan(instruction, ("IMAGE",))
    assert "--task" not in (caught.value.help or "")
