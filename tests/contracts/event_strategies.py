"""Small made-up histories of events and questions about them, for comparing event stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hedgerow.domain.aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    Count,
    Dimension,
    DistinctValues,
    FirstTime,
    Function,
    Measure,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
    Window,
)
from hedgerow.domain.conditions import PathRule
from hedgerow.domain.events import Event, JsonValue, PersonMode, StoredEvent
from hedgerow.domain.groups import Group
from hedgerow.domain.localtime import Calendar, Unit
from hedgerow.domain.operators import Operator, condition_of
from hedgerow.domain.ports import Projection
from hedgerow.domain.properties import And, Filter, FilterTree, Operand, Or, Source
from hypothesis import strategies as st

from tests.builders import a_copy

# Clocks change within the range, in each zone at another time and in Lord Howe by half an hour.
START = datetime(2024, 3, 4, tzinfo=UTC)
MINUTES = 35 * 24 * 60
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")

KEYS = ("a", "$session_id", "c.d", "e/f~0g", "h\"i'\\", "", "0", "😀", "$exception_types")
IDS = ("ann", "ben", "cyd", "déa")
PEOPLE = tuple(UUID(int=number) for number in range(1, 4))

texts = st.sampled_from(
    (
        "",
        "x",
        "X y",
        "ß/Ü?#",
        "/?#",
        "https://a.b/c/",
        "5",
        " 5.0 ",
        "1_0",
        "nan",
        "1e3",
        "true",
        "[1, 2]",
        '["x","5"]',
        "[",
    )
)
moments = st.sampled_from(
    (
        "2024-03-10",
        "2024-03-10T02:30",
        "2024-11-03 01:30:00.5",
        "2024-03-31T01:00:00Z",
        "2024-04-07T12:00:00+0530",
        "1710028800",
        "1710028800.0000015",
        "2024-03-10 or so",
        "2024-02-30",
    )
)
numbers = st.one_of(st.integers(-3, 40), st.sampled_from((0.5, -1.25, 2.0**60, 1e16, 1e-7, 2**63, 1e300)))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, moments, st.text('aB\x1f"\\é\u2028', max_size=3))
values: st.SearchStrategy[JsonValue] = st.one_of(
    scalars, scalars, st.lists(scalars, max_size=3), st.dictionaries(st.sampled_from(("k", "l")), scalars, max_size=2)
)
properties = st.dictionaries(st.sampled_from(KEYS), values, max_size=5)

event_operands = st.sampled_from([Operand(Source.EVENT, key) for key in (*KEYS, "never seen", "$elements_chain")])
operands = st.one_of(
    event_operands,
    event_operands,
    st.sampled_from([Operand(Source.PERSON, key) for key in (*KEYS[:4], "never seen")]),
    st.sampled_from(
        [Operand(Source.METADATA, key) for key in ("event", "distinct_id", "timestamp", "uuid", "$group_0", "$group_4")]
    ),
    st.just(Operand(Source.SESSION, "$session_duration")),
    st.sampled_from([Operand(Source.GROUP, key, index) for key in ("a", "never seen") for index in (0, 4)]),
    st.sampled_from([Operand(Source.ELEMENT, key) for key in ("href", "text")]),
)


@st.composite
def histories(draw: st.DrawFn, project_id: int) -> tuple[list[StoredEvent], Projection]:
    """Up to 25 events of up to four distinct ids, three persons' copies and who holds which id now."""
    return (
        [draw(_events(project_id, number)) for number in range(draw(st.integers(0, 25)))],
        Projection(
            people=[a_copy(project_id, person, draw(properties)) for person in draw(st.sets(st.sampled_from(PEOPLE)))],
            holders=[
                (project_id, distinct_id, draw(st.sampled_from(PEOPLE)))
                for distinct_id in draw(st.sets(st.sampled_from(IDS)))
            ],
            groups=[
                Group(project_id, index, key, {"a": draw(values)})
                for index, key in draw(st.sets(st.sampled_from(((0, "org:1"), (0, "org:2"), (4, "org:1")))))
            ],
        ),
    )


@st.composite
def _events(draw: st.DrawFn, project_id: int, number: int) -> StoredEvent:
    seconds = draw(st.sampled_from((0.0, 0.25, 30.0)))
    at = START + timedelta(minutes=draw(st.integers(0, MINUTES)), seconds=seconds)
    event = Event(
        project_id=project_id,
        uuid=UUID(int=number),
        name=draw(st.sampled_from(("seen", "bought"))),
        distinct_id=draw(st.sampled_from(IDS)),
        timestamp=at,
        properties=draw(properties),
        elements_chain=draw(st.sampled_from(CHAINS)),
    )
    groups = draw(st.dictionaries(st.sampled_from((0, 4)), st.sampled_from(("org:1", "org:2")), max_size=2))
    return StoredEvent(event, draw(st.sampled_from(PEOPLE)), 1, at, PersonMode.FULL, at, groups)


