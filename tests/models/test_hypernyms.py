from __future__ import annotations

import pytest

from visprog.errors import ModelError
from visprog.models.backends.opencv.hypernyms import (
    COCO_CLASSES,
    NARROWER_WORDS,
    WIDER_WORDS,
    classes_named,
)
from visprog.nouns import plural

VOC_SPELLING = tuple(
    {"motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa", "potted plant": "pottedplant",
     "dining table": "diningtable", "tv": "tvmonitor"}.get(name, name)
    for name in COCO_CLASSES
)  # fmt: skip


def found(noun: str, classes: tuple[str, ...] = COCO_CLASSES) -> list[str]:
    return [COCO_CLASSES[place] for place in classes_named(noun, classes, "the detector")]


@pytest.mark.parametrize("classes", [COCO_CLASSES, VOC_SPELLING])
@pytest.mark.parametrize("name", COCO_CLASSES)
def test_a_class_is_known_by_its_name_and_its_plural_however_a_data_set_spells_it(
    name: str, classes: tuple[str, ...]
) -> None:
    head, _, last = name.rpartition(" ")
    assert found(name, classes) == [name]
    assert found(f"the {head} {plural(last)}", classes) == [name]


@pytest.mark.parametrize(
    ("noun", "name"),
    [("bike", "bicycle"), ("sofas", "couch"), ("Motorbikes", "motorcycle"), ("aircraft", "airplane"),
     ("television", "tv"), ("TVs", "tv"), ("cellphone", "cell phone"), ("traffic-lights", "traffic light"),
     ("fridge", "refrigerator"), ("mice", "mouse"), ("ski", "skis"), ("doughnuts", "donut"),
     ("people", "person"), ("men", "person"), ("woman", "person"), ("children", "person"), ("boys", "person"),
     ("girl", "person"), ("policemen", "person"), ("puppies", "dog"), ("football", "sports ball")],
)  # fmt: skip
def test_other_names_and_narrower_words_mean_their_class(noun: str, name: str) -> None:
    assert found(noun) == [name]
    assert found(noun, VOC_SPELLING) == [name]


@pytest.mark.parametrize(
    ("noun", "some", "without"),
    [
        ("animals", {"bird", "dog", "giraffe"}, {"person", "teddy bear"}),
        ("vehicle", {"car", "boat", "airplane", "bicycle"}, {"skateboard"}),
        ("food", {"banana", "pizza", "hot dog"}, {"dog", "fork"}),
        ("fruits", {"banana", "apple", "orange"}, {"carrot"}),
        ("furniture", {"chair", "couch", "dining table", "bed"}, {"tv"}),
        ("electronics", {"laptop", "cell phone", "tv"}, {"microwave"}),
        ("bags", {"backpack", "handbag", "suitcase"}, {"tie"}),
    ],
)
def test_a_wider_word_stands_for_its_classes(noun: str, some: set[str], without: set[str]) -> None:
    for classes in (COCO_CLASSES, VOC_SPELLING):
        names = set(found(noun, classes))
        assert some <= names
        assert not without & names


def test_a_class_of_that_name_is_preferred_to_what_a_word_stands_for() -> None:
    assert classes_named("animals", ("dog", "animal"), "it") == [1]
    assert classes_named("man", ("person", "man", "woman"), "it") == [1]
    assert classes_named("bike", ("bike", "bicycle"), "it") == [0]


@pytest.mark.parametrize("noun", ["kettle", "penguin", "carpet", "hot", "bear trap", "", "???"])
def test_a_noun_that_names_no_class_is_an_error_that_lists_them(noun: str) -> None:
    with pytest.raises(ModelError) as caught:
        found(noun)
    assert repr(noun) in caught.value.message
    assert all(name in str(caught.value.help) for name in COCO_CLASSES)


def test_a_class_with_an_adjective_is_told_how_to_ask() -> None:
    with pytest.raises(ModelError) as caught:
        found("red cars")
    assert "`car`" in str(caught.value.help)
    assert "Filter" in str(caught.value.help)


def test_a_misspelt_class_is_corrected_in_the_message() -> None:
    with pytest.raises(ModelError, match="giraf") as caught:
        found("giraf")
    assert "did you mean `giraffe`" in str(caught.value.help)


@pytest.mark.parametrize("word", WIDER_WORDS)
def test_a_wider_word_stands_for_all_classes_of_its_list(word: str) -> None:
    listed = [name.strip() for name in WIDER_WORDS[word].split(",")]
    assert set(listed) <= set(COCO_CLASSES)
    assert [COCO_CLASSES[place] for place in classes_named(word, COCO_CLASSES, "a model")] == [
        name for name in COCO_CLASSES if name in listed
    ]


@pytest.mark.parametrize("kind", NARROWER_WORDS)
def test_a_narrower_word_stands_for_its_class(kind: str) -> None:
    for word in NARROWER_WORDS[kind].split(","):
        assert classes_named(word, COCO_CLASSES, "a model") == [COCO_CLASSES.index(kind)]
