"""What a trend asks: series of events or actions, their maths, a range, a breakdown, a display.

These values know neither how a client spelled them (`trends_query`) nor how they are computed (`trend_plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .aggregation import Dimension
from .dates import Interval
from .events import JsonValue
from .properties import And, FilterTree

EVERYTHING: FilterTree = And(())


class Math(StrEnum):
    """How a series counts, with PostHog's names."""

    TOTAL = "total"
    DAU = "dau"
    WEEKLY_ACTIVE = "weekly_active"
    MONTHLY_ACTIVE = "monthly_active"
    UNIQUE_SESSION = "unique_session"
    UNIQUE_GROUP = "unique_group"
    FIRST_TIME_FOR_USER = "first_time_for_user"
    FIRST_MATCHING_EVENT_FOR_USER = "first_matching_event_for_user"
    HOGQL = "hogql"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    P75 = "p75"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    AVG_COUNT_PER_ACTOR = "avg_count_per_actor"
    MIN_COUNT_PER_ACTOR = "min_count_per_actor"
    MAX_COUNT_PER_ACTOR = "max_count_per_actor"
    MEDIAN_COUNT_PER_ACTOR = "median_count_per_actor"
    P75_COUNT_PER_ACTOR = "p75_count_per_actor"
    P90_COUNT_PER_ACTOR = "p90_count_per_actor"
    P95_COUNT_PER_ACTOR = "p95_count_per_actor"
    P99_COUNT_PER_ACTOR = "p99_count_per_actor"


class Display(StrEnum):
    """How a client shows the answer; some displays want one number a row instead of one a bucket."""

    LINE = "ActionsLineGraph"
    BAR = "ActionsBar"
    UNSTACKED_BAR = "ActionsUnstackedBar"
    STACKED_BAR = "ActionsStackedBar"
    AREA = "ActionsAreaGraph"
    CUMULATIVE = "ActionsLineGraphCumulative"
    BOLD_NUMBER = "BoldNumber"
    PIE = "ActionsPie"
    BAR_VALUE = "ActionsBarValue"
    TABLE = "ActionsTable"
    WORLD_MAP = "WorldMap"
    CALENDAR_HEATMAP = "CalendarHeatmap"

    @property
    def total(self) -> bool:
        """Whether a row is one number over the whole range. The interval of such a trend is a day."""
        return self in _TOTALS


_TOTALS = frozenset(
    {
        Display.BOLD_NUMBER,
        Display.PIE,
        Display.BAR_VALUE,
        Display.TABLE,
        Display.WORLD_MAP,
        Display.CALENDAR_HEATMAP,
    }
)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a trend: an action if `action_id` is set, else the events named `event`, all if None.

    `math` None is the total. `math_property` is a property of the person if `of_person`.
    """

    event: str | None = None
    action_id: int | None = None
    where: FilterTree = EVERYTHING
    math: Math | None = None
    math_property: str | None = None
    of_person: bool = False
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    custom_name: str | None = None


@dataclass(frozen=True, slots=True)
class TrendBreakdown:
    """What to break down by. `several`: asked for as a list, so that even one value is answered as a list.

    At most `limit` values a series and period; the rest is one row, unless `hide_other`. Instead of dimensions it
    may have `cohorts`, by id; None stands for all users.
    """

    dimensions: tuple[Dimension, ...]
    limit: int
    cohorts: tuple[int | None, ...] = ()
    several: bool = False
    hide_other: bool = False

    @property
    def joined(self) -> bool:
        """Whether its cohorts are one question, whose rows are ranked, and not one question each."""
        return len(self.cohorts) > 1 and None not in self.cohorts


@dataclass(frozen=True, slots=True)
class NamedFormula:
    """A formula as the client wrote it, and the client's name for it."""

    text: str
    custom_name: str | None = None


@dataclass(frozen=True, slots=True)
class TrendQuery:
    """A whole trend. `where` holds for all series, the project's test account filters included if asked for.

    `explicit`: both dates are meant to the microsecond. `sampling` is the share of distinct ids to look at.
    `offset` skips that many breakdown values of each series. `echo`: what the answer repeats of the request.
    """

    series: tuple[Series, ...]
    interval: Interval = Interval.DAY
    date_from: str | None = None
    date_to: str | None = None
    explicit: bool = False
    where: FilterTree = EVERYTHING
    breakdown: TrendBreakdown | None = None
    compare: bool = False
    compare_to: str | None = None
    formulas: tuple[NamedFormula, ...] = ()
    display: Display = Display.LINE
    smoothing: int = 1
    sampling: float | None = None
    offset: int = 0
    echo: Mapping[str, JsonValue] = field(default_factory=dict)
