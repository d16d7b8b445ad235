from __future__ import annotations

import pytest

from visprog.models.fake import FakeLanguageModel
from visprog.modules.knowledge.list import items_of, list_known


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("Sheldon\nLeonard\nPenny", ["Sheldon", "Leonard", "Penny"]),
        ("1. Sheldon\n2. Leonard\n3) Penny", ["Sheldon", "Leonard", "Penny"]),
        ("Here are the characters:\n\n- Sheldon\n- Leonard\n\nHope this helps!", ["Sheldon", "Leonard"]),
        ("* **Sheldon**\n* *Leonard*", ["Sheldon", "Leonard"]),
        ("• Sheldon\n• Leonard", ["Sheldon", "Leonard"]),
        ('["Sheldon", "Leonard"]', ["Sheldon", "Leonard"]),
        ('```json\n["Sheldon", "Leonard"]\n```', ["Sheldon", "Leonard"]),
        ("Sheldon, Leonard, and Penny.", ["Sheldon", "Leonard", "Penny"]),
        ("Sheldon, Leonard and Penny", ["Sheldon", "Leonard", "Penny"]),
        ("Sure, the list: Sheldon; Leonard; Penny", ["Sheldon", "Leonard", "Penny"]),
        ("'Sheldon', \"Leonard\", “Penny”", ["Sheldon", "Leonard", "Penny"]),
        ("Sheldon.\nsheldon\nLeonard,", ["Sheldon", "Leonard"]),
        ("Robert Downey Jr.\nSamuel L.", ["Robert Downey Jr.", "Samuel L."]),
        ("London, England\nParis, France", ["London, England", "Paris, France"]),
        ("Spider-Man\nX-Men: First Class", ["Spider-Man", "X-Men: First Class"]),
        ("100 Grand\n3 Musketeers", ["100 Grand", "3 Musketeers"]),
        ("<think>Let me list:\n- Raj\n- Amy\n</think>\n\nSheldon\nLeonard", ["Sheldon", "Leonard"]),
        ("- Raj\n</think>\nSheldon\nLeonard", ["Sheldon", "Leonard"]),
        ("[THINK]Who?[/THINK]Sheldon, Leonard<|im_end|>", ["Sheldon", "Leonard"]),
        ("<think>[1]</think>1. **Sheldon**\n2. **Leonard**</s>", ["Sheldon", "Leonard"]),
        ("**1. Sheldon**\n**2. Leonard**", ["Sheldon", "Leonard"]),
        ("**The characters:**\n\nSheldon\nLeonard", ["Sheldon", "Leonard"]),
        ("<ul><li>Sheldon</li><li>Leonard</li></ul>", ["Sheldon", "Leonard"]),
        ("<answer>\nSheldon\nLeonard\n</answer>", ["Sheldon", "Leonard"]),
        ("```\nSheldon\nLeonard\n```", ["Sheldon", "Leonard"]),
        ('{"characters": ["Sheldon", "Leonard"]}', ["Sheldon", "Leonard"]),
        ('[{"name": "Sheldon", "age": 30}, {"name": "Leonard"}]', ["Sheldon", "Leonard"]),
        ("1\\. Sheldon\n2\\. Leonard", ["Sheldon", "Leonard"]),
        ("1 - Sheldon\n2 - Leonard", ["Sheldon", "Leonard"]),
        ("1、Sheldon\n2、Leonard", ["Sheldon", "Leonard"]),
        ("①Sheldon\n②Leonard", ["Sheldon", "Leonard"]),
        ("> Sheldon\n> Leonard", ["Sheldon", "Leonard"]),
        ("- [ ] Sheldon\n- [x] Leonard", ["Sheldon", "Leonard"]),
        ("1. Sheldon, 2. Leonard", ["Sheldon", "Leonard"]),
        ("Sheldon、Leonard，Penny", ["Sheldon", "Leonard", "Penny"]),
        (
            "1. **Sheldon** - a physicist\n2. **Leonard**: another\n3. **Penny:** a friend",
            ["Sheldon", "Leonard", "Penny: a friend"],
        ),
        ("| # | Name |\n|---|:--|\n| 1 | Sheldon |\n| 2 | Leonard |", ["Sheldon", "Leonard"]),
        ("| # | Name |\n|---|:--|\n| 1. | Sheldon |\n| 2. | Leonard |", ["Sheldon", "Leonard"]),
        ("### Characters\nSheldon\nLeonard", ["Sheldon", "Leonard"]),
        ("**Answer:** Sheldon, Leonard", ["Sheldon", "Leonard"]),
        (r"\boxed{Sheldon, Leonard}", ["Sheldon", "Leonard"]),
        ("['Sheldon', 'Leonard']", ["Sheldon", "Leonard"]),
        ("[Sheldon, Leonard]", ["Sheldon", "Leonard"]),
        ('{"1": "Sheldon", "2": "Leonard"}', ["Sheldon", "Leonard"]),
        (
            '[{"name": "Sheldon", "actor": "Jim"}, {"name": "Leonard", "actor": "John"}]',
            ["Sheldon", "Leonard"],
        ),
        ("Sheldon\nLeonard\n\nNote: there are more.", ["Sheldon", "Leonard"]),
        ("Sheldon\nLeonard\nUser: And?\nAssistant: Raj", ["Sheldon", "Leonard"]),
        ("J. R. R. Tolkien\nC. S. Lewis", ["J. R. R. Tolkien", "C. S. Lewis"]),
        ("a. Sheldon\nb. Leonard", ["Sheldon", "Leonard"]),
        ("*NSYNC\nGuns N' Roses\nC++", ["*NSYNC", "Guns N' Roses", "C++"]),
        ("vector<int>\na < b", ["vector<int>", "a < b"]),
        ("1984\n12 Monkeys", ["1984", "12 Monkeys"]),
        ("<think>I never come to an", []),
        ("", []),
        ("[broken", ["[broken"]),
        ("[]", []),
    ],
)
def test_lists_are_read_as_language_models_write_them(answer: str, items: list[str]) -> None:
    assert items == items_of(answer, 10)


def test_a_name_with_and_stays_whole_if_one_item_is_asked_for() -> None:
    assert items_of("Simon and Garfunkel", 1) == ["Simon and Garfunkel"]


def test_at_most_max_items_are_returned() -> None:
    model = FakeLanguageModel(["a\nb\nc\nd"])
    assert list_known("letters", 2, language_model=model, warn=pytest.fail) == ["a", "b"]


def test_twenty_items_are_returned_by_default() -> None:
    model = FakeLanguageModel(["\n".join(f"item {i}" for i in range(50))])
    assert len(list_known("things", language_model=model, warn=pytest.fail)) == 20


def test_the_question_and_the_number_reach_the_model() -> None:
    model = FakeLanguageModel(["a"])
    list_known("main characters", 7, language_model=model, warn=pytest.fail)
    assert "main characters" in model.conversations[0][-1].content
    assert "7" in model.conversations[0][-1].content


def test_an_empty_answer_gives_a_warning() -> None:
    remarks: list[str] = []
    assert list_known("things", language_model=FakeLanguageModel([" "]), warn=remarks.append) == []
    assert "nothing" in remarks[0]


def test_a_list_of_no_items_calls_no_model() -> None:
    remarks: list[str] = []
    assert list_known("things", 0, language_model=FakeLanguageModel([]), warn=remarks.append) == []
    assert remarks
