from __future__ import annotations

import pytest

from visprog.miniworld.catalogue import KINDS, categories_of, plural_of
from visprog.miniworld.knowledge import FACTS, QUERIES, Fact, answers

FACT_IDS = [fact.queries[0] for fact in FACTS]


@pytest.mark.parametrize("fact", FACTS, ids=FACT_IDS)
def test_a_fact_is_true_of_some_categories_of_a_kind(fact: Fact) -> None:
    assert set(fact.names) < set(categories_of(fact.kind))
    assert len(fact.names) == len(set(fact.names))
    assert len(fact.names) <= 20, "List asks for twenty at most"


@pytest.mark.parametrize("fact", FACTS, ids=FACT_IDS)
def test_all_queries_of_a_fact_name_the_kind_and_have_the_same_answer(fact: Fact) -> None:
    for query in fact.queries:
        assert fact.names == answers(query)
        assert plural_of(fact.kind) in query
        assert len(fact.queries) > 1


def test_no_two_facts_share_a_query() -> None:
    assert len(QUERIES) == len(set(QUERIES)) == sum(len(fact.queries) for fact in FACTS)
    assert len(FACTS) > 40


@pytest.mark.parametrize(
    "query",
    [
        "All the animals that can fly.",
        "an animal which can fly",
        "different flying animals",
        "FLYING ANIMALS",
    ],
)
def test_articles_plurals_and_case_are_ignored(query: str) -> None:
    assert answers(query) == ("bird", "bee")


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_of_a_kind_asks_for_all_its_categories(kind: str) -> None:
    assert categories_of(kind) == answers(KINDS[kind]) == answers(f"kinds of {kind}")


def test_an_unknown_query_has_no_answer() -> None:
    assert answers("members of the band ABBA") == ()
