"""Trends of dates, maths, displays and filters."""

from __future__ import annotations

from hedgerow.domain.events import JsonValue
from hedgerow.entrypoints.trend_answers import NO_VALUE

from ..trend_worlds import (
    another_color,
    dates,
    f1,
    f2,
    f3,
    f4,
    f7,
    fifth_session,
    grouped_views,
    late_firefox,
    many,
    merged_visitors,
    mixed_numbers,
    new_user,
    sessions,
    sign_ups,
    six_people,
    some_numbers,
    two_browsers,
    ungrouped_views,
    urls,
    weekly_sign_ups,
    with_actions,
)
from .trend_case import JANUARY, SIGN_UP, VIEWS, WEEK, Case, between, days_of, events, quantile, viewed


def _industry(operator: str, value: str) -> dict[str, JsonValue]:
    return {"type": "group", "group_type_index": 0, "key": "industry", "operator": operator, "value": value}


_VALUED: dict[str, JsonValue] = {"key": "key", "type": "person", "value": "value"}
_EARLY = between("01-01", "01-05")

NUMBERS = [
    # Dates: what a range and an interval come to.
    Case(
        "weeks start on Sunday and are named by their part of the range",
        dates("2020-11-01", "2020-11-10", "2020-11-11", "2020-11-18"),
        events("event_name", interval="week", date_from="2020-10-29", date_to="2020-11-24"),
        [
            {
                "count": 4,
                "data": [0, 1, 2, 1, 0],
                "days": ["2020-10-25", "2020-11-01", "2020-11-08", "2020-11-15", "2020-11-22"],
                "labels": ["29–31 Oct", "1–7 Nov", "8–14 Nov", "15–21 Nov", "22–24 Nov"],
            }
        ],
    ),
    Case(
        "today includes what is later today",
        dates("2020-11-01 10:20", "2020-11-01 10:22", "2020-11-01 10:25"),
        events("event_name", date_from="dStart"),
        [{"data": [3], "labels": ["1-Nov-2020"]}],
        now="2020-11-01T10:20:00Z",
    ),
    Case(
        "yesterday is one whole day",
        dates("2020-11-01 05:20", "2020-11-01 10:22", "2020-11-01 10:25"),
        events("event_name", date_from="-1d", date_to="-1d"),
        [{"data": [3], "days": ["2020-11-01"]}],
        now="2020-11-02T10:20:00Z",
    ),
    Case(
        "the last two weeks by day",
        dates(
            "2020-11-01 05:20",
            "2020-11-02 10:22",
            "2020-11-04 10:25",
            "2020-11-05 08:25",
            "2020-11-05 08:25",
            "2020-11-10 08:25",
        ),
        events("event_name", date_from="-14d"),
        [{"data": [0, 1, 1, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0]}],
        now="2020-11-14T10:20:00Z",
    ),
    Case(
        "the last thirty days by week",
        dates("2020-11-01", "2020-11-11", "2020-11-24", "2020-11-05", "2020-11-05", "2020-11-10"),
        events("event_name", date_from="-30d", interval="week"),
        [
            {
                "count": 6,
                "data": [0, 3, 2, 0, 1, 0],
                "labels": ["31-Oct-2020", "1–7 Nov", "8–14 Nov", "15–21 Nov", "22–28 Nov", "29–30 Nov"],
            }
        ],
        now="2020-11-30T10:20:00Z",
    ),
    Case(
        "this year by month",
        dates("2020-01-01", "2020-01-11", "2020-02-24", "2020-02-05", "2020-03-05", "2020-05-10"),
        events("event_name", date_from="yStart", interval="month"),
        [{"count": 5, "data": [2, 2, 1, 0]}],
        now="2020-04-30T00:00:00Z",
    ),
    Case(
        "all time starts with the first event",
        dates("2020-01-01", "2020-01-11", "2020-02-24", "2020-02-05", "2020-03-05"),
        events("event_name", date_from="all", interval="month"),
        [{"count": 5, "data": [2, 2, 1, 0], "days": days_of("01-01", "02-01", "03-01", "04-01")}],
        now="2020-04-30T00:00:00Z",
    ),
    Case(
        "one date by hour is one hour",
        f2,
        {**VIEWS, "interval": "hour", **between("01-09", "01-09")},
        [{"data": [0], "labels": ["9-Jan 00:00"]}],
    ),
    *(
        Case(
            f"hours are local in {zone}",
            sign_ups,
            {**SIGN_UP, "interval": "hour", "date_from": "2020-01-03", "date_to": "2020-01-03 23:59:59"},
            [{"data": [0] * 17 + [1] + [0] * 6}],
            project={"timezone": zone},
        )
        for zone in ("UTC", "Asia/Tokyo", "America/Phoenix")
    ),
    *(
        Case(
            f"weekly actives look back over local days in {zone}",
            sign_ups,
            events({"id": "sign up", "math": "weekly_active"}, **between("12-29", "01-05")),
            [{"data": [0, 0, 0, 0, 1, 1, 1, 1]}],
            project={"timezone": zone},
        )
        for zone in ("UTC", "Asia/Tokyo", "America/Phoenix")
    ),
    *(
        Case(
            f"weeks across a change of clocks, {math}",
            weekly_sign_ups,
            events({"id": "sign up", "math": math}, interval="week", **dates_),
            [{"data": [1] * 5, "days": [f"2022-{day}" for day in ("10-30", "11-06", "11-13", "11-20", "11-27")]}],
            now="2022-11-30T13:01:01Z",
            project={"timezone": "US/Pacific"},
        )
        for math in ("total", "weekly_active")
        for dates_ in ({"date_from": "-30d"}, {"date_from": "2022-10-31", "date_to": "2022-11-30"})
    ),
    Case(
        "a breakdown by month has every month",
        many(f3, another_color),
        events(
            {"id": "viewed video", "math": "dau"},
            breakdown="color",
            interval="month",
            date_from="2020-01-01",
            date_to="2020-03-07",
        ),
        [
            {"breakdown_value": value, "days": days_of("01-01", "02-01", "03-01"), "data": data}
            for value, data in (
                ("blue", [3, 0, 0]),
                ("red", [2, 0, 0]),
                ("orange", [1, 0, 0]),
                (NO_VALUE, [1, 0, 0]),
            )
        ],
        project={"timezone": "US/Pacific"},
    ),
    Case(
        "two series have a row each",
        f1,
        events("sign up", "no events", **WEEK),
        [
            {"label": "sign up", "order": 0, "data": [0, 0, 0, 0, 3, 1, 0, 0]},
            {"label": "no events", "order": 1, "data": [0, 0, 0, 0, 0, 1, 0, 0]},
        ],
    ),
    Case("without series there are no rows", f1, {"date_from": "2012-12-12"}, []),
    Case(
        "an action counts as its event does",
        many(with_actions, f1),
        {"actions": [{"id": 1, "order": 1}], "events": [{"id": "sign up", "order": 2}], **WEEK},
        [{"label": "sign up", "order": place, "data": [0, 0, 0, 0, 3, 1, 0, 0]} for place in (0, 1)],
    ),
    Case("an unknown action has no row", f1, {"actions": [{"id": 9}], **WEEK}, []),
    Case(
        "an event that never occurred is a row of zeros",
        f1,
        events("nothing", **WEEK),
        [{"data": [0] * 8, "count": 0}],
    ),
    Case("but has no row in a breakdown", f1, events("nothing", breakdown="x", **WEEK), []),
    # Maths.
    Case("daily actives", f2, viewed("dau", **JANUARY), [{"data": [1, 0, 1, 3, 1, 0, 2, 0, 1, 0, 1, 0]}]),
    Case(
        "weekly actives",
        f2,
        viewed("weekly_active", **JANUARY),
        [{"data": [1, 1, 2, 3, 3, 3, 4, 4, 4, 4, 2, 2]}],
    ),
    *(
        Case(
            f"weekly actives look back before the range in {zone}",
            f4,
            viewed("weekly_active", **between("01-08", "01-19")),
            [{"data": [1, 3, 2, 2, 3, 3, 3, 3, 3, 3, 1, 0]}],
            project={"timezone": zone},
        )
        for zone in ("UTC", "US/Pacific", "Asia/Tokyo")
    ),
    Case(
        "weekly actives of an action",
        many(with_actions, f4),
        {"actions": [{"id": 3, "math": "weekly_active"}], **between("01-08", "01-19")},
        [{"data": [1, 3, 2, 2, 3, 3, 3, 3, 3, 3, 1, 0]}],
    ),
    Case(
        "weekly actives by week are the week's own",
        f4,
        viewed("weekly_active", interval="week", **between("12-29", "01-18")),
        [{"data": [1, 2, 1], "days": days_of("12-29", "01-05", "01-12")}],
    ),
    Case(
        "a total of weekly actives is of the last week of the range",
        f4,
        viewed("weekly_active", display="ActionsTable", **between("01-11", "01-12")),
        [{"aggregated_value": 3, "data": [], "days": [], "count": 0}],
    ),
    Case(
        "the same by value",
        f4,
        viewed("weekly_active", display="ActionsTable", breakdown="key", **between("01-11", "01-11")),
        [{"breakdown_value": value, "aggregated_value": 2} for value in ("bor", "val")],
    ),
    Case(
        "events without a session are one session",
        f2,
        viewed("unique_session", **JANUARY),
        [{"data": [1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0]}],
    ),
    Case(
        "sessions",
        sessions,
        viewed("unique_session", **between("01-01", "01-03")),
        [{"data": [1, 2, 0]}],
    ),
    *(
        Case(
            f"{math} interpolates linearly and ignores what is no number",
            many(f1, some_numbers),
            quantile(math),
            [{"data": [0] * 7 + [expected]}],
            now="2020-01-04T13:00:01Z",
        )
        for math, expected in (
            ("median", 150.5),
            ("p75", 175.25),
            ("p90", 190.1),
            ("p95", 195.05),
            ("p99", 199.01),
        )
    ),
    Case("avg ignores what is no number", mixed_numbers, quantile("avg"), [{"data": [0] * 6 + [5, 0]}]),
    Case(
        "maths without a property count",
        f1,
        events({"id": "sign up", "math": "sum"}, **WEEK),
        [{"data": [0, 0, 0, 0, 3, 1, 0, 0]}],
    ),
    *(
        Case(
            f"session lengths are of whole sessions, by {interval}",
            many(f7, fifth_session),
            events(
                {"id": "sign up", "math": "median", "math_property": "$session_duration"}, interval=interval, **WEEK
            ),
            [{"data": data}],
        )
        for interval, data in (("week", [0, 5]), ("day", [0, 0, 0, 0, 5, 10, 0, 0]))
    ),
    Case(
        "events per actor",
        f3,
        events({"id": "viewed video", "math": "avg_count_per_actor"}, interval="week", **between("01-01", "01-07")),
        [{"data": [1.3333333333333333, 2], "days": days_of("12-29", "01-05")}],
    ),
    Case(
        "events per actor over the range",
        f3,
        events(
            {"id": "viewed video", "math": "avg_count_per_actor"}, display="ActionsTable", **between("01-01", "01-07")
        ),
        [{"aggregated_value": 2.6666666666666665}],
    ),
    Case(
        "most events of an actor",
        f2,
        viewed("max_count_per_actor", **JANUARY),
        [{"data": [1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0]}],
    ),
    Case(
        "first times",
        f2,
        viewed("first_time_for_user", **JANUARY),
        [{"count": 4, "data": [1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0]}],
    ),
    Case(
        "a merged person has one first time",
        merged_visitors,
        viewed("first_time_for_user", **between("01-09", "01-12")),
        [{"count": 3, "data": [0, 0, 1, 2]}],
    ),
    *(
        Case(
            f"the first event ever must match, {where} {browser}",
            two_browsers,
            viewed("first_time_for_user", **between("01-10", "01-12"), properties=is_browser)
            if where == "global"
            else events(
                {"id": "$pageview", "math": "first_time_for_user", "properties": is_browser},
                **between("01-10", "01-12"),
            ),
            [{"data": data}],
        )
        for browser, data in (("Chrome", [0, 1, 0]), ("Safari", [0, 0, 0]))
        for is_browser in ([{"key": "$browser", "value": browser}],)
        for where in ("global", "series")
    ),
    Case(
        "the first event that matches must be in range",
        late_firefox,
        viewed(
            "first_matching_event_for_user",
            properties=[{"key": "$browser", "value": "Firefox"}],
            **between("01-08", "01-11"),
        ),
        [{"count": 1, "data": [0, 0, 1, 0]}],
    ),
    # Displays.
    Case(
        "a running sum",
        f1,
        {**SIGN_UP, "display": "ActionsLineGraphCumulative", "date_from": "-7d"},
        [{"data": [0, 0, 0, 0, 3, 4, 4, 4], "count": 4}],
        now="2020-01-04T00:00:00Z",
    ),
    Case(
        "a running sum of people counts each once",
        many(f1, new_user),
        events({"id": "sign up", "math": "dau"}, display="ActionsLineGraphCumulative", date_from="-7d"),
        [{"data": [0, 0, 0, 0, 1, 1, 2, 2], "count": 2}],
        now="2020-01-04T00:00:00Z",
    ),
    Case(
        "totals",
        f1,
        events("sign up", "no events", display="ActionsBarValue", date_from="-7d"),
        [{"aggregated_value": 4}, {"aggregated_value": 1}],
        now="2020-01-04T00:00:00Z",
    ),
    *(
        Case(
            f"a total of people is no sum, by {interval}",
            f1,
            events({"id": "sign up", "math": "dau"}, display="ActionsTable", interval=interval, date_from="-7d"),
            [{"aggregated_value": 1}],
            now="2020-01-04T00:00:00Z",
        )
        for interval in ("week", "day")
    ),
    Case(
        "smoothing is the mean of up to n buckets, rounded down",
        f1,
        {**SIGN_UP, "smoothing_intervals": 3, **WEEK},
        [{"data": [0, 0, 0, 0, 1, 1, 1, 0]}],
    ),
    # Filters.
    Case(
        "a filter",
        f1,
        {**SIGN_UP, "properties": [{"key": "$some_property", "value": "value"}], **WEEK},
        [{"data": [0, 0, 0, 0, 1, 0, 0, 0]}],
    ),
    Case(
        "test accounts are left out if asked",
        f2,
        {**VIEWS, "filter_test_accounts": True, **JANUARY},
        [{"count": 4}],
        project={
            "test_account_filters": (
                {"key": "email", "type": "person", "operator": "not_icontains", "value": "@posthog.com"},
            )
        },
    ),
    Case(
        "filters of the series and of all, any of them",
        urls,
        events(
            {"id": "$pageview", "properties": [{"key": "$os", "value": "Mac"}]},
            properties={
                "type": "OR",
                "values": [{"key": "$browser", "value": "Firefox"}, {"key": "$os", "value": "Windows"}],
            },
            breakdown="$current_url",
            date_from="-14d",
        ),
        [{"breakdown_value": "second url", "count": 1}],
    ),
    Case(
        "filters of the series and of all, all of them",
        urls,
        events(
            {"id": "$pageview", "properties": [{"key": "$os", "value": "Mac"}]},
            properties={
                "type": "AND",
                "values": [{"key": "$browser", "value": "Firefox"}, {"key": "$os", "value": "Windows"}],
            },
            breakdown="$current_url",
            date_from="-14d",
        ),
        [],
    ),
    Case(
        "nested filters on persons",
        six_people,
        {
            **SIGN_UP,
            "date_from": "2020-01-01",
            "date_to": "2020-07-01",
            "breakdown": "email",
            "breakdown_type": "person",
            "properties": {
                "type": "AND",
                "values": [
                    {
                        "type": "OR",
                        "values": [
                            {
                                "key": "email",
                                "type": "person",
                                "operator": "not_icontains",
                                "value": "@posthog.com",
                            },
                            {"key": "key", "value": "val"},
                        ],
                    },
                    {
                        "type": "OR",
                        "values": [
                            {"key": "$os", "type": "person", "value": "android"},
                            {"key": "$browser", "type": "person", "value": "safari"},
                        ],
                    },
                ],
            },
        },
        [
            {"breakdown_value": value, "count": count}
            for value, count in (
                ("test2@posthog.com", 2),
                ("test3@posthog.com", 1),
                ("test4@posthog.com", 1),
                ("test5@posthog.com", 1),
                ("test@gmail.com", 1),
            )
        ],
    ),
    *(
        Case(
            f"a group's key as a column, {operator}",
            f2,
            {
                **VIEWS,
                "properties": [{"type": "event_metadata", "key": "$group_0", "operator": operator, "value": "org:5"}],
                **JANUARY,
            },
            [{"count": count}],
        )
        for operator, count in (("exact", 6), ("is_not", 4))
    ),
    Case(
        "a group's property that is not, for events without groups",
        ungrouped_views,
        {
            **VIEWS,
            "properties": [_industry("is_not", "textiles"), _VALUED],
            **_EARLY,
        },
        [{"count": 4}],
    ),
    Case(
        "a group's property and a person's",
        grouped_views,
        {
            **VIEWS,
            "properties": [_industry("exact", "finance"), _VALUED],
            **_EARLY,
        },
        [{"count": 1}],
    ),
    Case(
        "breakdown by a property of a group",
        grouped_views,
        {**VIEWS, "breakdown": "industry", "breakdown_type": "group", "breakdown_group_type_index": 0, **_EARLY},
        [
            {"breakdown_value": "technology", "count": 2},
            {"breakdown_value": "finance", "count": 1},
            {"breakdown_value": NO_VALUE, "count": 1},
        ],
    ),
]
