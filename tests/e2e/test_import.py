"""`hedgerow events import` of other shapes than a plain JSONL: PostHog's batch exports, Parquet, thousands of rows."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hedgerow.entrypoints.bootstrap import opened

from tests.e2e.live import run, run_json, set_up
from tests.e2e.stores import settings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    set_up(data)
    return data


def imported(data: Path, file: Path, *options: str) -> dict[str, int]:
    result: dict[str, int] = run_json(data, "events", "import", str(file), "--project", "1", *options)
    return result


def kept(data: Path) -> list[dict[str, Any]]:
    """The stored events, in the order of their times."""
    with opened(settings(data)) as services, services.events._transaction() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM events ORDER BY timestamp").mappings().all()
    return [{**row, "properties": json.loads(row["properties"])} for row in rows]


def an_export(number: int, **changes: Any) -> dict[str, Any]:
    """A row of a batch export."""
    return {
        "uuid": f"0190a0b0-0000-7000-8000-{number:012}",
        "event": "buy",
        "properties": json.dumps({"amount": number, "$set": {"plan": "pro"}}),
        "distinct_id": f"u{number}",
        "person_id": "0190a0b0-0000-7000-8000-00000000ffff",
        "person_properties": "{}",
        "team_id": 2,
        "elements_chain": "",
        "created_at": "2026-01-02 03:04:06.000000",
        "timestamp": f"2026-01-02 03:04:{number:02}.500000",
    } | changes


def write_parquet(file: Path, select: str, *parameters: object) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE rows AS {select}", list(parameters))
        connection.execute("COPY rows TO ? (FORMAT parquet)", [str(file)])


def test_a_batch_export_in_jsonl_is_read_as_it_is(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    rows = [an_export(1), an_export(2, properties={"amount": 2}), an_export(3, properties="{")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert imported(data, file) == {"read": 3, "imported": 2, "duplicates": 0, "rejected": 1}
    assert imported(data, file) == {"read": 3, "imported": 0, "duplicates": 2, "rejected": 1}
    first, second = kept(data)
    assert (str(first["uuid"]), first["distinct_id"]) == (an_export(1)["uuid"], "u1")
    assert first["timestamp"].isoformat() == "2026-01-02T03:04:01.500000"
    assert (first["properties"]["amount"], second["properties"]["amount"]) == (1, 2)
    assert "person_id" not in first["properties"]


@pytest.mark.parametrize(
    ("properties", "timestamp"),
    [
        ("""'{"amount": 1}'""", "TIMESTAMP '2026-01-02 03:04:05.5'"),
        ("""'{"amount": 1}'::JSON""", "TIMESTAMPTZ '2026-01-02 05:04:05.5+02'"),
        ("{'amount': 1, 'missing': NULL::INT}", "'2026-01-02T03:04:05.5Z'"),
        ("MAP {'amount': 1}", "TIMESTAMP_MS '2026-01-02 03:04:05.5'"),
    ],
    ids=["text", "JSON", "struct", "map"],
)
def test_parquet_is_read_whatever_the_types_of_its_columns(
    data: Path, tmp_path: Path, properties: str, timestamp: str
) -> None:
    file = tmp_path / "odd [1]*?.parquet"
    select = f"SELECT 'buy' AS event, 7 AS distinct_id, {timestamp} AS timestamp, {properties} AS properties, 1 AS x"
    write_parquet(file, f"{select}, uuid() AS uuid, uuid() AS person_id")
    assert imported(data, file) == {"read": 1, "imported": 1, "duplicates": 0, "rejected": 0}
    assert imported(data, file, "--format", "parquet")["duplicates"] == 1
    (row,) = kept(data)
    assert (row["event"], row["distinct_id"]) == ("buy", "7")
    assert row["timestamp"].isoformat() == "2026-01-02T03:04:05.500000"
    assert row["properties"] == {"amount": 1}


def test_equal_rows_without_uuid_stay_apart_and_are_not_read_twice(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    write_parquet(file, "SELECT 'e' AS event, 'u' AS distinct_id, TIMESTAMP '2026-01-01' AS timestamp FROM range(5)")
    assert imported(data, file) == {"read": 5, "imported": 5, "duplicates": 0, "rejected": 0}
    assert imported(data, file) == {"read": 5, "imported": 0, "duplicates": 5, "rejected": 0}


def test_what_is_skipped_is_counted_by_reason(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    select = (
        "SELECT CASE WHEN i < 20 THEN '' ELSE 'e' END AS event, 'u' || i AS distinct_id,"
        " CASE WHEN i >= 90 THEN 'soon' ELSE '2026-01-01' END AS timestamp FROM range(100) AS rows(i)"
    )
    write_parquet(file, select)
    done = run(data, "events", "import", str(file), "--project", "1")
    assert done.exit_code == 0
    assert "20  event submitted with an empty event name" in done.stderr
    assert "10  no readable timestamp" in done.stderr
    assert "Rejected row 1: " in done.stderr


@pytest.mark.parametrize(
    ("content", "words"), [(b"not parquet", "cannot be read"), (b"", "cannot be read"), (None, "no column distinct_id")]
)
def test_a_file_that_is_no_events_is_refused_in_one_line(
    data: Path, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "events.parquet"
    if content is None:
        write_parquet(file, "SELECT 'e' AS event, now() AS timestamp")
    else:
        file.write_bytes(content)
    done = run(data, "events", "import", str(file), "--project", "1")
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (1, 1)
    assert words in done.stderr


def test_years_of_a_shops_purchases_are_imported_once(data: Path, tmp_path: Path) -> None:
    """As many purchases and customers as a small shop has in a year and a half, a few of a day equal."""
    random.seed(4)
    customers, purchases = 2_357, 6_919
    rows = [
        (f"c{n if n < customers else random.randrange(customers)}", f"1997-0{random.randrange(1, 10)}-15", n % 5)
        for n in range(purchases)
    ]
    file = tmp_path / "shop.parquet"
    select = "SELECT 'purchase' AS event, r[1] AS distinct_id, r[2] AS timestamp, {'cds': r[3]::INT} AS properties"
    write_parquet(file, f"{select} FROM (SELECT unnest(?) AS r)", [[str(value) for value in row] for row in rows])
    assert imported(data, file) == {"read": purchases, "imported": purchases, "duplicates": 0, "rejected": 0}
    assert imported(data, file) == {"read": purchases, "imported": 0, "duplicates": purchases, "rejected": 0}
    with opened(settings(data)) as services, services.relational.begin(write=False) as work:
        from hedgerow.domain.ports import PersonQuery

        assert work.persons.count(PersonQuery(1)) == customers
