"""Results of `evaluate`: methods compared on given texts by faithfulness metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional
from urllib.parse import quote

from .transport import Transport

if TYPE_CHECKING:
    from .jobs import EvaluationJob


@dataclass(frozen=True)
class Estimate:
    """A mean over the texts with its 95 % confidence interval, whose ends are None where there is one text."""

    mean: float
    low: Optional[float]
    high: Optional[float]


@dataclass(frozen=True)
class EvaluatedMetric:
    """A metric of a method; None where there is no number for any text."""

    #: `higher` or `lower`.
    better: str
    mean: Optional[Estimate]
    #: By a random ranking of the same texts.
    random: Optional[Estimate]
    #: By how much the method beats the random ranking: above 0 is better, whatever the direction of the metric.
    gain: Optional[Estimate]


@dataclass(frozen=True)
class EvaluatedMethod:
    """A method with what was measured of it."""

    #: 1 is the best; None where it failed on every text.
    rank: Optional[int]
    method: str
    method_args: Dict[str, Any]
    #: By name.
    metrics: Dict[str, EvaluatedMetric]
    seconds: float
    passes: int


class EvaluationResult:
    """The result of a job that compares methods."""

    def __init__(self, transport: Transport, job: EvaluationJob, data: Dict[str, Any]) -> None:
        self._transport = transport
        self.job = job
        #: As in the schema `EvaluateResult` of the API.
        self.data = data

    @property
    def info(self) -> Dict[str, Any]:
        """What was done: the request with every default, passes, seconds, versions, …"""
        return dict(self.data["info"])

    @property
    def ranking(self) -> List[EvaluatedMethod]:
        """The best method first."""
        return [_method(one) for one in self.data["ranking"]]

    def text(self, format: str = "text") -> str:
        """The result as `text` (a table for a terminal), `csv` or `json`."""
        return self._transport.text("GET", f"/jobs/{quote(self.job.id, safe='')}/result?format={format}")

    def __repr__(self) -> str:
        return f"<whence.EvaluationResult {[method.method for method in self.ranking]}>"


def _method(data: Dict[str, Any]) -> EvaluatedMethod:
    metrics = {
        one["name"]: EvaluatedMetric(
            one["better"], _estimate(one["mean"]), _estimate(one["random"]), _estimate(one["gain"])
        )
        for one in data["metrics"]
    }
    passes = data["forward_passes"] + data["backward_passes"]
    return EvaluatedMethod(data["rank"], data["method"], data["method_args"], metrics, data["seconds"], passes)


def _estimate(data: Optional[Dict[str, Any]]) -> Optional[Estimate]:
    return None if data is None else Estimate(data["mean"], data["low"], data["high"])
