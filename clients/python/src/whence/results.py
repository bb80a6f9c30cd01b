"""Results: scores of every source and target token for every generated token."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple, Union, overload
from urllib.parse import quote

from .errors import TextFailedError
from .heatmap import Heatmap
from .transport import Transport

if TYPE_CHECKING:
    from .jobs import Job

#: Formats of a result by the end of a file's name.
_FORMATS = {".html": "html", ".csv": "csv", ".txt": "text", ".json": "json"}


@dataclass(frozen=True)
class Token:
    """A token, and the characters of the text that it covers (UTF-16 units; None for special tokens)."""

    id: int
    token: str
    start: Optional[int]
    end: Optional[int]
    #: Chat models: the role whose message the token belongs to.
    role: Optional[str] = None


@dataclass(frozen=True)
class Alternative:
    """A token that the model might have said, and how probable it was."""

    id: int
    token: str
    probability: float


@dataclass(frozen=True)
class Metric:
    """How far the scores of a text can be trusted; None where there is nothing to measure."""

    value: Optional[float]
    #: By a random ranking: what the value has to beat.
    random: Optional[float]
    #: `higher` or `lower`.
    better: str
    #: AOPC and curves: (units, value, random) at each point.
    points: Tuple[Tuple[int, float, float], ...] = ()


class Sequence:
    """The attribution of one text. What follows from its scores raises TextFailedError where the text failed."""

    def __init__(self, data: Dict[str, Any]) -> None:
        #: As in the schema `ResultSequence` of the API.
        self.data = data

    @property
    def error(self) -> Optional[TextFailedError]:
        """Why this text failed; None where it did not."""
        return TextFailedError(self.data["error"]) if self.data.get("error") else None

    @property
    def source(self) -> List[Token]:
        """Tokens of the encoder's input; empty for decoder-only models."""
        return _tokens(self._computed["source"])

    @property
    def target(self) -> List[Token]:
        """Tokens of the output; with decoder-only models the prompt comes first."""
        return _tokens(self._computed["target"])

    @property
    def generated(self) -> List[Token]:
        """The attributed tokens of the target: the columns of the scores, unless those are spans."""
        start, end = self.span
        return self.target[start:end]

    @property
    def span(self) -> Tuple[int, int]:
        """Target positions of the first attributed token, and one past the last."""
        return int(self._computed["attr_pos_start"]), int(self._computed["attr_pos_end"])

    @property
    def target_spans(self) -> List[Dict[str, Any]]:
        """Where `target_spans` were asked for: the span of each column of the scores, with its `text` and `score`."""
        return list(self._computed.get("target_spans") or [])

    @property
    def source_scores(self) -> Any:
        """[source tokens, generated tokens]; None for decoder-only models. NaN: does not apply."""
        return as_array(self._computed["source_attributions"])

    @property
    def target_scores(self) -> Any:
        """[target tokens, generated tokens]; None where they were not attributed. NaN: does not apply."""
        return as_array(self._computed["target_attributions"])

    @property
    def scores(self) -> Any:
        """Of the input: `source_scores` where there are some, else `target_scores`."""
        return self.target_scores if self._computed["source_attributions"] is None else self.source_scores

    @property
    def step_scores(self) -> Dict[str, Any]:
        """By name: one value for each generated token."""
        return {name: as_array(values) for name, values in self._computed["step_scores"].items()}

    @property
    def sequence_scores(self) -> Dict[str, Any]:
        """By name: scores between tokens of one side."""
        return {name: as_array(values) for name, values in self._computed["sequence_scores"].items()}

    @property
    def convergence_delta(self) -> Any:
        """One value for each generated token; None where none was asked for."""
        return as_array(self._computed["convergence_delta"])

    @property
    def top_alternatives(self) -> List[List[Alternative]]:
        """For each generated token the most probable ones, as many as `top_alternatives` asked for."""
        return [
            [Alternative(one["id"], one["token"], one["probability"]) for one in step]
            for step in self._computed.get("top_alternatives") or []
        ]

    @property
    def metrics(self) -> Dict[str, Metric]:
        """By name, those that `metrics` asked for; a name that was asked for again has `_2`, `_3` behind it."""
        found: Dict[str, Metric] = {}
        for one in (self._computed.get("metrics") or {}).get("values", []):
            points = tuple((point["units"], point["value"], point["random"]) for point in one.get("points", []))
            times = sum(name == one["name"] or name.startswith(one["name"] + "_") for name in found)
            name = one["name"] if times == 0 else f"{one['name']}_{times + 1}"
            found[name] = Metric(one["value"], one["random"], one["better"], points)
        return found

    def strongest(self, generated: int = 0, n: int = 5) -> List[Tuple[str, float]]:
        """The tokens of source and target that counted most for a generated one, by magnitude: (token, score)."""
        found: List[Tuple[str, float]] = []
        for tokens, rows in self._sides():
            found += [(token.token, _single(row[generated])) for token, row in zip(tokens, rows)]
        return sorted((pair for pair in found if not math.isnan(pair[1])), key=lambda pair: -abs(pair[1]))[:n]

    def to_pandas(self) -> Any:
        """A DataFrame: a row for each token of the input, a column for each generated token or span."""
        import pandas  # type: ignore[import-untyped, unused-ignore]

        sides = self._sides()
        rows = [[_single(value) for value in row] for _, matrix in sides for row in matrix]
        names = [token.token for tokens, matrix in sides for token, _ in zip(tokens, matrix)]
        columns = [span["text"] for span in self.target_spans] or [token.token for token in self.generated]
        return pandas.DataFrame(rows, index=names, columns=columns)

    def _sides(self) -> List[Tuple[List[Token], List[List[Any]]]]:
        sides = [(self.source, "source_attributions"), (self.target, "target_attributions")]
        return [(tokens, self._computed[name]) for tokens, name in sides if self._computed[name] is not None]

    @property
    def _computed(self) -> Dict[str, Any]:
        if self.error is not None:
            raise self.error
        return self.data

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<whence.Sequence: {self.error}>"
        text = "".join(token.token for token in self.generated)
        return f"<whence.Sequence {len(self.generated)} generated tokens: {text!r}>"


