"""Expressions mean the same in every event store as in the domain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.aggregation import Breakdown, Count, Dimension, ExpressionMeasure
from hedgerow.domain.events import JsonValue
from hedgerow.domain.expression import MAX_LENGTH
from hedgerow.domain.properties import ExpressionFilter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.event_store import NOTHING, day, rows, series, stored, total
from tests.integration.databases import empty_events

VALUES: tuple[JsonValue, ...] = (
    *(None, "", "x", "X y", "ß", "ΑΣς", "0", "-1.5", "007", " 4 ", "1e3", "1e308", "nan", "true", "false"),
    *(5, 0.1, -2, True, False, "a%b_c", "'", "0.125", "2.5"),
)
Stores = tuple[SqlEventStore, MemoryEventStore]


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    file = tmp_path_factory.mktemp("expressions") / "events.duckdb"
    url = empty_events() if request.param == "postgresql" else f"duckdb:///{file}"
    database, memory = SqlEventStore(url, MemoryUnitOfWorkFactory()), MemoryEventStore()
    size = len(VALUES)
    events = [
        stored(day(1), f"u{place}", properties={"a": value, "b": VALUES[(place * 7 + 3) % size], "$c": place % 5})
        for place, value in enumerate(VALUES)
    ]
    for store in (database, memory):
        store.write(events, NOTHING)
    yield database, memory
    database.close()


LEAVES = st.sampled_from(
    "properties.a properties.b properties.$c properties.never person.properties.p distinct_id".split()
    + "null true false 0 2.5 -1 1e300 '' 'x' 'true' '1' 'X'".split()
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    symbols = st.sampled_from("+ - * / % = != < <= > >= and or".split())
    one = st.sampled_from("toString toFloat toInt lower upper length floor ceil abs round concat coalesce not".split())
    return st.one_of(
        st.tuples(inner, symbols, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(one, inner).map(lambda parts: f"({parts[0]}({parts[1]}))"),
        pair.map(lambda both: f"concat({both[0]}, {both[1]})"),
        pair.map(lambda both: f"coalesce({both[0]}, {both[1]})"),
        st.tuples(inner, inner, inner).map(lambda three: f"if({', '.join(three)})"),
        st.tuples(inner, st.integers(0, 4)).map(lambda parts: f"round({parts[0]}, {parts[1]})"),
        inner.map(lambda one: f"({one} is null)"),
        pair.map(lambda both: f"({both[0]} not in ('x', {both[1]}, 1))"),
        st.tuples(inner, st.sampled_from(["like 'X%'", "ilike '%Σ%'", "not like '%\\_%'"])).map(
            lambda parts: f"({parts[0]} {parts[1]})"
        ),
        inner.map(lambda one: f"match({one}, '[0-9]$')"),
    )


EXPRESSIONS = st.recursive(LEAVES, _grown, max_leaves=6).filter(lambda text: len(text) <= MAX_LENGTH)
EXAMPLES = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EXAMPLES
@given(text=EXPRESSIONS)
def test_values_are_the_same(stores: Stores, text: str) -> None:
    asked = total(Count(), breakdown=Breakdown((Dimension(None, text),), limit=100))
    real, ideal = (rows(store, asked) for store in stores)
    assert real == ideal


@EXAMPLES
@given(text=EXPRESSIONS)
def test_conditions_are_the_same(stores: Stores, text: str) -> None:
    real, ideal = (series(store, total(Count(), ExpressionFilter(text))) for store in stores)
    assert real == ideal


AGGREGATES = st.one_of(
    st.just("count()"),
    st.tuples(st.sampled_from("count countIf sum avg min max median uniq quantile(0.3)".split()), EXPRESSIONS).map(
        lambda parts: f"{parts[0]}({parts[1]})"
    ),
)


@EXAMPLES
@given(
    text=st.tuples(AGGREGATES, st.sampled_from("+ - * / %".split()), AGGREGATES).map(" ".join)
    | AGGREGATES.map(lambda one: f"round({one} / 3, 2)")
)
def test_aggregates_are_the_same(stores: Stores, text: str) -> None:
    real, ideal = (series(store, total(ExpressionMeasure(text))) for store in stores)
    assert real == pytest.approx(ideal, rel=1e-9)


def test_long_chains_and_deep_nesting_stay_small(stores: Stores) -> None:
    chain = "properties.a" + " / 2" * 50
    nested = "toFloat(toString(" * 9 + "properties.a" + "))" * 9
    wide = "properties.a in (" + ", ".join("1" * 300) + ")"
    for text in (chain, nested, wide):
        for store in stores:
            assert series(store, total(Count(), ExpressionFilter(f"({text}) is null"))) != []
