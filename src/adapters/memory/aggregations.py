"""An aggregation answered by looking at every event."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from hashlib import md5
from typing import TypeAlias
from uuid import UUID

from ...domain.actors import MAX_DISTINCT_IDS, ActorRow, ActorsQuestion
from ...domain.aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    Cell,
    CellKind,
    Count,
    Dimension,
    DistinctValues,
    ExpressionMeasure,
    FirstTime,
    Function,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
)
from ...domain.events import StoredEvent
from ...domain.expression import parse_aggregate, parse_text
from ...domain.expression_values import aggregate_of, value_of
from ...domain.properties import FilterTree, Operand
from ...domain.readings import number_of
from ..events.histogram import histogram
from .matching import ProjectEvents, check_operand, check_tree

Values: TypeAlias = tuple[str | None, ...]
_SECOND = timedelta(seconds=1)


class Answer:
    """One aggregation of one project."""

    def __init__(self, project: ProjectEvents, asked: Aggregation) -> None:
        self._project = project
        self._asked = asked
        for tree in (asked.where, *([asked.measure.first] if isinstance(asked.measure, FirstTime) else [])):
            check_tree(tree)
        self._matching = [one for one in project.events if self._is_asked(one)]
        dimensions = asked.breakdown.dimensions if asked.breakdown else ()
        self._readers = [self._reader(dimension) for dimension in dimensions]

    def cells(self) -> list[Cell]:
        found = self._measured()
        if self._asked.breakdown is None:
            return [Cell(bucket, number) for (bucket, _), number in found.items()]
        return _ranked(found, self._asked.breakdown)

    def actors(self, question: ActorsQuestion) -> list[ActorRow]:
        """Everybody behind a number, most events first, then by uuid."""
        measure, window = self._asked.measure, question.window
        by_distinct_id = bool(getattr(measure, "by_distinct_id", False))

        def wanted(one: StoredEvent) -> bool:
            if not window.start <= one.event.timestamp <= window.end:
                return False
            met = question.values is None or (self._values(one) in question.values) != question.excluded
            return met and self._project.holds(question.among, one)

        found: dict[str, list[StoredEvent]] = defaultdict(list)
        for one in filter(wanted, self._matching):
            found[self._actor(one, by_distinct_id)].append(one)
        if isinstance(measure, FirstTime):
            firsts = self._firsts(measure.first, by_distinct_id)
            found = {actor: each for actor, each in found.items() if actor in firsts and wanted(firsts[actor])}
        rows = {
            actor: ActorRow(
                UUID(max(self._actor(one, by_distinct_id=False) for one in each)),
                tuple(sorted({one.event.distinct_id for one in each}, key=str.encode)[:MAX_DISTINCT_IDS]),
                len(each),
            )
            for actor, each in found.items()
        }
        order = sorted(rows, key=lambda actor: (-rows[actor].events, str(rows[actor].uuid), actor.encode()))
        return [rows[actor] for actor in order]

    def _measured(self) -> dict[tuple[int, Values], float]:
        measure = self._asked.measure
        match measure:
            case Count():
                return {key: len(found) for key, found in self._by_cell(self._matching).items()}
            case Actors(by_distinct_id, once):
                return self._distinct(lambda one: self._actor(one, by_distinct_id), once=once)
            case RollingActors(days, by_distinct_id):
                if not self._asked.buckets:
                    return self._distinct(lambda one: self._actor(one, by_distinct_id), once=False)
                return self._rolling(days, by_distinct_id)
            case DistinctValues(operand, count_missing, once):
                return self._distinct(
                    lambda one: self._project.text(operand, one) or ("" if count_missing else None), once=once
                )
            case NumberOf(function, operand):
                return {
                    key: _applied(function, [self._number(operand, one) for one in found])
                    for key, found in self._by_cell(self._matching).items()
                }
            case SessionDuration(function):
                return self._sessions(function)
            case PerActor(function, by_distinct_id):
                return {
                    key: _applied(function, Counter(self._actor(one, by_distinct_id) for one in found).values())
                    for key, found in self._by_cell(self._matching).items()
                }
            case FirstTime(first, by_distinct_id):
                return self._first_time(first, by_distinct_id)
            case ExpressionMeasure(text):
                term = parse_aggregate(text)
                return {
                    key: aggregate_of(term, [partial(self._read, one) for one in found])
                    for key, found in self._by_cell(self._matching).items()
                }

    def _is_asked(self, one: StoredEvent) -> bool:
        window, at = self._asked.window, one.event.timestamp
        return (
            window.start <= at <= window.end and self._is_sampled(one) and self._project.holds(self._asked.where, one)
        )

    def _is_sampled(self, one: StoredEvent) -> bool:
        first_bits = int(md5(one.event.distinct_id.encode(), usedforsecurity=False).hexdigest()[:8], 16)
        return self._asked.sample is None or first_bits / 2**32 < self._asked.sample

    def _actor(self, one: StoredEvent, by_distinct_id: bool) -> str:
        return self._project.actor(one, by_distinct_id=by_distinct_id)

    def _bucket(self, one: StoredEvent) -> int:
        """The bucket's index, −1 before the first bucket."""
        if not self._asked.buckets:
            return 0
        return bisect_right(self._asked.buckets, one.event.timestamp) - 1

    def _values(self, one: StoredEvent) -> Values:
        return tuple(read(one) for read in self._readers)

    def _by_cell(self, found: Iterable[StoredEvent]) -> dict[tuple[int, Values], list[StoredEvent]]:
        cells: dict[tuple[int, Values], list[StoredEvent]] = defaultdict(list)
        for one in found:
            if (bucket := self._bucket(one)) >= 0:
                cells[bucket, self._values(one)].append(one)
        return cells

    def _distinct(self, key: Callable[[StoredEvent], str | None], *, once: bool) -> dict[tuple[int, Values], float]:
        seen: dict[tuple[int, Values], set[str | None]] = defaultdict(set)
        counted: set[tuple[Values, str | None]] = set()
        for cell, found in sorted(self._by_cell(self._matching).items(), key=lambda item: item[0][0]):
            for one in found:
                if not once or (cell[1], key(one)) not in counted:
                    seen[cell].add(key(one))
            counted.update((cell[1], each) for each in seen[cell])
        return {cell: len(keys - {None}) for cell, keys in seen.items() if not once or keys - {None}}

    def _rolling(self, days: int, by_distinct_id: bool) -> dict[tuple[int, Values], float]:
        units = self._asked.unit_starts or self._asked.buckets or ()
        daily = len(units) < 2 or units[1] - units[0] > timedelta(hours=12)
        actors: dict[tuple[int, Values], set[str]] = defaultdict(set)
        for one in self._matching:
            unit = bisect_right(units, one.event.timestamp) - 1
            for bucket, start in enumerate(self._asked.buckets or ()):
                if daily:
                    counts = 0 <= bisect_right(units, start) - 1 - unit < days
                else:
                    counts = start - timedelta(days=days) < units[unit] <= start
                if unit >= 0 and counts:
                    actors[bucket, self._values(one)].add(self._actor(one, by_distinct_id))
        return {cell: len(found) for cell, found in actors.items()}

    def _number(self, operand: Operand, one: StoredEvent) -> float | None:
        text = self._project.text(operand, one)
        return None if text is None else number_of(text)

    def _sessions(self, function: Function) -> dict[tuple[int, Values], float]:
        found = {}
        for cell, events in self._by_cell(self._matching).items():
            sessions = {session for one in events if (session := self._project.session(one))}
            lengths = [
                length / _SECOND for each in sessions if (length := self._project.session_length(each)) is not None
            ]
            if lengths:
                found[cell] = _applied(function, lengths)
        return found

    def _first_time(self, first: FilterTree, by_distinct_id: bool) -> dict[tuple[int, Values], float]:
        counts: Counter[tuple[int, Values]] = Counter()
        for began in self._firsts(first, by_distinct_id).values():
            counts[self._bucket(began), self._values(began)] += 1
        return dict(counts)

    def _firsts(self, first: FilterTree, by_distinct_id: bool) -> dict[str, StoredEvent]:
        """Of each actor that counts, the first matching event."""
        ever: dict[str, datetime] = {}
        for one in self._project.events:
            at = one.event.timestamp
            if at <= self._asked.window.end and self._is_sampled(one) and self._project.holds(first, one):
                actor = self._actor(one, by_distinct_id)
                ever[actor] = min(ever.get(actor, at), at)
        matched: dict[str, list[StoredEvent]] = defaultdict(list)
        for one in self._matching:
            if self._bucket(one) >= 0:
                matched[self._actor(one, by_distinct_id)].append(one)
        began = {
            actor: min(found, key=lambda one: (one.event.timestamp, _order(self._values(one))))
            for actor, found in matched.items()
        }
        return {actor: one for actor, one in began.items() if one.event.timestamp == ever.get(actor)}

    def _reader(self, dimension: Dimension) -> Callable[[StoredEvent], str | None]:
        text_of = self._text_of(dimension)
        if dimension.bins is not None:
            return self._binned(text_of, dimension.bins)

        def read(one: StoredEvent) -> str | None:
            text = text_of(one) or None
            if text is None or not dimension.normalize_url:
                return text
            return text.rstrip("/?#") or "/"

        return read

    def _text_of(self, dimension: Dimension) -> Callable[[StoredEvent], str | None]:
        operand = dimension.operand
        if operand is not None:
            check_operand(operand)
            return lambda one: self._project.text(operand, one)
        term = parse_text(dimension.expression or "")

        def text(one: StoredEvent) -> str | None:
            value = value_of(term, partial(self._read, one))
            return None if value is None else str(value)

        return text

    def _read(self, one: StoredEvent, operand: Operand) -> str | None:
        return self._project.text(operand, one)

    def _binned(self, text_of: Callable[[StoredEvent], str | None], bins: int) -> Callable[[StoredEvent], str | None]:
        considered = self._matching
        if not (isinstance(self._asked.measure, RollingActors) and self._asked.buckets):
            considered = [one for one in considered if self._bucket(one) >= 0]

        def number_in(one: StoredEvent) -> float | None:
            text = text_of(one)
            return None if text is None else number_of(text)

        numbers = [number for one in considered if (number := number_in(one)) is not None]
        found = histogram(min(numbers), max(numbers), bins) if numbers else None

        def read(one: StoredEvent) -> str | None:
            number = number_in(one)
            return None if number is None or found is None else found.label(number)

        return read