CHAINS = ("", 'a.b:href="/x"text="Go"', 'b:text="x";a:attr__href="5"href="5"text="\\"5\\"";i:text=""')


@st.composite
def filters(draw: st.DrawFn, zone: ZoneInfo) -> FilterTree:
    operator, value = draw(demands)
    return Filter(draw(operands), condition_of(operator, value, zone=zone, path_rules=RULES))


RULES = (PathRule("[0-9]+", "<\\0>"), PathRule("(b)/(c)", "\\2\\1"))
anything: st.SearchStrategy[JsonValue] = st.one_of(
    texts, moments, numbers, st.lists(st.one_of(texts, numbers), max_size=3)
)
demands: st.SearchStrategy[tuple[Operator, JsonValue]] = st.one_of(
    st.tuples(
        st.sampled_from(
            (
                Operator.EXACT,
                Operator.IS_NOT,
                Operator.ICONTAINS,
                Operator.NOT_ICONTAINS,
                Operator.GT,
                Operator.GTE,
                Operator.LT,
                Operator.LTE,
                Operator.IS_CLEANED_PATH_EXACT,
            )
        ),
        anything,
    ),
    st.tuples(st.sampled_from((Operator.IS_SET, Operator.IS_NOT_SET)), st.none()),
    st.tuples(
        st.sampled_from((Operator.REGEX, Operator.NOT_REGEX)), st.sampled_from(("^x", "[0-9]$", "", "(?i)Y", "."))
    ),
    st.tuples(st.sampled_from((Operator.BETWEEN, Operator.NOT_BETWEEN)), st.sampled_from(([0, 5], ["-1", 2.5]))),
    st.tuples(
        st.sampled_from((Operator.IS_DATE_EXACT, Operator.IS_DATE_AFTER, Operator.IS_DATE_BEFORE)),
        st.sampled_from(("2024-03-10", "2024-03-10T07:30:00Z", "2024-11-03T01:30:00", "1710028800")),
    ),
)


@st.composite
def trees(draw: st.DrawFn, zone: ZoneInfo) -> FilterTree:
    """Up to two groups of up to two filters each."""
    groups: list[FilterTree] = []
    for _ in range(draw(st.integers(0, 2))):
        children = tuple(draw(filters(zone)) for _ in range(draw(st.integers(0, 2))))
        groups.append(And(children) if draw(st.booleans()) else Or(children))
    either: bool = draw(st.booleans())
    return Or(tuple(groups)) if groups and either else And(tuple(groups))


def measures(zone: ZoneInfo) -> st.SearchStrategy[Measure]:
    functions, flags = st.sampled_from(Function), st.booleans()
    return st.one_of(
        st.just(Count()),
        st.builds(Actors, flags, flags),
        st.builds(RollingActors, st.sampled_from((1, 3, 7)), flags),
        st.builds(DistinctValues, operands, flags, flags),
        st.builds(NumberOf, functions, operands),
        st.builds(SessionDuration, functions),
        st.builds(PerActor, functions, flags),
        st.builds(FirstTime, trees(zone), flags),
    )


dimensions = st.builds(
    Dimension, operands, st.none(), normalize_url=st.booleans(), bins=st.sampled_from((None, None, 1, 3, 7))
)
breakdowns = st.builds(
    Breakdown,
    st.lists(dimensions, min_size=1, max_size=3).map(tuple),
    limit=st.sampled_from((1, 2, 25)),
    offset=st.sampled_from((0, 0, 1)),
    nulls_last=st.booleans(),
)


@st.composite
def aggregations(draw: st.DrawFn, project_id: int, zone: ZoneInfo) -> Aggregation:
    """A question about a range of up to two weeks, or of the whole time in months."""
    calendar = Calendar(zone)
    unit = draw(st.sampled_from((Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH)))
    length = timedelta(days=40) if unit is Unit.MONTH else timedelta(days=draw(st.integers(0, 14)))
    first = START + timedelta(minutes=draw(st.integers(-1000, MINUTES)))
    measure = draw(measures(zone))
    start, last = first, first + length
    units = None
    if isinstance(measure, RollingActors):
        start = calendar.ago(first, Unit.DAY, measure.days)
        units = tuple(calendar.starts(unit if unit is Unit.HOUR else Unit.DAY, start, last))
    return Aggregation(
        project_id,
        Window(start, last),
        draw(trees(zone)),
        measure,
        draw(st.sampled_from((None, tuple(calendar.starts(unit, first, last))))),
        draw(st.one_of(st.none(), breakdowns)),
        draw(st.sampled_from((None, None, 0.5, 1.0))),
        units,
    )
