"""Results of `attribute_context`: which parts of documents or of a context an answer came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional
from urllib.parse import quote

from .heatmap import Heatmap
from .results import as_array
from .transport import Transport

if TYPE_CHECKING:
    from .jobs import ContextJob


@dataclass(frozen=True)
class Unit:
    """A part of a document: `text` is exactly its characters `start` to `end` (UTF-16 units)."""

    document_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """A unit that speaks for a sentence of the answer, and by how much."""

    unit: Unit
    score: float


@dataclass(frozen=True)
class Citation:
    """A sentence of the answer, or a span that was asked for, with what it came from."""

    text: str
    #: Characters of the answer (UTF-16 units).
    start: int
    end: int
    log_probability: float
    #: By how much its log-probability drops, in nats, when all documents are left out; None where that was not computed.
    support: Optional[float]
    #: Whether `support` is below the threshold: then there are no sources.
    unsupported: bool
    #: The highest score first.
    sources: List[Source]


class ContextResult:
    """The result of a job about a context."""

    def __init__(self, transport: Transport, job: ContextJob, data: Dict[str, Any]) -> None:
        self._transport = transport
        self.job = job
        #: As in the schema `ContextResult` of the API.
        self.data = data
        self._heatmap = Heatmap(transport, job.id)

    @property
    def info(self) -> Dict[str, Any]:
        """What was done: the request with every default, passes, seconds, versions, …"""
        return dict(self.data["info"])

    @property
    def pecore(self) -> Optional[Dict[str, Any]]:
        """With texts in place of documents: scores under Inseq's names (`cti_scores`, `cci_scores`, …); else None."""
        context: Optional[Dict[str, Any]] = self.data["context"]
        return context

    @property
    def answer(self) -> str:
        sources = self.data["sources"]
        return str(self.data["context"]["output_current"] if sources is None else sources["answer"])

    @property
    def units(self) -> List[Unit]:
        """What is scored: the rows of `scores`. Empty without documents."""
        return [_unit(one) for one in (self.data["sources"] or {}).get("units", [])]

    @property
    def citations(self) -> List[Citation]:
        """The sentences of the answer: the columns of `scores`. Empty without documents."""
        return [
            Citation(
                one["text"],
                one["start"],
                one["end"],
                one["log_probability"],
                one["support"],
                one["unsupported"],
                [Source(_unit(source), source["score"]) for source in one["sources"]],
            )
            for one in (self.data["sources"] or {}).get("citations", [])
        ]

    @property
    def scores(self) -> Any:
        """[units, citations]; None without documents. NaN: does not apply."""
        return as_array(None if self.data["sources"] is None else self.data["sources"]["scores"])

    def to_pandas(self) -> Any:
        """A DataFrame of `scores`: a row for each unit (document, text), a column for each citation."""
        import pandas  # type: ignore[import-untyped, unused-ignore]

        names = [(unit.document_id, unit.text) for unit in self.units]
        index = pandas.MultiIndex.from_tuples(names, names=["document", "unit"])
        rows = [] if self.data["sources"] is None else self.data["sources"]["scores"]
        return pandas.DataFrame(rows, index=index, columns=[citation.text for citation in self.citations])

    def text(self, format: str) -> str:
        """The result as `json`, `csv` (a row for each score) or `text` (for a terminal)."""
        return self._transport.text("GET", f"/jobs/{quote(self.job.id, safe='')}/result?format={format}")

    def __repr__(self) -> str:
        return f"<whence.ContextResult {len(self.citations)} citations of {len(self.units)} units>"

    def _repr_html_(self) -> str:
        """The answer and the documents, shaded; it stays after the job has gone."""
        return self._heatmap.html(repr(self))


def _unit(data: Dict[str, Any]) -> Unit:
    return Unit(data["document_id"], data["start"], data["end"], data["text"])
