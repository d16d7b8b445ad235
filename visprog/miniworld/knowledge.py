"""The knowledge base of the miniature world. The tool List answers from it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from visprog.miniworld.catalogue import KINDS, categories_of, plural_of
from visprog.nouns import singular


class Fact(NamedTuple):
    """A property of some categories of a kind: queries for it, and the names of the categories."""

    kind: str
    queries: tuple[str, ...]
    names: tuple[str, ...]


def _fact(kind: str, queries: str, names: str) -> Fact:
    """Parse a fact. In a query, {} is replaced by the plural of the kind."""
    queries_of_kind = tuple(query.strip().replace("{}", plural_of(kind)) for query in queries.split("/"))
    return Fact(kind, queries_of_kind, tuple(name.strip() for name in names.split(",")))


FACTS = (
    _fact("animal", "{} that can fly / flying {} / {} with wings that they fly with", "bird, bee"),
    _fact("animal", "{} that live in the sea / sea {} / {} of the ocean", "fish, whale, octopus"),
    _fact(
        "animal", "{} that live on a farm / farm {} / {} that farmers keep", "horse, cow, pig, sheep, rooster"
    ),
    _fact(
        "animal",
        "{} that hatch from eggs / {} that come out of an egg",
        "frog, snake, turtle, crocodile, fish, octopus, bird, penguin, rooster, bee, snail",
    ),
    _fact(
        "animal",
        "{} that are mammals / {} that drink milk as babies",
        "dog, cat, horse, cow, pig, sheep, elephant, camel, monkey, tiger, bear, panda, rabbit, whale",
    ),
    _fact(
        "animal",
        "{} with feathers / feathered {} / {} that have a beak and feathers",
        "bird, penguin, rooster",
    ),
    _fact("animal", "{} that are reptiles / {} with dry scales", "snake, turtle, crocodile"),
    _fact("animal", "{} with a shell / {} that carry a shell on their back", "turtle, snail"),
    _fact("animal", "{} with a trunk / {} that have a long trunk", "elephant"),
    _fact("animal", "{} with eight arms / {} that have eight arms", "octopus"),
    _fact("animal", "{} with humps / {} that have humps on their back", "camel"),
    _fact("animal", "{} with stripes / striped {}", "tiger, bee"),
    _fact("animal", "{} with hooves / hoofed {}", "horse, cow, pig, sheep"),
    _fact("animal", "{} that give wool / {} whose wool people wear", "sheep"),
    _fact("animal", "{} without legs / {} that have no legs", "snake, fish, whale, snail"),
    _fact("animal", "{} that people ride / {} that one can ride on", "horse, elephant, camel"),
    _fact("animal", "{} that make honey / honey-making {}", "bee"),
    _fact("animal", "{} that hop / hopping {} / {} that move in jumps", "rabbit, frog"),
    _fact("animal", "{} that bark / barking {}", "dog"),
    _fact("animal", "{} that purr / {} that catch mice and purr", "cat"),
    _fact("animal", "{} that eat bamboo / bamboo-eating {}", "panda"),
    _fact("animal", "{} that live in Antarctica / {} of the South Pole", "penguin"),
    _fact("animal", "{} that crow in the morning / {} that wake the farm", "rooster"),
    _fact("animal", "{} without bones / boneless {}", "octopus, bee, snail"),
    _fact("animal", "{} that are known to be slow / slow {}", "turtle, snail"),
    _fact(
        "animal",
        "{} of the Chinese zodiac / Chinese zodiac {}",
        "cow, tiger, rabbit, snake, horse, sheep, monkey, rooster, dog, pig",
    ),
    _fact(
        "vehicle", "{} that can fly / flying {} / {} that leave the ground", "airplane, helicopter, rocket"
    ),
    _fact("vehicle", "{} that float / floating {} / {} that travel on water", "sailboat, ship, speedboat"),
    _fact("vehicle", "{} with two wheels / two-wheeled {}", "bicycle"),
    _fact("vehicle", "{} without an engine / engineless {}", "bicycle, sailboat"),
    _fact("vehicle", "{} that run on rails / rail {}", "train"),
    _fact("vehicle", "{} that travel to space / space {}", "rocket"),
    _fact("vehicle", "{} that move on land / land {}", "car, bus, truck, tractor, bicycle, train"),
    _fact("vehicle", "{} with a rotor / {} that rise straight up with a rotor", "helicopter"),
    _fact("vehicle", "{} that use the wind / wind-driven {}", "sailboat"),
    _fact("vehicle", "{} that farmers plow with / {} for work in the field", "tractor"),
    _fact("fruit", "{} that grow in the tropics / tropical {}", "banana, pineapple"),
    _fact("fruit", "{} with seeds on the outside / {} that wear their seeds on the skin", "strawberry"),
    _fact("fruit", "{} that are long and curved / curved {}", "banana"),
    _fact("fruit", "{} that cider is made of / cider {}", "apple"),
    _fact(
        "food",
        "{} that is a dessert / dessert {} / {} that is served as dessert",
        "cake, doughnut, ice cream",
    ),
    _fact("food", "{} that is healthy / healthy {}", "apple, banana, pineapple, strawberry"),
    _fact("food", "{} that is fast food / {} that is salty", "pizza, hamburger"),
    _fact("food", "{} that is frozen / frozen {} / {} that melts in the sun", "ice cream"),
    _fact("food", "{} that comes from Italy / Italian {}", "pizza"),
    _fact("food", "{} with a hole in the middle / ring-shaped {}", "doughnut"),
    _fact("food", "{} with candles on it / {} for a birthday", "cake"),
    _fact("plant", "{} that grow in the desert / desert {} / {} that store water", "cactus"),
    _fact("plant", "{} that are grown for their flowers / {} with big petals", "sunflower, tulip"),
    _fact("plant", "{} with a trunk / {} that grow taller than a house", "tree, palm tree, pine tree"),
    _fact("plant", "{} that are decorated at Christmas / Christmas {}", "pine tree"),
    _fact("plant", "{} that grow on tropical beaches / beach {}", "palm tree"),
    _fact("plant", "{} that turn to the sun / {} whose seeds give oil", "sunflower"),
    _fact("plant", "{} that grow from bulbs / bulb {} / {} that Holland is known for", "tulip"),
    _fact("building", "{} where kings lived / royal {}", "castle"),
    _fact("building", "{} where people pray / religious {}", "church"),
    _fact("building", "{} where a family lives / family {}", "house"),
    _fact("tool", "{} that cut / cutting {} / {} for paper", "scissors"),
    _fact("tool", "{} that drive nails / {} for nails", "hammer"),
    _fact("tool", "{} that turn bolts / {} for nuts and bolts", "wrench"),
    _fact("person", "{} who are children / {} under the age of twelve / young {}", "boy, girl, baby"),
    _fact("person", "{} who wear a helmet / helmeted {}", "construction worker, cyclist"),
    _fact("person", "{} who work on building sites / {} who build houses", "construction worker"),
    _fact("person", "{} who catch thieves / {} who enforce the law", "police officer"),
    _fact("person", "{} who wear a crown / {} of a royal family / crowned {}", "princess"),
    _fact("person", "{} who cannot walk yet / {} who drink from a bottle", "baby"),
    _fact("person", "{} who ride a bike / {} on two wheels", "cyclist"),
    _fact("person", "{} who go to school / {} of school age", "boy, girl"),
)
"""All facts. No two facts share a query."""

QUERIES = tuple(query for fact in FACTS for query in fact.queries)
"""All queries of all facts."""


def answers(query: str) -> tuple[str, ...]:
    """Return the names of the categories that a query asks for; empty if the query is unknown.

    The name of a kind ("animals", "kinds of fruit") asks for all its categories. Case, articles, plurals,
    numbers and the words "all" and "different" are ignored.
    """
    return _known().get(_key(query), ())


@cache
def _known() -> dict[tuple[str, ...], tuple[str, ...]]:
    kinds = {_key(plural): categories_of(kind) for kind, plural in KINDS.items()}
    return kinds | {_key(query): fact.names for fact in FACTS for query in fact.queries}


_IGNORED = frozenset({"a", "an", "the", "all", "any", "different", "names", "kinds", "types", "of"})
_SYNONYMS = {"who": "that", "which": "that"}


def _key(query: str) -> tuple[str, ...]:
    """Return the relevant words of a query, in the singular."""
    words = re.findall(r"[a-z]+", query.casefold())
    return tuple(_SYNONYMS.get(word, singular(word)) for word in words if word not in _IGNORED)
