"""What can go wrong, as exceptions that say which field, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Type


class WhenceError(Exception):
    """Every error of this package is one."""


class ServiceUnreachableError(WhenceError):
    """No answer came, after all tries."""


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with a request."""

    #: JSON pointer into the body (`#/method_args/n_steps`), or `#/query/name`, `#/header/name`.
    field: str
    #: What is wrong, with the value, and what to do.
    remedy: str


class ApiError(WhenceError):
    """The service refused: `application/problem+json` (RFC 9457) as an exception."""

    def __init__(self, status: int, problem: Dict[str, Any]) -> None:
        #: HTTP status.
        self.status = status
        #: Kind of problem, such as `validation` or `queue-full`.
        self.kind: str = str(problem.get("type", "")).rsplit(":", 1)[-1]
        self.title: str = str(problem.get("title", ""))
        #: What happened and what to do.
        self.detail: str = str(problem.get("detail", ""))
        #: Everything that is wrong, field by field.
        self.errors: List[FieldError] = [
            FieldError(str(error.get("pointer", "")), str(error.get("detail", "")))
            for error in problem.get("errors") or []
        ]
        #: Id of the request in the service's log.
        self.request_id: Optional[str] = str(problem["instance"]).rsplit(":", 1)[-1] if "instance" in problem else None
        lines = [f"{error.field}: {error.remedy}" for error in self.errors] or [self.detail or self.title]
        super().__init__(f"{status} {self.title}\n  " + "\n  ".join(lines))

    @property
    def field(self) -> Optional[str]:
        """JSON pointer of the first field at fault; None where no field is."""
        return self.errors[0].field if self.errors else None

    @property
    def remedy(self) -> str:
        """What to do, of the first field at fault or of the whole."""
        return self.errors[0].remedy if self.errors else self.detail


class InvalidRequestError(ApiError):
    """400, 413, 415 or 422: the request cannot be computed as it is."""


class AuthenticationError(ApiError):
    """401 or 403: the API key is missing or unknown."""


class NotFoundError(ApiError):
    """404 or 410: never existed, deleted, expired, or without a result."""


class UnavailableError(ApiError):
    """429 or 503, also after all tries: too many requests, a full queue, or Redis in trouble."""


_BY_STATUS: Dict[int, Type[ApiError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    410: NotFoundError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: UnavailableError,
    503: UnavailableError,
}


def api_error(status: int, problem: Dict[str, Any]) -> ApiError:
    """The exception of a problem document."""
    return _BY_STATUS.get(status, ApiError)(status, problem)


class _Failure(WhenceError):
    def __init__(self, what: str, error: Dict[str, Any]) -> None:
        #: Machine-readable and stable, such as `too_long`.
        self.code: str = str(error.get("code", ""))
        self.message: str = str(error.get("message", ""))
        #: JSON pointer of the field at fault; None where no field is.
        self.field: Optional[str] = error.get("pointer")
        #: What happened and what to do.
        self.remedy: str = self.message
        super().__init__(f"{what} failed ({self.code}): {f'{self.field}: ' if self.field else ''}{self.message}")


class JobFailedError(_Failure):
    """The job was accepted, and failed as it was computed."""

    def __init__(self, job_id: str, error: Dict[str, Any]) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id}", error)


class TextFailedError(_Failure):
    """One text of a job failed; the others did not."""

    def __init__(self, error: Dict[str, Any]) -> None:
        super().__init__("this text", error)


class JobCanceledError(WhenceError):
    """Somebody canceled the job."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} was canceled")
