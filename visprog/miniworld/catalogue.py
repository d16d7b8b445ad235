"""The catalogue of the miniature world: categories of things, kinds of stuff, colours.

The sprites are Twemoji (CC BY 4.0). Their names are those of the package augly.
"""

from __future__ import annotations

from typing import NamedTuple

Box = tuple[float, float, float, float]


class Category(NamedTuple):
    """A category of things.

    `kinds` are its hypernyms, the nearest first. `colour` is that of its sprite; None if it has several.
    A category with `tints` is repainted in those colours instead. `face` is the box of a person's face in
    fractions of the sprite's box: left, top, right, bottom.
    """

    name: str
    plural: str
    sprite: str
    kinds: tuple[str, ...] = ()
    colour: str | None = None
    tints: tuple[str, ...] = ()
    face: Box | None = None

    @property
    def colours(self) -> tuple[str, ...]:
        """The possible colours of a thing. Empty if it has several colours at the same time."""
        return self.tints or ((self.colour,) if self.colour else ())


TINTS = ("red", "yellow", "green", "blue", "purple", "pink")
"""The colours that things are repainted in."""

COLOURS = (*TINTS, "orange", "brown", "black", "white", "gray")
"""Every colour that a thing can have."""

_HEAD: Box = (0.08, 0.12, 0.92, 0.98)


def _person(name: str, plural: str, sprite: str, face: Box = _HEAD) -> Category:
    return Category(name, plural, sprite, ("person",), face=face)


def _animal(name: str, plural: str, sprite: str, colour: str | None = None, *tints: str) -> Category:
    return Category(name, plural, sprite, ("animal",), colour, tints)


def _vehicle(name: str, plural: str, sprite: str, colour: str | None = None, *tints: str) -> Category:
    return Category(name, plural, sprite, ("vehicle",), colour, tints)


def _fruit(name: str, plural: str, sprite: str, colour: str | None = None, *tints: str) -> Category:
    return Category(name, plural, sprite, ("fruit", "food"), colour, tints)