class Result:
    """The result of a job: a Sequence for each text. In a notebook it shows itself as a heatmap."""

    def __init__(self, transport: Transport, job: Job, data: Dict[str, Any]) -> None:
        self._transport = transport
        #: The job that it comes from.
        self.job = job
        #: As in the schema `Result` of the API.
        self.data = data
        self.sequences: List[Sequence] = [Sequence(sequence) for sequence in data["sequences"]]
        self._heatmap = Heatmap(transport, job.id)

    @property
    def info(self) -> Dict[str, Any]:
        """How it was made; `info["request"]` sent again gives the same result."""
        return dict(self.data["info"])

    @property
    def metrics(self) -> List[Dict[str, Metric]]:
        """Of each text, by name; empty where the text failed or none were asked for."""
        return [{} if sequence.error else sequence.metrics for sequence in self.sequences]

    @overload
    def __getitem__(self, index: int) -> Sequence: ...
    @overload
    def __getitem__(self, index: slice) -> List[Sequence]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[Sequence, List[Sequence]]:
        return self.sequences[index]

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(self.sequences)

    def text(self, format: str) -> str:
        """The result as `json`, `inseq`, `csv`, `text` (tables for a terminal) or `html` (a page to keep or send)."""
        return self._transport.text("GET", f"/jobs/{quote(self.job.id, safe='')}/result?format={format}")

    def save(self, path: Union[str, Path], format: Optional[str] = None) -> None:
        """Writes a file; the format follows from its name (.html, .csv, .txt, .json) where it is not given."""
        ending = Path(path).suffix.lower()
        chosen = format or _FORMATS.get(ending)
        if chosen is None:
            raise ValueError(f"path ends in {ending!r}: give format= or one of the endings {', '.join(_FORMATS)}")
        Path(path).write_bytes(self.text(chosen).encode())

    def to_inseq(self) -> Any:
        """`inseq.FeatureAttributionOutput`, with all that Inseq does with its own. Needs Inseq 0.7 or newer."""
        import inseq  # type: ignore[import-not-found, unused-ignore]

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "attribution.json"
            self.save(path, format="inseq")
            return inseq.FeatureAttributionOutput.load(path)

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each score: sequence, side, token, generated token, score.

        Scores with further axes are in a column for each of them.
        """
        import pandas

        rows: List[Dict[str, Any]] = []
        for index, sequence in enumerate(self.sequences):
            if sequence.error is None:
                rows += _long_rows(index, sequence)
        return pandas.DataFrame(rows)

    def _repr_html_(self) -> str:
        """The heatmap; it stays after the job has gone."""
        return self._heatmap.html(repr(self))

    def __repr__(self) -> str:
        info = self.data["info"]
        texts = f"{len(self)} text{'' if len(self) == 1 else 's'}"
        return f"<whence.Result {info['model']}, {info['method']}, {texts}: job {self.job.id}>"


def _tokens(data: List[Dict[str, Any]]) -> List[Token]:
    return [Token(one["id"], one["token"], one["start"], one["end"], one.get("role")) for one in data]


def as_array(values: Any) -> Any:
    """Nested lists as a NumPy array where NumPy is there; None within becomes NaN."""
    if values is None:
        return None
    filled = _without_holes(values, _innermost(values))
    try:
        import numpy
    except ImportError:
        return filled
    return numpy.array(filled, dtype=float)


def _innermost(values: Any) -> List[int]:
    """The lengths of the axes after the first two, of the first cell that has some."""
    for row in values:
        for cell in row if isinstance(row, list) else []:
            lengths = []
            while isinstance(cell, list):
                lengths.append(len(cell))
                cell = cell[0] if cell else None
            if lengths:
                return lengths
    return []


def _without_holes(values: Any, lengths: List[int], axis: int = 0) -> Any:
    """None as NaN: where a cell has further axes, in their whole length."""
    if isinstance(values, list):
        return [_without_holes(value, lengths, axis + 1) for value in values]
    if values is not None:
        return values
    hole: Any = math.nan
    for length in reversed(lengths[max(0, axis - 2) :]):
        hole = [hole] * length
    return hole


def _single(value: Any) -> float:
    """One number of a cell: of further axes the norm, as tables of the service show them."""
    if value is None:
        return math.nan
    if isinstance(value, list):
        return math.sqrt(sum(_single(one) ** 2 for one in value))
    return float(value)


def _long_rows(index: int, sequence: Sequence) -> Iterator[Dict[str, Any]]:
    axes = sequence.data.get("axes") or []
    start, _ = sequence.span
    generated = sequence.generated
    sides = [("source", sequence.source), ("target", sequence.target)]
    for side, tokens in sides:
        for position, row in enumerate(sequence.data[f"{side}_attributions"] or []):
            for step, cell in enumerate(row):
                about = {
                    "sequence": index,
                    "side": side,
                    "position": position,
                    "token": tokens[position].token,
                    "generated_position": start + step,
                    "generated": generated[step].token,
                }
                for units, score in _leaves(cell):
                    names = [axes[i] if i < len(axes) else f"axis_{i + 2}" for i in range(len(units))]
                    yield {**about, **dict(zip(names, units)), "score": score}


def _leaves(cell: Any, units: Tuple[int, ...] = ()) -> Iterator[Tuple[Tuple[int, ...], float]]:
    if isinstance(cell, list):
        for unit, inner in enumerate(cell):
            yield from _leaves(inner, (*units, unit))
    elif cell is not None:
        yield units, float(cell)
