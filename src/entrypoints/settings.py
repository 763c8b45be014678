"""Settings: environment variables named `HEDGEROW_…`, all optional."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..domain.errors import InvalidInput
from ..domain.schedules import Cron


def _checked(expression: str) -> str:
    try:
        return Cron(expression).expression if expression else ""
    except InvalidInput as error:
        raise ValueError(error.detail) from None


class Settings(BaseSettings):
    """What an operator may set. Each field is the variable `HEDGEROW_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Where the embedded stores live.")
    database_url: str = Field(default="", description="Relational store, a SQLAlchemy URL; empty: SQLite in there.")
    events_url: str = Field(default="", description="Event store, a SQLAlchemy URL; empty: DuckDB in the data folder.")
    redis_url: str = Field(default="", description="Redis that all processes share; empty: all in this process.")
    rate_limits: Literal["on", "off"] = Field(default="on", description="Whether keys have rate limits.")
    cors_origins: str = Field(
        default="", description="Origins, comma-separated, that may call the private API from a browser."
    )
    public_url: str = Field(default="", description="Base of absolute links; empty: taken from each request.")
    deletion_schedule: Annotated[str, AfterValidator(_checked)] = Field(
        default="0 5 * * SUN", description="When events are erased: a cron expression in UTC; empty: on command only."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
    log_format: Literal["", "console", "json"] = Field(
        default="", description="How it is logged; empty: console on a terminal, else json."
    )

    @property
    def is_embedded(self) -> bool:
        """Whether both stores are files in the data folder."""
        return not self.database_url and not self.events_url

    @property
    def database(self) -> str:
        """The relational store's URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hedgerow.db'}"

    @property
    def events(self) -> str:
        """The event store's URL."""
        return self.events_url or f"duckdb:///{self.data_dir / 'events.duckdb'}"

    @property
    def has_shared_events(self) -> bool:
        """Whether several processes may open the event store: a file is the server's alone."""
        return not self.events.startswith("duckdb:")

    @property
    def has_workers(self) -> bool:
        """Whether a scheduler and workers do the scheduled jobs; else the server does."""
        return bool(self.redis_url) and self.has_shared_events


def read_settings() -> Settings:
    """The settings in force. Raises `InvalidInput` naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "HEDGEROW_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidInput(f"{variable}: {first['msg'].removeprefix('Value error, ')}.") from None