_ALL = (
    _person("man", "men", "man"),
    _person("woman", "women", "woman"),
    _person("boy", "boys", "boy"),
    _person("girl", "girls", "girl"),
    _person("baby", "babies", "baby"),
    _person("police officer", "police officers", "police_officer"),
    _person("construction worker", "construction workers", "construction_worker"),
    _person("princess", "princesses", "princess"),
    _person("dancer", "dancers", "woman_dancing", (0.22, 0.02, 0.56, 0.34)),
    _person("cyclist", "cyclists", "person_biking", (0.38, 0.0, 0.64, 0.3)),
    _animal("dog", "dogs", "dog"),
    _animal("cat", "cats", "cat_face"),
    _animal("horse", "horses", "horse", "brown"),
    _animal("cow", "cows", "cow"),
    _animal("pig", "pigs", "pig", "pink"),
    _animal("sheep", "sheep", "ewe", "white"),
    _animal("elephant", "elephants", "elephant", "gray"),
    _animal("camel", "camels", "two_hump_camel", "brown"),
    _animal("monkey", "monkeys", "monkey", "brown"),
    _animal("tiger", "tigers", "tiger", "orange"),
    _animal("bear", "bears", "bear", "brown"),
    _animal("panda", "pandas", "panda"),
    _animal("rabbit", "rabbits", "rabbit", "gray"),
    _animal("frog", "frogs", "frog", "green"),
    _animal("snake", "snakes", "snake", "green"),
    _animal("turtle", "turtles", "turtle", "green"),
    _animal("crocodile", "crocodiles", "crocodile", "green"),
    _animal("fish", "fish", "fish", None, *TINTS),
    _animal("whale", "whales", "spouting_whale", None, "blue", "purple"),
    _animal("octopus", "octopuses", "octopus", None, *TINTS),
    _animal("bird", "birds", "bird", None, *TINTS),
    _animal("penguin", "penguins", "penguin"),
    _animal("rooster", "roosters", "rooster", "white"),
    _animal("bee", "bees", "honeybee", "yellow"),
    _animal("snail", "snails", "snail"),
    _vehicle("car", "cars", "automobile", None, *TINTS),
    _vehicle("bus", "buses", "trolleybus", None, *TINTS),
    _vehicle("truck", "trucks", "articulated_lorry", None, *TINTS),
    _vehicle("tractor", "tractors", "tractor", "green"),
    _vehicle("bicycle", "bicycles", "bicycle", None, *TINTS),
    _vehicle("airplane", "airplanes", "airplane", "blue"),
    _vehicle("helicopter", "helicopters", "helicopter", "yellow"),
    _vehicle("train", "trains", "locomotive", "black"),
    _vehicle("rocket", "rockets", "rocket"),
    Category("sailboat", "sailboats", "sailboat", ("boat", "vehicle"), None, TINTS),
    Category("ship", "ships", "ship", ("boat", "vehicle"), "gray"),
    Category("speedboat", "speedboats", "speedboat", ("boat", "vehicle"), "red"),
    Category("tree", "trees", "deciduous_tree", ("plant",), "green"),
    Category("palm tree", "palm trees", "palm_tree", ("plant",), "green"),
    Category("pine tree", "pine trees", "evergreen_tree", ("plant",), "green"),
    Category("cactus", "cactuses", "cactus", ("plant",), "green"),
    Category("sunflower", "sunflowers", "sunflower", ("flower", "plant"), "orange"),
    Category("tulip", "tulips", "tulip", ("flower", "plant"), "pink"),
    _fruit("apple", "apples", "red_apple", None, "red", "yellow", "green"),
    _fruit("banana", "bananas", "banana", "yellow"),
    _fruit("pineapple", "pineapples", "pineapple", "yellow"),
    _fruit("strawberry", "strawberries", "strawberry", "red"),
    Category("pizza", "pizzas", "pizza", ("food",)),
    Category("hamburger", "hamburgers", "hamburger", ("food",)),
    Category("cake", "cakes", "birthday_cake", ("food",), "brown"),
    Category("doughnut", "doughnuts", "doughnut", ("food",), "brown"),
    Category("ice cream", "ice creams", "soft_ice_cream", ("food",), "yellow"),
    Category("house", "houses", "house", ("building",)),
    Category("castle", "castles", "castle", ("building",), "gray"),
    Category("church", "churches", "church", ("building",), "yellow"),
    Category("hammer", "hammers", "hammer", ("tool",)),
    Category("wrench", "wrenches", "wrench", ("tool",), "gray"),
    Category("scissors", "scissors", "scissors", ("tool",), "red"),
    Category("umbrella", "umbrellas", "closed_umbrella", ("object",), None, TINTS),
    Category("balloon", "balloons", "balloon", ("object",), None, TINTS),
    Category("backpack", "backpacks", "backpack", ("object",), None, TINTS),
    Category("book", "books", "blue_book", ("object",), None, TINTS),
    Category("chair", "chairs", "seat", ("object",), None, TINTS),
    Category("guitar", "guitars", "guitar", ("object",), "orange"),
    Category("ball", "balls", "soccer_ball", ("object",)),
    Category("clock", "clocks", "alarm_clock", ("object",), "red"),
)

CATEGORIES: dict[str, Category] = {category.name: category for category in _ALL}
"""All categories by name."""

KINDS: dict[str, str] = {
    "person": "people",
    "animal": "animals",
    "vehicle": "vehicles",
    "boat": "boats",
    "plant": "plants",
    "flower": "flowers",
    "food": "food",
    "fruit": "fruits",
    "building": "buildings",
    "tool": "tools",
    "object": "objects",
}
"""The hypernyms and their plurals. `object` groups the remaining things; no question is about it."""

STUFF = ("sky", "sea", "grass", "desert", "snow", "road", "brick wall", "wooden floor", "gravel")
"""The kinds of stuff. Stuff fills regions of the ground and is not counted."""


def categories_of(kind: str) -> tuple[str, ...]:
    """Return the names of the categories of a hypernym; a category itself for a category."""
    if kind in CATEGORIES:
        return (kind,)
    return tuple(category.name for category in _ALL if kind in category.kinds)


def plural_of(name: str) -> str:
    """Return the plural of a category or a hypernym."""
    return CATEGORIES[name].plural if name in CATEGORIES else KINDS[name]
