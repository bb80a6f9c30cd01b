"""HTTP by the standard library: JSON in and out, problems as exceptions, tries again where that is safe and asked for."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Union

from .errors import ServiceUnreachableError, api_error

#: Statuses after which the service asks to come back.
_LATER = (429, 503)
_LONGEST_PAUSE = 60.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The API key goes to the service alone, wherever an answer leads."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Transport:
    """Requests to one service."""

    def __init__(self, url: str, key: Optional[str], timeout: float, retries: int) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"url is {url!r}: give the address of a service, such as 'http://127.0.0.1:3000'")
        self.url = url.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._retries = retries
        self._opener = urllib.request.build_opener(_NoRedirects)

    def json(self, method: str, path: str, body: Any = None, headers: Optional[Mapping[str, str]] = None) -> Any:
        text = self.text(method, path, body, headers)
        return json.loads(text) if text else None

    def text(self, method: str, path: str, body: Any = None, headers: Optional[Mapping[str, str]] = None) -> str:
        """The answer's text, after as many tries as it takes and is allowed.

        Every request of this package can safely be sent again: those that submit have an `Idempotency-Key`.
        """
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                with self.open(method, path, body, headers) as response:
                    return _text_of(response)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _LATER or last:
                        raise self._refusal(error) from None
                    pause = _pause(error.headers.get("Retry-After"), attempt)
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if last:
                    raise self._unreachable(error) from error
                pause = _pause(None, attempt)
            time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def events(self, path: str) -> Iterator[Tuple[str, Any]]:
        """Name and data of server-sent events; goes on where a broken connection ended."""
        last_id = ""
        attempt = 0
        while True:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
            try:
                with self.open("GET", path, None, headers) as response:
                    for event_id, name, data in _parse(response):
                        last_id = event_id or last_id
                        attempt = 0
                        yield name, json.loads(data)
                        if name == "done":
                            return
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _LATER or attempt >= self._retries:
                        raise self._refusal(error) from None
                    time.sleep(_pause(error.headers.get("Retry-After"), attempt))
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if attempt >= self._retries:
                    raise self._unreachable(error) from error
                time.sleep(_pause(None, attempt))
            attempt += 1

    def open(self, method: str, path: str, body: Any, headers: Optional[Mapping[str, str]]) -> Any:
        """One try."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Accept-Encoding": "gzip"}, method=method)
        request.add_header("Accept", "application/json")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self._key is not None:
            request.add_header("Authorization", f"Bearer {self._key}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        return self._opener.open(request, timeout=self._timeout)

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        text = _text_of(error)
        try:
            problem = json.loads(text)
        except ValueError:
            problem = None
        if not isinstance(problem, dict):
            detail = f"{self.url} answered {error.code} and no problem document: is it a Whence service?"
            problem = {"title": error.reason, "detail": detail}
        return api_error(error.code, problem)

    def _unreachable(self, error: Exception) -> ServiceUnreachableError:
        reason = getattr(error, "reason", error)
        return ServiceUnreachableError(f"{self.url} does not answer ({reason}): is the service running there?")


def _text_of(response: Union[http.client.HTTPResponse, urllib.error.HTTPError]) -> str:
    data = response.read()
    return (gzip.decompress(data) if response.headers.get("Content-Encoding") == "gzip" else data).decode()


def _pause(retry_after: Optional[str], attempt: int) -> float:
    """Seconds: what the service says, or else longer and longer, and not all clients at once."""
    if retry_after is not None and retry_after.strip().isdigit():
        return min(float(retry_after), _LONGEST_PAUSE)
    return float(min(0.25 * 2**attempt, 8.0) * random.uniform(0.75, 1.25))


def _parse(lines: Any) -> Iterator[Tuple[str, str, str]]:
    """Id, name and data of each event of a stream (WHATWG's format, as the service writes it)."""
    fields: Dict[str, str] = {}
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if line == "":
            if "data" in fields:
                yield fields.get("id", ""), fields.get("event", "message"), fields["data"]
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            fields[name] = f"{fields['data']}\n{value}" if name == "data" and "data" in fields else value
