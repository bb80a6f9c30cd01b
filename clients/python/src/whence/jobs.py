"""A job: one accepted request, followed, canceled, and read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Dict, Generic, Iterator, TypeVar
from urllib.parse import quote

from .context import ContextResult
from .errors import JobCanceledError, JobFailedError, UnavailableError
from .evaluation import EvaluationResult
from .progress import ProgressLine
from .results import Result
from .transport import Transport

_POLL_SECONDS = 1.0
_FINAL = ("succeeded", "failed", "canceled")


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    #: `progress`, `step` (the finished column of one generated token), or `done`, the last.
    name: str
    #: As in the schemas `Progress`, `StepEvent` and `Job` of the API.
    data: Dict[str, Any]


R = TypeVar("R")


class AnyJob(Generic[R]):
    """A job of the service, of some kind. `data` is what the service last said of it."""

    def __init__(self, transport: Transport, data: Dict[str, Any]) -> None:
        self._transport = transport
        self.data = data

    @property
    def id(self) -> str:
        return str(self.data["id"])

    @property
    def status(self) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `canceled`."""
        return str(self.data["status"])

    @property
    def done(self) -> bool:
        return self.status in _FINAL

    @property
    def heatmap_url(self) -> str:
        return f"{self._transport.url}{self._path}/heatmap"

    @property
    def share_url(self) -> str:
        """For others: reads this job without an API key, for a while."""
        share = str(self.data["links"]["share"])
        return share if share.startswith("http") else f"{self._transport.url}{share[share.index('/s/') :]}"

    def refresh(self) -> AnyJob[R]:
        self.data = self._transport.json("GET", self._path)
        return self

    def events(self) -> Iterator[Event]:
        """What happened and happens, until the job is done."""
        for name, data in self._transport.events(f"{self._path}/events"):
            if name == "done":
                self.data = data
            yield Event(name, data)

    def wait(self, progress: bool = True) -> R:
        """The result, as soon as there is one. Ctrl-C cancels the job.

        Raises JobFailedError or JobCanceledError where there will be none.
        """
        try:
            if not self.done:
                with ProgressLine(str(self.data["model"]), progress) as line:
                    self._follow(line)
        except KeyboardInterrupt:
            self.cancel()
            raise
        return self.result()

    def _follow(self, line: ProgressLine) -> None:
        try:
            for event in self.events():
                if event.name == "progress":
                    line.update(event.data["fraction"], event.data["phase"])
        except UnavailableError:  # the service keeps so many streams open and no more
            while not self.refresh().done:
                line.update(self.data["progress"]["fraction"], self.data["progress"]["phase"])
                time.sleep(_POLL_SECONDS)

    def result(self) -> R:
        """The result of a job that succeeded. Raises as `wait` does."""
        if self.status == "failed":
            raise JobFailedError(self.id, self.data.get("error") or {})
        if self.status == "canceled":
            raise JobCanceledError(self.id)
        return self._read(self._transport.json("GET", f"{self._path}/result?format=json"))

    def _read(self, data: Dict[str, Any]) -> R:
        raise NotImplementedError

    def cancel(self) -> AnyJob[R]:
        self.data = self._transport.json("POST", f"{self._path}/cancel")
        return self

    def delete(self) -> None:
        """Forgets the job and its result; share links of it end."""
        self._transport.text("DELETE", self._path)

    @property
    def _path(self) -> str:
        return f"/jobs/{quote(self.id, safe='')}"

    def __repr__(self) -> str:
        return f"<whence.{type(self).__name__} {self.id} {self.status}>"


class Job(AnyJob[Result]):
    """A job of `attribute`."""

    def _read(self, data: Dict[str, Any]) -> Result:
        return Result(self._transport, self, data)


class ContextJob(AnyJob[ContextResult]):
    """A job of `attribute_context`."""

    def _read(self, data: Dict[str, Any]) -> ContextResult:
        return ContextResult(self._transport, self, data)


class EvaluationJob(AnyJob[EvaluationResult]):
    """A job of `evaluate`."""

    def _read(self, data: Dict[str, Any]) -> EvaluationResult:
        return EvaluationResult(self._transport, self, data)
