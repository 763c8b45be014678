"""Reading event files: an event an object a line (JSONL), or a column a field (CSV, Parquet)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from ...adapters import parquet
from ...domain.errors import InvalidInput
from ...domain.events import JsonValue
from ...services.imports import Row
from ..json_text import InvalidJson, parse_json

_FIELDS = ("event", "distinct_id", "timestamp", "uuid")
_JSON_FIELDS = ("properties", "$set", "$set_once")
_NO_OBJECT = "properties, $set or $set_once is not JSON"
_MAX_LINE = 20 * 1024 * 1024


def read_jsonl(file: BinaryIO) -> Iterator[Row]:
    """Each line's event. Empty lines are passed over; a line that is no JSON becomes an error."""
    number = 0
    while line := file.readline(_MAX_LINE + 1):
        number += 1
        if len(line) > _MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(_MAX_LINE)
            yield Row(number, None, f"longer than {_MAX_LINE} bytes")
            continue
        if not line.strip():
            continue
        try:
            event = parse_json(line)
        except (InvalidJson, UnicodeDecodeError):
            yield Row(number, None, "not JSON")
        else:
            yield _row(number, event)


def read_parquet(file: BinaryIO) -> Iterator[Row]:
    """Each row's event, from the columns of an event's fields; the others are passed over."""
    size = Path(file.name).stat().st_size
    for number, (share, fields) in enumerate(parquet.read_events(Path(file.name)), start=1):
        file.seek(int(size * share))  # whoever shows the progress looks here
        yield _row(number, {name: text for name, text in fields.items() if text is not None})


def read_csv(file: BinaryIO) -> Iterator[Row]:
    """Each row's event. Columns that are no field of an event are properties: a cell that is a number exactly as
    JSON writes it becomes a number, `true` and `false` booleans, an empty cell nothing, all else text."""
    csv.field_size_limit(_MAX_LINE)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        reader = csv.DictReader(text, strict=True)
        missing = {"event", "distinct_id", "timestamp"} - set(reader.fieldnames or ())
        if missing:
            raise InvalidInput(f"The CSV file has no column {', '.join(sorted(missing))}.")
        for number, cells in enumerate(reader, start=2):
            if None in cells or None in cells.values():
                yield Row(number, None, "as many cells as the header are needed")
                continue
            try:
                yield Row(number, _event(cells))
            except orjson.JSONDecodeError:
                yield Row(number, None, _NO_OBJECT)
    except csv.Error as error:
        raise InvalidInput(f"The CSV file cannot be read: {error}.") from None
    finally:
        text.detach()


def _row(number: int, event: JsonValue) -> Row:
    """The row, its objects read where they are JSON text, as PostHog's batch exports have them."""
    if isinstance(event, dict):
        for name in _JSON_FIELDS:
            if isinstance(text := event.get(name), str):
                try:
                    event[name] = parse_json(text.encode())
                except InvalidJson:
                    return Row(number, None, _NO_OBJECT)
    return Row(number, event)


def _event(cells: dict[str, str]) -> JsonValue:
    event: dict[str, JsonValue] = {name: cells[name] for name in _FIELDS if cells.get(name)}
    for name in _JSON_FIELDS:
        if cells.get(name):
            event[name] = orjson.loads(cells[name])
    properties = event.setdefault("properties", {})
    if isinstance(properties, dict):
        for name, cell in cells.items():
            if name not in _FIELDS and name not in _JSON_FIELDS and cell:
                properties[name] = _value(cell)
    return event


def _value(cell: str) -> JsonValue:
    if cell in ("true", "false"):
        return cell == "true"
    if cell[0] in "-0123456789":
        try:
            value = orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
        if orjson.dumps(value) == cell.encode():
            return value  # type: ignore[no-any-return]
    return cell


READERS: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {
    "jsonl": read_jsonl,
    "csv": read_csv,
    "parquet": read_parquet,
}


def reader_for(path: Path, format: str | None) -> Callable[[BinaryIO], Iterator[Row]]:
    """The reader of a format, or of the file's ending. Raises `InvalidInput`."""
    chosen = format or path.suffix.removeprefix(".").lower()
    if chosen in ("ndjson", "json"):
        chosen = "jsonl"
    if chosen not in READERS:
        raise InvalidInput(f"The format of {path.name} is not known; say --format {' or '.join(READERS)}.")
    return READERS[chosen]
