"""Results in notebooks: the service's own picture of them."""

from __future__ import annotations

import html
from typing import Optional
from urllib.parse import quote

from .errors import WhenceError
from .transport import Transport


class Heatmap:
    """Shows a result as a fragment with a style of its own; it stays after the job has gone."""

    def __init__(self, transport: Transport, job_id: str) -> None:
        self._transport = transport
        self._path = f"/jobs/{quote(job_id, safe='')}/heatmap?embed=1"
        self._fragment: Optional[str] = None

    def html(self, instead: str) -> str:
        """@param instead: what is shown beside the reason where there is no picture"""
        if self._fragment is None:
            try:
                self._fragment = self._transport.text("GET", self._path)
            except WhenceError as error:
                return f"<pre>{html.escape(instead)}\n{html.escape(str(error))}</pre>"
        return self._fragment
