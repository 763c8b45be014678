"""The demo's purchases, counted over HTTP and straight from the published file."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.web import create_app

from tests.e2e.live import run_json
from tests.e2e.stores import settings


def test_month_trends_are_exactly_what_the_file_says(tmp_path: Path) -> None:
    loaded = run_json(tmp_path, "demo", "load")
    key = (tmp_path / "demo-key.txt").read_text().strip()
    series = [{"id": "purchase"}, {"id": "purchase", "math": "dau"}, {"id": "purchase", "math": "sum"}]
    series[2]["math_property"] = "amount"
    question = {"events": series, "interval": "month", "date_from": "1997-01-01", "date_to": "1998-06-30"}
    with opened(settings(tmp_path)) as services:
        answer: Any = (
            create_app(services)
            .test_client()
            .post(
                f"/api/projects/{loaded['project']['id']}/insights/trend",
                json=question,
                headers={"Authorization": f"Bearer {key}"},
            )
            .json
        )

    total: Counter[str] = Counter()
    people: defaultdict[str, set[str]] = defaultdict(set)
    amount: defaultdict[str, Decimal] = defaultdict(Decimal)
    with (resources.files("hedgerow") / "data" / "cdnow_sample.txt").open() as lines:
        for line in lines:
            customer, _, date, _, paid = line.split()
            month = f"{date[:4]}-{date[4:6]}-01"
            total[month] += 1
            people[month].add(customer)
            amount[month] += Decimal(paid)
    counted = [dict(zip(row["days"], row["data"], strict=True)) for row in answer["result"]]
    assert counted[0] == total
    assert counted[1] == {month: len(customers) for month, customers in people.items()}
    assert counted[2] == {month: float(sum_) for month, sum_ in amount.items()}