def _applied(function: Function, numbers: Iterable[float | None]) -> float:
    found = sorted(number for number in numbers if number is not None)
    if not found:
        return 0.0
    if function.quantile is not None:
        place = (len(found) - 1) * function.quantile
        below, above = found[math.floor(place)], found[math.ceil(place)]
        return below + (above - below) * (place - math.floor(place))
    match function:
        case Function.MIN:
            return found[0]
        case Function.MAX:
            return found[-1]
        case Function.AVG:
            return math.fsum(found) / len(found)
    return math.fsum(found)


def _ranked(found: dict[tuple[int, Values], float], breakdown: Breakdown) -> list[Cell]:
    numbers: dict[Values, list[float]] = defaultdict(list)
    for (_, values), number in found.items():
        numbers[values].append(number)
    totals = {values: math.fsum(each) for values, each in numbers.items()}

    def rank(values: Values) -> tuple[object, ...]:
        return breakdown.nulls_last and None in values, -totals[values], _order(values)

    places = {values: place for place, values in enumerate(sorted(totals, key=rank))}
    cells, others = [], defaultdict[int, float](float)
    for (bucket, values), number in found.items():
        place = places[values] - breakdown.offset
        if 0 <= place < breakdown.limit:
            cells.append(Cell(bucket, number, values))
        elif place >= breakdown.limit and breakdown.offset == 0:
            others[bucket] += number
    return cells + [Cell(bucket, number, kind=CellKind.OTHER) for bucket, number in others.items()]


def _order(values: Values) -> tuple[tuple[bool, bytes], ...]:
    """By code point, None after every text."""
    return tuple((value is None, (value or "").encode()) for value in values)
