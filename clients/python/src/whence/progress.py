"""A progress line: tqdm's where it is installed (in notebooks, too), else one of our own on a terminal, else none."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Optional


class ProgressLine:
    """How far something is, as a fraction; use it by `with`."""

    def __init__(self, title: str, enabled: bool) -> None:
        self._bar: Any = _tqdm_bar(title) if enabled else None
        self._title = title
        self._own = enabled and self._bar is None and sys.stderr.isatty()
        self._shown: Optional[str] = None

    def update(self, fraction: float, what: str) -> None:
        percent = round(100 * min(max(fraction, 0.0), 1.0))
        if self._bar is not None:
            self._bar.set_postfix_str(what, refresh=False)
            self._bar.n = percent
            self._bar.refresh()
        elif self._own:
            line = f"{self._title}: {percent:3d} % {what}"
            if line != self._shown:
                sys.stderr.write(f"\r{line.ljust(len(self._shown or ''))}")
                sys.stderr.flush()
                self._shown = line

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._shown is not None:
            sys.stderr.write("\n")


def _tqdm_bar(title: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a notebook has no widgets
            from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return None
    layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
    return tqdm(total=100, desc=title, bar_format=layout, leave=False)
