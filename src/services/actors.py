"""The people behind a point of a trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.accounts import Project
from ..domain.actors import ActorRow, ActorsQuestion, Values, window_of
from ..domain.aggregation import Aggregation, CellKind
from ..domain.conditions import Contains, lower
from ..domain.errors import InvalidInput
from ..domain.people_index import PeopleIndex
from ..domain.persons import Person
from ..domain.ports import EventStore, PersonQuery
from ..domain.properties import And, Filter, FilterTree, Operand, Or, PersonIn, Source
from ..domain.trend_plan import Plan, Question
from ..domain.trends import EVERYTHING, TrendQuery
from ..domain.uuids import parse_uuid
from .persons import PersonService
from .trends import TrendService

MAX_FOUND = 100_000


@dataclass(frozen=True, slots=True)
class Point:
    """A number of a trend: of the series of that index; in the bucket whose text is `day`, None for all of the
    range; of the period before with `previous`.

    `values`: the combination of breakdown values, None for any; `other`: those that the answer adds up. `cohort`:
    which of the breakdown's, None for all users.
    """

    series: int
    day: str | None = None
    previous: bool = False
    values: Values | None = None
    other: bool = False
    cohort: int | None = None


@dataclass(frozen=True, slots=True)
class ActorList:
    """Actors in order, each with the person if there is one, and how many there are in all."""

    rows: Sequence[tuple[ActorRow, Person | None]]
    total: int


class ActorService:
    """Tells who is behind the trends of one project at a time."""

    def __init__(self, events: EventStore, index: PeopleIndex, trends: TrendService, persons: PersonService) -> None:
        self._events = events
        self._index = index
        self._trends = trends
        self._persons = persons

    def page(
        self, project: Project, query: TrendQuery, point: Point, *, search: str | None, limit: int, offset: int
    ) -> ActorList:
        """A page of the people behind a point. `search` as in lists of persons.

        Raises `InvalidInput` for a series, a day, a period or a cohort that the answer does not have.
        """
        planned = self._trends.plan(project, query)
        question = _question(planned, point)
        window = window_of(planned, question, point.day) if question else None
        if question is None or question.aggregation is None or window is None:
            return ActorList((), 0)
        values: tuple[Values, ...] | None = (point.values,) if point.values is not None else None
        if point.other:
            values = self._shown(question.aggregation)
        among = self._among(project, search) if search else EVERYTHING
        asked = ActorsQuestion(question.aggregation, window, values, point.other, among)
        found = self._events.actors(asked, limit=limit, offset=offset)
        people = self._persons.by_uuids(project.id, [row.uuid for row in found.rows])
        return ActorList([(row, people.get(row.uuid)) for row in found.rows], found.total)

    def _shown(self, aggregation: Aggregation) -> tuple[Values, ...]:
        """The values that have rows of their own."""
        cells = self._events.aggregate(aggregation)
        return tuple(dict.fromkeys(cell.values for cell in cells if cell.kind is CellKind.VALUE))

    def _among(self, project: Project, search: str) -> FilterTree:
        """Persons as the list of persons finds them; ids that nobody holds by themselves."""
        found = self._index.uuids(PersonQuery(project.id, search=search), limit=MAX_FOUND + 1)
        if len(found) > MAX_FOUND:
            raise InvalidInput(f"More than {MAX_FOUND} persons are found: search for more.", "search")
        of_nobody = Filter(Operand(Source.METADATA, "distinct_id"), Contains(lower(search)))
        uuid = parse_uuid(search)
        named = [PersonIn((uuid,))] if uuid else []
        return Or((PersonIn(tuple(found)), And((PersonIn(None, negated=True), of_nobody)), *named))


def _question(planned: Plan, point: Point) -> Question | None:
    """The question that a point answers; None for a series of an action that is gone."""
    if not 0 <= point.series < len(planned.query.series):
        raise InvalidInput("The query has no such series.", "series")
    if point.previous and not planned.query.compare:
        raise InvalidInput("The query does not compare.", "compare")
    if planned.cohorts and point.cohort not in {cohort.id for cohort in planned.cohorts}:
        raise InvalidInput("The breakdown has no such cohort.", "breakdown")
    for question in planned.questions:
        cohort = question.cohort.id if question.cohort else None
        if (question.series.index, question.period, cohort) == (point.series, int(point.previous), point.cohort):
            return question
    return None
