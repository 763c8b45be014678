"""An aggregation as one SELECT: each event's bucket and values, then the measure, then the ranking of values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)

from ...domain.actors import MAX_DISTINCT_IDS, ActorsQuestion
from ...domain.aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    Count,
    Dimension,
    DistinctValues,
    ExpressionMeasure,
    FirstTime,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
)
from ...domain.expression import Term, aggregates_of, parse_aggregate, parse_text
from ...domain.properties import And, FilterTree
from ...domain.rolling import Spans, spans
from . import expressions
from .buckets import last_of, last_start
from .dialects import Dialect
from .histogram import Histogram
from .matching import Matching, ProjectEvents
from .tables import events

Columns: TypeAlias = list[ColumnElement[Any]]
_ZERO: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")


def cells(aggregation: Aggregation, project: ProjectEvents, histograms: Sequence[Histogram | None]) -> Select[Any]:
    """SELECT `bucket`, `number` and, with a breakdown, `other` and `value_0` ….

    `number` of `RollingActors` is what it changes by from one bucket to the next. `histograms` has the bins of
    each dimension, None for those without. Raises `InvalidInput` for what cannot be answered.
    """
    measured = _Measured(aggregation, project, histograms).select()
    if aggregation.breakdown is None:
        return measured
    found = measured.cte("cells")
    number: ColumnElement[Any] = found.c.number
    if is_rolling(aggregation):
        # A change lasts to the last bucket: so often it is in the sum over all buckets.
        number = number * (literal_column(str(len(aggregation.buckets or ()))) - found.c.bucket)
    return _ranked(found, aggregation.breakdown, project.sql.total(number), project.sql)


def actors(question: ActorsQuestion, project: ProjectEvents, histograms: Sequence[Histogram | None]) -> Select[Any]:
    """SELECT `actor`, `person`, `distinct_ids` and `events` of everybody behind a number."""
    return _Measured(
        replace(
            question.aggregation,
            window=question.window,
            buckets=None,
            where=And((question.aggregation.where, question.among)),
        ),
        project,
        histograms,
    ).actors(question)


def extremes(aggregation: Aggregation, project: ProjectEvents) -> Select[Any] | None:
    """SELECT the smallest and the largest number of each histogram dimension, None if there is no such."""
    if aggregation.breakdown is None:
        return None
    matching = Matching(project)
    numbers = [
        matching.sql.number(_operand_text(matching, dimension))
        for dimension in aggregation.breakdown.dimensions
        if dimension.bins is not None
    ]
    if not numbers:
        return None
    columns = [bound(number) for number in numbers for bound in (func.min, func.max)]
    return matching.select(*columns, where=_where(matching, aggregation, aggregation.where))


def is_rolling(aggregation: Aggregation) -> bool:
    return isinstance(aggregation.measure, RollingActors) and bool(aggregation.buckets)


class _Measured:
    """SELECT `bucket`, `value_0` …, `number`: the measure for every bucket and combination of values."""

    def __init__(
        self, aggregation: Aggregation, project: ProjectEvents, histograms: Sequence[Histogram | None]
    ) -> None:
        self._asked = aggregation
        self._project = project
        self._matching = Matching(project)
        self._sql = project.sql
        self._dimensions = aggregation.breakdown.dimensions if aggregation.breakdown else ()
        self._texts = _labelled(
            _text(self._matching, dimension, bins)
            for dimension, bins in zip(self._dimensions, histograms, strict=False)
        )
        self._values = self._valued(self._texts)

    def select(self) -> Select[Any]:
        match self._asked.measure:
            case Count():
                return self._counted()
            case Actors(by_distinct_id, once):
                return self._distinct(self._matching.actor(by_distinct_id=by_distinct_id), once=once)
            case RollingActors() as measure if is_rolling(self._asked):
                return self._rolling(measure)
            case RollingActors(by_distinct_id=by_distinct_id):
                return self._distinct(self._matching.actor(by_distinct_id=by_distinct_id), once=False)
            case DistinctValues(operand, count_missing, once):
                text = func.nullif(self._matching.text(operand), literal_column("''"))
                key = func.coalesce(text, literal_column("''")) if count_missing else text
                return self._distinct(key, once=once)
            case NumberOf(function, operand):
                found = self._events(number=self._sql.number(self._matching.text(operand)))
                return self._tally(found, number=self._sql.aggregate(function, found.c.number))
            case SessionDuration(function):
                session = self._matching.session()
                found = self._events(session=session.c.id, micros=session.c.micros)
                each = select(*found.c).where(found.c.session.is_not(None)).distinct().subquery()
                return self._tally(each, number=self._sql.aggregate(function, each.c.micros / literal_column("1e6")))
            case PerActor(function, by_distinct_id):
                found = self._events(actor=self._matching.actor(by_distinct_id=by_distinct_id))
                keys = [found.c.bucket, *self._of(found), found.c.actor]
                counts = select(*keys, func.count().label("events")).group_by(*keys).subquery()
                return self._tally(counts, number=self._sql.aggregate(function, counts.c.events))
            case FirstTime(first, by_distinct_id):
                return self._first_time(first, by_distinct_id=by_distinct_id)
            case ExpressionMeasure(text):
                return self._by_expression(parse_aggregate(text))

    def _counted(self) -> Select[Any]:
        """Texts are counted as they are stored and become values afterwards: a column as it is groups faster, and the
        ranking adds up what is one value."""
        each = self._tally(self._events(self._texts), number=func.count())
        if not self._texts:
            return each
        found = each.subquery()
        return select(found.c.bucket, *self._valued(self._of(found)), found.c.number)

    def _by_expression(self, term: Term) -> Select[Any]:
        args = dict.fromkeys(arg for each in aggregates_of(term) for arg in each.args)
        named = {arg: f"argument_{place}" for place, arg in enumerate(args)}
        values = {name: expressions.value(arg, self._matching.text, self._sql) for arg, name in named.items()}
        found = self._events(**values)
        # Not at once: PostgreSQL takes what is within a name of an expression for a question of its own.
        wanted = {
            one: expressions.aggregate(one, found.c[named[one.args[0]]] if one.args else None, self._sql)
            for one in aggregates_of(term)
        }
        numbers = {f"aggregate_{place}": number for place, number in enumerate(wanted.values())}
        each = self._tally(found, **numbers).subquery()
        settled = {one: each.c[name] for one, name in zip(wanted, numbers, strict=True)}
        return select(each.c.bucket, *self._of(each), expressions.result(term, settled, self._sql).label("number"))

    def actors(self, question: ActorsQuestion) -> Select[Any]:
        """Who is behind a number, one row each."""
        measure = self._asked.measure
        by_distinct_id = bool(getattr(measure, "by_distinct_id", False))
        found = self._events(
            actor=self._matching.actor(by_distinct_id=by_distinct_id),
            person=self._matching.actor(by_distinct_id=False),
            distinct_id=events.c.distinct_id,
        )
        each = select(
            found.c.actor,
            # An id may have had several: always the same is told. As text: not everywhere has a uuid a largest.
            cast(func.max(cast(found.c.person, Text)), Uuid).label("person"),
            self._sql.first_of(found.c.distinct_id, MAX_DISTINCT_IDS).label("distinct_ids"),
            func.count().label("events"),
        ).where(self._wanted(found, question))
        if isinstance(measure, FirstTime):
            firsts = self._firsts(measure.first, by_distinct_id=by_distinct_id)
            each = each.where(found.c.actor.in_(select(firsts.c.actor).where(self._wanted(firsts, question))))
        return each.group_by(found.c.actor)

    def _wanted(self, found: FromClause, question: ActorsQuestion) -> ColumnElement[bool]:
        """Whether the values are among the combinations that are asked for."""
        if question.values is None:
            return true()
        columns = self._of(found)
        wanted = (
            and_(true(), *(column.is_not_distinct_from(value) for column, value in zip(columns, values, strict=True)))
            for values in question.values
        )
        met = or_(false(), *wanted)
        return not_(met) if question.excluded else met

    def _events(self, texts: Columns | None = None, /, **columns: ColumnElement[Any]) -> FromClause:
        """The matching events: `bucket`, values, or their `texts`, and what else is asked for."""
        bucket: ColumnElement[Any] = _ZERO
        if self._asked.buckets:
            bucket = last_start(self._matching.micros, self._asked.buckets, self._asked.window.end, self._sql)
        named = [column.label(name) for name, column in columns.items()]
        where = _where(self._matching, self._asked, self._asked.where)
        values = self._values if texts is None else texts
        return self._matching.select(bucket.label("bucket"), *values, *named, where=where).subquery()

    def _valued(self, texts: Columns) -> Columns:
        return _labelled(_value(text, one) for text, one in zip(texts, self._dimensions, strict=False))

    def _of(self, found: FromClause) -> Columns:
        return [found.c[value.name] for value in self._values]

    def _tally(self, found: FromClause, **numbers: ColumnElement[Any]) -> Select[Any]:
        values, named = self._of(found), [number.label(name) for name, number in numbers.items()]
        if self._asked.buckets:
            return select(found.c.bucket, *values, *named).group_by(found.c.bucket, *values)
        # Grouping by a constant bucket too would take twice as long.
        columns: Columns = [_ZERO.label("bucket"), *values, *named]
        return select(*columns).select_from(found).group_by(*values).having(func.count() > _ZERO)

    def _distinct(self, key: ColumnElement[Any], *, once: bool) -> Select[Any]:
        found = self._events(key=key)
        if not once:
            return self._tally(found, number=func.count(found.c.key.distinct()))
        keys = [*self._of(found), found.c.key]
        first = select(func.min(found.c.bucket).label("bucket"), *keys)
        each = first.where(found.c.key.is_not(None)).group_by(*keys).subquery()
        return self._tally(each, number=func.count())

    def _first_time(self, first: FilterTree, *, by_distinct_id: bool) -> Select[Any]:
        return self._tally(self._firsts(first, by_distinct_id=by_distinct_id), number=func.count())

    def _firsts(self, first: FilterTree, *, by_distinct_id: bool) -> FromClause:
        """Of each actor that counts, the first matching event."""
        found = self._events(actor=self._matching.actor(by_distinct_id=by_distinct_id), at=self._matching.micros)
        order = [found.c.at, *(value.asc().nulls_last() for value in self._of(found))]
        place = func.row_number().over(partition_by=found.c.actor, order_by=order)
        placed = select(*found.c, place.label("place")).subquery()
        ever = Matching(self._project)
        actor = ever.actor(by_distinct_id=by_distinct_id).label("actor")
        where = and_(
            events.c.timestamp <= self._asked.window.end, ever.holds(first), _in_sample(self._asked, self._sql)
        )
        matched = ever.select(actor, ever.micros.label("at"), where=where).subquery()
        began = select(matched.c.actor, func.min(matched.c.at).label("at")).group_by(matched.c.actor).subquery()
        same = and_(began.c.actor == placed.c.actor, began.c.at == placed.c.at)
        return select(*placed.c).join_from(placed, began, same).where(placed.c.place == _ONE).subquery()

    def _rolling(self, measure: RollingActors) -> Select[Any]:
        """An actor's events each count in a span of buckets; where spans overlap, only what is new counts.

        So an actor adds 1 where a stretch of spans begins and takes it away where the stretch ends.
        """
        buckets = self._asked.buckets or ()
        found = self._spans(measure)
        previous = func.lag(found.c.last).over(partition_by=[found.c.actor, *self._of(found)], order_by=found.c.unit)
        each = select(*found.c, previous.label("previous")).where(found.c.first <= found.c.last).subquery()
        begin = func.greatest(each.c.first, func.coalesce(each.c.previous + _ONE, each.c.first))
        keys = [begin.label("begin"), (each.c.last + _ONE).label("end"), *self._of(each)]
        # Read by both halves of the union, and worked out once for both.
        counted = select(*keys, func.count().label("number")).where(begin <= each.c.last).group_by(*keys).cte("counted")
        counted = counted.prefix_with("MATERIALIZED")
        begins = select(counted.c.begin.label("bucket"), *self._of(counted), counted.c.number)
        ends = select(counted.c.end.label("bucket"), *self._of(counted), (-counted.c.number).label("number"))
        changes = union_all(begins, ends).subquery()
        tally = self._tally(changes, number=func.sum(changes.c.number))
        return tally.where(changes.c.bucket < literal_column(str(len(buckets))))

    def _spans(self, measure: RollingActors) -> FromClause:
        """Of each unit in which an actor has events: `actor`, values, `unit` and the `first` and `last` of the buckets
        that it counts in."""
        buckets, end = self._asked.buckets or (), self._asked.window.end
        units = self._asked.unit_starts or buckets
        span: Spans = spans(buckets, units, measure.days, end)
        units = units[bisect_left(units, span.opens[0]) :]
        unit = last_start(self._matching.micros, units, end, self._sql)
        actor = self._matching.actor(by_distinct_id=measure.by_distinct_id)
        where = and_(_where(self._matching, self._asked, self._asked.where), events.c.timestamp >= units[0])
        # There are many: the narrower the number, the sooner they are told apart.
        columns = [actor.label("actor"), *self._values, cast(unit, Integer).label("unit")]
        found = self._matching.select(*columns, where=where).distinct().subquery()
        opens, closes = ([bisect_left(units, at) for at in each] for each in (span.opens, span.closes))
        first = case(
            (found.c.unit < closes[0], _ZERO), else_=last_of(found.c.unit, closes, len(units), self._sql) + _ONE
        )
        last = last_of(found.c.unit, opens, len(units), self._sql)
        return select(*found.c, first.label("first"), last.label("last")).subquery()


def _where(matching: Matching, aggregation: Aggregation, tree: FilterTree) -> ColumnElement[bool]:
    start = aggregation.window.start
    if aggregation.buckets and not is_rolling(aggregation):
        start = max(start, aggregation.buckets[0])
    within = events.c.timestamp.between(start, aggregation.window.end)
    return and_(within, matching.holds(tree), _in_sample(aggregation, matching.sql))


def _in_sample(aggregation: Aggregation, sql: Dialect) -> ColumnElement[bool]:
    return sql.sampled(events.c.distinct_id, 1 if aggregation.sample is None else aggregation.sample)


def _operand_text(matching: Matching, dimension: Dimension) -> ColumnElement[Any]:
    if dimension.operand is None:
        return expressions.value(parse_text(dimension.expression or ""), matching.text, matching.sql)
    return matching.text(dimension.operand)


def _labelled(columns: Iterable[ColumnElement[Any]]) -> Columns:
    return [column.label(f"value_{place}") for place, column in enumerate(columns)]


def _text(matching: Matching, dimension: Dimension, bins: Histogram | None) -> ColumnElement[Any]:
    """What tells the value of a dimension: the label of its bin, or its text."""
    text = _operand_text(matching, dimension)
    return text if dimension.bins is None else _label(matching.sql.number(text), bins)


def _value(text: ColumnElement[Any], dimension: Dimension) -> ColumnElement[Any]:
    """The value of a dimension as text, NULL for missing and for empty."""
    if dimension.bins is not None:
        return text
    text = func.nullif(text, literal_column("''"))
    if not dimension.normalize_url:
        return text
    cut = func.rtrim(text, literal_column("'/?#'"))
    return case((cut == literal_column("''"), literal_column("'/'")), else_=cut)


def _label(number: ColumnElement[Any], bins: Histogram | None) -> ColumnElement[Any]:
    if bins is None:
        return literal_column("CAST(NULL AS VARCHAR)", Text)
    return case((number.is_not(None), _halved(number, bins.lows, bins.labels)))


def _halved(number: ColumnElement[Any], lows: Sequence[float], labels: Sequence[str]) -> ColumnElement[Any]:
    if len(lows) == 1:
        return func.coalesce(labels[0])
    middle = len(lows) // 2
    below = _halved(number, lows[:middle], labels[:middle])
    return case((number < lows[middle], below), else_=_halved(number, lows[middle:], labels[middle:]))


def _ranked(found: FromClause, breakdown: Breakdown, total: ColumnElement[Any], sql: Dialect) -> Select[Any]:
    """The page of combinations, and with `other` those beyond it added up."""
    values: Columns = [found.c[f"value_{index}"] for index in range(len(breakdown.dimensions))]
    order: Columns = [total.desc(), *(value.asc().nulls_last() for value in values)]
    if breakdown.nulls_last:
        order.insert(0, func.bool_or(_any_missing(values)))
    place = func.row_number().over(order_by=order).label("place")
    ranked = select(*values, place).group_by(*values).subquery("ranked")
    same = and_(*(sql.same_value(value, ranked.c[f"value_{index}"]) for index, value in enumerate(values)))
    is_other = ranked.c.place > breakdown.offset + breakdown.limit
    shown = [case((~is_other, value)).label(f"value_{index}") for index, value in enumerate(values)]
    page = select(found.c.bucket, is_other.label("other"), *shown, found.c.number)
    page = page.join_from(found, ranked, same).where(ranked.c.place > breakdown.offset)
    if breakdown.offset:
        page = page.where(~is_other)
    each = page.subquery("page")
    keys = [each.c.bucket, each.c.other, *(each.c[f"value_{index}"] for index in range(len(values)))]
    return select(*keys, func.sum(each.c.number, type_=Double).label("number")).group_by(*keys)


def _any_missing(values: Columns) -> ColumnElement[bool]:
    return or_(*(value.is_(None) for value in values))
