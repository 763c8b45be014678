"""What commands ask of a running server over its socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hedgerow.domain.backups import Progress
from hedgerow.domain.errors import Conflict
from hedgerow.entrypoints.control import Control, _short, ask
from hedgerow.entrypoints.settings import Settings


def count(request: Mapping[str, Any], progress: Progress) -> Any:
    for number in range(request["to"]):
        progress("numbers", number + 1, request["to"])
    return {"counted": request["to"]}


def refuse(request: Mapping[str, Any], progress: Progress) -> Any:
    raise Conflict("Not now.")


# The second is longer than the name of a socket may be.
@pytest.fixture(params=["data", "d" * 150])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    (tmp_path / request.param).mkdir()
    return Settings(data_dir=tmp_path / request.param)


@pytest.fixture
def control(settings: Settings) -> Iterator[Control]:
    control = Control(settings, {"count": count, "refuse": refuse})
    yield control
    control.close()


def test_a_request_is_answered_with_its_progress(settings: Settings, control: Control) -> None:
    told: list[tuple[str, int, int]] = []
    done = ask(settings, {"do": "count", "to": 3}, lambda *progress: told.append(progress))
    assert done == {"counted": 3}
    assert told == [("numbers", number, 3) for number in (1, 2, 3)]
    assert ask(settings, {"do": "count", "to": 2}) == {"counted": 2}


def test_a_refusal_and_a_failure_come_in_one_line_and_the_next_request_is_answered(
    settings: Settings, control: Control
) -> None:
    with pytest.raises(Conflict, match=r"^Not now\.$"):
        ask(settings, {"do": "refuse"})
    for wrong in ({"do": "count"}, {"do": "dance"}, {}):
        with pytest.raises(Conflict, match="its log says why"):
            ask(settings, wrong)
    assert ask(settings, {"do": "count", "to": 1}) == {"counted": 1}


def test_a_command_that_goes_away_is_in_nobodys_way(settings: Settings, control: Control) -> None:
    if len(str(settings.data_dir)) > 90:
        pytest.skip("the plain way to connect is enough")
    for line in (b"", b"nonsense\n", b'{"do": "count", "to": 100000}\n'):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(settings.data_dir / "control.sock"))
            rude.sendall(line)
    assert ask(settings, {"do": "count", "to": 1}) == {"counted": 1}


def test_without_a_server_there_is_no_answer_also_where_one_was_killed(settings: Settings) -> None:
    assert ask(settings, {"do": "count"}) is None
    with socket.socket(socket.AF_UNIX) as killed, _short(settings.data_dir / "control.sock") as name:
        killed.bind(name)  # and its file stays
    assert ask(settings, {"do": "count", "to": 1}) is None
    again = Control(settings, {"count": count})
    assert ask(settings, {"do": "count", "to": 1}) == {"counted": 1}
    again.close()
    assert not (settings.data_dir / "control.sock").exists()
    assert ask(settings, {"do": "count"}) is None
