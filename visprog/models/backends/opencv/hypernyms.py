"""Maps the nouns of a program to a detector's fixed list of classes, by plurals, other names and wider words.

A wider word means several classes (`animal` means cat, dog, ...). A word for an age, a sex or an occupation
means its class (`woman` means person, `puppy` means dog), so that more may be found than was asked for. Other
narrower words, such as `penguin`, mean no class, because a bird is not an answer to them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from visprog.errors import ModelError
from visprog.nouns import singular

COCO_CLASSES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""The classes of the COCO data set, in the order in which its detectors number them."""

_OTHER_NAMES = {
    "person": "human, human being, someone, somebody",
    "bicycle": "bike, pushbike, cycle",
    "car": "automobile, motorcar, auto, sedan, taxi, cab",
    "motorcycle": "motorbike, motor cycle, moped, scooter, motor scooter",
    "airplane": "aeroplane, plane, aircraft, jet, airliner",
    "bus": "minibus",
    "train": "locomotive",
    "truck": "lorry, pickup, pickup truck",
    "boat": "ship, sailboat, vessel, canoe, kayak, rowboat, ferry",
    "traffic light": "stoplight, traffic signal, stop light",
    "fire hydrant": "hydrant",
    "backpack": "rucksack, knapsack",
    "handbag": "purse, hand bag",
    "tie": "necktie",
    "suitcase": "luggage",
    "skis": "ski",
    "sports ball": "ball, baseball, football, soccer ball, basketball, tennis ball, volleyball",
    "baseball glove": "baseball mitt",
    "broccoli": "broccolis",
    "tennis racket": "racket, racquet, tennis racquet",
    "wine glass": "wineglass, goblet",
    "cup": "mug, teacup",
    "sandwich": "burger, hamburger",
    "donut": "doughnut",
    "couch": "sofa, settee",
    "potted plant": "plant, houseplant, pot plant",
    "dining table": "table, dinner table, dinning table",
    "tv": "television, tv monitor, monitor, tv set, television set, tv screen, tvs",
    "laptop": "laptop computer, notebook computer, computer",
    "mouse": "computer mouse",
    "remote": "remote control",
    "keyboard": "computer keyboard",
    "cell phone": "mobile phone, phone, smartphone, cellular phone, mobile, telephone, iphone",
    "microwave": "microwave oven",
    "oven": "stove",
    "sink": "basin, washbasin",
    "refrigerator": "fridge",
    "clock": "wall clock",
    "teddy bear": "teddy",
    "hair drier": "hair dryer, hairdryer, blow dryer",
    "toothbrush": "tooth brush",
}
"""The other names of the classes. Data sets spell them differently, such as `aeroplane` and `airplane`."""

NARROWER_WORDS = {
    "person": """
        man, woman, boy, girl, child, kid, baby, toddler, adult, teenager, lady, gentleman, guy, player,
        tennis player, baseball player, soccer player, rider, driver, cyclist, skier, snowboarder, surfer,
        skateboarder, pedestrian, spectator, passenger, worker, policeman, policewoman, police officer
    """,
    "cat": "kitten",
    "dog": "puppy",
    "horse": "pony, foal",
    "sheep": "lamb",
    "cow": "bull, calf, ox, cattle",
}
"""Narrower words, by the class that they mean."""

_ANIMALS = "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe"
_FRUIT = "banana, apple, orange"
_VEGETABLES = "broccoli, carrot"

WIDER_WORDS = {
    "animal": _ANIMALS,
    "creature": _ANIMALS,
    "mammal": "cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe",
    "pet": "cat, dog",
    "farm animal": "horse, sheep, cow",
    "livestock": "horse, sheep, cow",
    "vehicle": "bicycle, car, motorcycle, airplane, bus, train, truck, boat",
    "motor vehicle": "car, motorcycle, bus, truck",
    "food": f"{_FRUIT}, {_VEGETABLES}, sandwich, hot dog, pizza, donut, cake",
    "fruit": _FRUIT,
    "vegetable": _VEGETABLES,
    "furniture": "bench, chair, couch, bed, dining table",
    "seat": "bench, chair, couch",
    "electronics": "tv, laptop, mouse, remote, keyboard, cell phone",
    "electronic device": "tv, laptop, mouse, remote, keyboard, cell phone",
    "appliance": "microwave, oven, toaster, refrigerator",
    "kitchen appliance": "microwave, oven, toaster, refrigerator",
    "cutlery": "fork, knife, spoon",
    "silverware": "fork, knife, spoon",
    "utensil": "fork, knife, spoon",
    "tableware": "fork, knife, spoon, bowl, cup, wine glass",
    "drinking vessel": "cup, wine glass",
    "bag": "backpack, handbag, suitcase",
    "baggage": "backpack, suitcase",
    "sports equipment": """
        frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
        tennis racket
    """,
    "bat": "baseball bat",
}
"""Wider words, and the classes that each of them means."""

_ARTICLES = frozenset({"a", "an", "the", "any", "some", "other"})


def classes_named(noun: str, classes: Sequence[str], model: str) -> list[int]:
    """Return the places in `classes` of the classes that a noun means.

    A class with exactly this name is preferred, then a class with this other name, then narrower and wider
    words. Raises ModelError, which lists the classes of the `model`, if the noun means none of them.
    """
    keys = [_key(name) for name in classes]
    for names in _meanings(_key(noun)):
        found = [place for place, key in enumerate(keys) if key in names]
        if found:
            return found
    raise ModelError(f"{model} does not know {noun!r}", help=_advice(noun, classes))


def _meanings(key: str) -> Iterable[frozenset[str]]:
    """Yield the keys of the classes that a noun may mean, the closest meaning first."""
    yield frozenset({key})
    yield _SPELLINGS.get(_CANONICAL.get(key, key), frozenset())
    yield frozenset(spelling for name in _MEANINGS.get(key, ()) for spelling in _SPELLINGS[name])


def _advice(noun: str, classes: Sequence[str]) -> str:
    last = noun.split()[-1:] or [""]
    heads = [name for name in classes if _key(name) == _key(last[0])]
    near = heads or difflib.get_close_matches(noun.casefold(), classes, n=2, cutoff=0.75)
    hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}? " if near else ""
    if heads:
        hint = f"find `{heads[0]}` and pick among the regions with Select or Filter. "
    return f"{hint}It finds {', '.join(classes)}; a detector with an open vocabulary finds anything"


def _key(text: str) -> str:
    """Return a form of a name that ignores articles, plural, case, hyphens and spaces."""
    words = re.findall(r"[\w']+", text.casefold().replace("_", " "))
    return "".join(singular(word) for word in words if word not in _ARTICLES)


def _keys(names: str) -> tuple[str, ...]:
    return tuple(_key(name) for name in names.split(","))


_SPELLINGS = {
    _key(name): frozenset({_key(name), *(_keys(_OTHER_NAMES[name]) if name in _OTHER_NAMES else ())})
    for name in COCO_CLASSES
}
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
_MEANINGS = {
    **{some: (_key(name),) for name, names in NARROWER_WORDS.items() for some in _keys(names)},
    **{_key(wider): _keys(names) for wider, names in WIDER_WORDS.items()},
}
