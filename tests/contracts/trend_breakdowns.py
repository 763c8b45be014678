"""Trends with breakdowns, formulas and comparisons."""

from __future__ import annotations

from hedgerow.entrypoints.trend_answers import NO_VALUE, OTHER_VALUES

from ..trend_worlds import bins, f1, f1t, f2, f6, f7, few_bins, many, other_value, three_people, two_views, variants
from .trend_case import FORMULA, JANUARY, SIGN_UP, SUM_AND_AVG, VIEWS, WEEK, Case, between, days_of, events

BREAKDOWNS = [
    # Breakdowns.
    Case(
        "a breakdown, largest first",
        f2,
        {**VIEWS, "breakdown": "$browser", **JANUARY},
        [
            {"label": "Chrome", "breakdown_value": "Chrome", "breakdown_kind": "value", "count": 6}
            | {"data": [0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0]},
            {"label": "Firefox", "count": 2},
            {"label": "Edge", "count": 1},
            {"label": "Safari", "count": 1},
        ],
    ),
    Case(
        "a breakdown of two series",
        f2,
        {**FORMULA, "breakdown": "$browser", **JANUARY},
        [
            {"label": f"{event} - {browser}", "count": count}
            for event, browser, count in (
                ("$pageview", "Chrome", 6),
                ("$pageview", "Firefox", 2),
                ("$pageview", "Edge", 1),
                ("$pageview", "Safari", 1),
                ("$pageleave", "Chrome", 3),
                ("$pageleave", "Edge", 1),
                ("$pageleave", "Firefox", 1),
                ("$pageleave", "Safari", 1),
            )
        ],
    ),
    Case(
        "TC-130 TC-131 an expression breaks down as the property that it is",
        f2,
        {
            **events("$pageview", "$pageleave"),
            "breakdown": "properties.$browser",
            "breakdown_type": "hogql",
            **JANUARY,
        },
        [
            {"breakdown_value": browser, "label": f"{event} - {browser}", "count": count}
            for event, browser, count in (
                ("$pageview", "Chrome", 6),
                ("$pageview", "Firefox", 2),
                ("$pageview", "Edge", 1),
                ("$pageview", "Safari", 1),
                ("$pageleave", "Chrome", 3),
                ("$pageleave", "Edge", 1),
                ("$pageleave", "Firefox", 1),
                ("$pageleave", "Safari", 1),
            )
        ],
    ),
    Case(
        "several breakdowns",
        f2,
        {
            **VIEWS,
            "breakdowns": [{"property": "$browser"}, {"property": "prop"}, {"property": "bool_field"}],
            **JANUARY,
        },
        [
            {"breakdown_value": value, "label": "::".join(value)}
            for value in (
                ["Chrome", "10", "true"],
                ["Firefox", "20", "false"],
                ["Edge", "30", "true"],
                ["Safari", "40", "false"],
            )
        ],
    ),
    Case(
        "breakdowns of event and person",
        f2,
        {
            **VIEWS,
            "breakdowns": [{"property": "$browser", "type": "event"}, {"property": "name", "type": "person"}],
            **JANUARY,
        },
        [
            {"breakdown_value": value}
            for value in (["Chrome", "p1"], ["Firefox", "p2"], ["Edge", "p3"], ["Safari", "p4"])
        ],
    ),
    Case(
        "what is beyond the limit is one row",
        f2,
        {**VIEWS, "breakdown": "$browser", "breakdown_limit": 2, "display": "ActionsBarValue", **JANUARY},
        [
            {"breakdown_value": "Chrome", "aggregated_value": 6},
            {"breakdown_value": "Firefox", "aggregated_value": 2},
            {"breakdown_value": OTHER_VALUES, "breakdown_kind": "other", "aggregated_value": 2},
        ],
    ),
    Case(
        "equal counts go by their text",
        bins,
        {**VIEWS, "breakdown": "$bin", **JANUARY},
        [{"breakdown_value": value} for value in ("4", "8", "128", "16", "32", "64")],
    ),
    Case(
        "a histogram",
        few_bins,
        {**VIEWS, "breakdown": "$bin", "breakdown_histogram_bin_count": 5, **JANUARY},
        [
            {"breakdown_value": value, "count": count}
            for value, count in (("[4,6.4]", 6), ("[6.4,8.8]", 2), ("[13.6,16.01]", 1), (NO_VALUE, 1))
        ],
    ),
    Case(
        "no value comes last, also in totals",
        f1,
        {**SIGN_UP, "breakdown": "$some_property", "display": "ActionsBarValue", **WEEK},
        [
            {"breakdown_value": value, "aggregated_value": total, "days": []}
            for value, total in (("other_value", 1), ("value", 1), (NO_VALUE, 2))
        ],
    ),
    Case(
        "people by value",
        many(f1, other_value),
        events({"id": "sign up", "math": "dau"}, breakdown="$some_property", **WEEK),
        [
            {"breakdown_value": value, "data": data}
            for value, data in (
                ("other_value", [0, 0, 0, 0, 0, 1, 0, 0]),
                ("value", [0, 0, 0, 0, 1, 0, 0, 0]),
                (NO_VALUE, [0, 0, 0, 0, 1, 0, 0, 0]),
            )
        ],
    ),
    Case(
        "several breakdowns without a value come last",
        variants,
        {**SIGN_UP, "breakdowns": [{"property": "$browser"}, {"property": "$variant"}], **JANUARY},
        [
            {"label": label}
            for label in (
                "Safari::2",
                "Safari::1",
                "Chrome::1",
                "Chrome::2",
                f"Chrome::{NO_VALUE}",
                f"Safari::{NO_VALUE}",
            )
        ],
    ),
    Case(
        "several breakdowns beyond the limit",
        variants,
        {
            **SIGN_UP,
            "breakdowns": [{"property": "$browser"}, {"property": "$variant"}],
            "breakdown_limit": 1,
            **JANUARY,
        },
        [{"label": "Safari::2"}, {"label": f"{OTHER_VALUES}::{OTHER_VALUES}"}],
    ),
    Case(
        "a histogram of session lengths",
        f7,
        events(
            {"id": "sign up", "math": "unique_session"},
            breakdown="$session_duration",
            breakdown_type="session",
            breakdown_histogram_bin_count=3,
            date_from="-3d",
        ),
        [
            {"breakdown_value": "[10,15.01]", "count": 2, "data": [1, 1, 0, 0]},
            {"breakdown_value": "[0,5]", "count": 1, "data": [1, 0, 0, 0]},
            {"breakdown_value": "[5,10]", "count": 1, "data": [1, 0, 0, 0]},
        ],
        now="2020-01-04T00:00:00Z",
    ),
    # Formulas.
    Case(
        "a formula",
        f2,
        {**FORMULA, "formula": "A+2*B", **between("01-09", "01-19")},
        [
            {
                "label": "Formula (A+2*B)",
                "action": None,
                "count": 22,
                "data": [1, 0, 3, 5, 7, 0, 2, 2, 1, 0, 1],
            }
        ],
    ),
    Case(
        "a formula by value",
        f2,
        {**FORMULA, "formula": "A+2*B", "breakdown": "$browser", **JANUARY},
        [
            {"breakdown_value": "Chrome", "count": 12, "data": [0, 0, 3, 3, 3, 0, 1, 0, 1, 0, 1, 0]},
            {"breakdown_value": "Firefox", "count": 4},
            {"breakdown_value": "Edge", "count": 3},
            {"breakdown_value": "Safari", "count": 3},
        ],
    ),
    *(
        Case(
            f"sums and averages by {interval} from {date_from}",
            f6,
            {**SUM_AND_AVG, "formula": "A+B", "interval": interval, "date_from": date_from},
            [{"data": data}],
            now="2020-01-03T13:05:01Z",
        )
        for interval, date_from, data in (
            ("hour", "-24h", [1200] + [0] * 23 + [1350]),
            ("hour", "-1d", [0] * 13 + [1200] + [0] * 23 + [1350]),
            ("day", "-3d", [0, 0, 1200, 1350]),
            ("week", "-2w", [0, 0, 2160]),
            ("month", "-2m", [0, 0, 2160]),
        )
    ),
    Case(
        "a difference by value",
        f6,
        {**SUM_AND_AVG, "formula": "A-B", "breakdown": "location", **WEEK},
        [
            {"breakdown_value": "London", "data": [0, 0, 0, 0, 0, 0, 450, 0]},
            {"breakdown_value": "Paris", "data": [0, 0, 0, 0, 0, 250, 0, 0]},
        ],
    ),
    Case(
        "a total of a formula",
        f2,
        {**FORMULA, "formula": "A+2*B", "display": "BoldNumber", **JANUARY},
        [{"data": None, "count": 0, "aggregated_value": 22}],
    ),
    # Comparison.
    Case(
        "a formula of yesterday and the days before",
        f6,
        {**SUM_AND_AVG, "formula": "A+B", "compare": True, "date_from": "-1dStart"},
        [
            {"compare_label": "current", "days": days_of("01-03", "01-04"), "data": [1350, 0]},
            {"compare_label": "previous", "days": days_of("01-01", "01-02"), "data": [0, 1200]},
        ],
        now="2020-01-04T00:00:00Z",
    ),
    Case(
        "the previous week shares a day, so that weekdays align",
        f1,
        {**SIGN_UP, "compare": "true", "date_from": "-7d"},
        [
            {
                "compare": True,
                "compare_label": "current",
                "data": [0, 0, 0, 0, 3, 1, 0, 0],
                "days": days_of("12-28", "12-29", "12-30", "12-31", "01-01", "01-02", "01-03", "01-04"),
            },
            {
                "compare_label": "previous",
                "data": [0, 0, 0, 1, 0, 0, 0, 0],
                "days": days_of("12-21", "12-22", "12-23", "12-24", "12-25", "12-26", "12-27", "12-28"),
            },
        ],
        now="2020-01-04T13:00:01Z",
    ),
    Case(
        "the day before",
        f1t,
        {**SIGN_UP, "compare": True, "date_from": "2020-01-02"},
        [{"data": [1]}, {"data": [3], "days": ["2020-01-01"]}],
        now="2020-01-02T20:17:00Z",
    ),
    # As a browser asks.
    Case(
        "a request in a query string",
        two_views,
        {"events": '[{"id":"$pageview"}]'},
        [{"count": 2, "label": "$pageview", "labels": [f"{day}-Jan-2012" for day in range(8, 16)]}],
        now="2012-01-15T04:01:34Z",
    ),
    Case(
        "people, of all and of some events",
        three_people,
        events(
            {"id": "$pageview", "math": "dau"},
            {"id": "$pageview", "math": "dau", "properties": [{"key": "key", "value": "val"}]},
            date_from="-14d",
        ),
        [{"order": 0, "data": [0] * 13 + [3, 0]}, {"order": 1, "data": [0] * 13 + [1, 0]}],
        now="2012-01-15T04:01:34Z",
    ),
]
