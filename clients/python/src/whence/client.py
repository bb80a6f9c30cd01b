"""The client: from texts to results."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, Iterable, Iterator, List, Optional, Sized, Tuple, Union
from urllib.parse import quote

from .context import ContextResult
from .errors import FieldError, InvalidRequestError, JobCanceledError, JobFailedError, WhenceError
from .evaluation import EvaluationResult
from .jobs import ContextJob, EvaluationJob, Event, Job
from .options import Call, Options, Texts
from .progress import ProgressLine
from .results import Result, Sequence
from .transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Texts of one request at most, as the service has it.
_MOST_TEXTS = 64
#: Texts of one request of `attribute_many`: enough to share passes, few enough to show progress.
_CHUNK = 16
#: Requests that `attribute_many` has under way: the next is queued before the first is done.
_AHEAD = 4
#: A field at fault that is one text of a list.
_TEXT_POINTER = re.compile(r"#/(?:input_texts|generated_texts)/(\d+)")


class Client:
    """A Whence service.

    url:      its address
    key:      an API key, where it asks for one; left out: the variable WHENCE_API_KEY
    timeout:  seconds without a sign of life after which a request is tried again
    retries:  how often, with the pauses that the service asks for
    progress: whether to show a progress line
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:3000",
        key: Optional[str] = None,
        *,
        timeout: float = 60,
        retries: int = 8,
        progress: bool = True,
    ) -> None:
        self._transport = Transport(url, key or os.environ.get("WHENCE_API_KEY") or None, timeout, retries)
        self._progress = progress

    def attribute(
        self,
        model: str,
        input_texts: Optional[Texts] = None,
        generated_texts: Optional[Texts] = None,
        **options: Unpack[Options],
    ) -> Result:
        """Attributes generated tokens to input tokens, and waits for it. Ctrl-C cancels the job.

        input_texts:     a text or a list; left out where `messages` are given
        generated_texts: forced outputs (with decoder-only models each starts with its input text); left out: the model
                         generates
        options:         those of `POST /attribute`: method, method_args, attributed_fn, step_scores, aggregators, …
        """
        return self.submit(model, input_texts, generated_texts, **options).wait(self._progress)

    def submit(
        self,
        model: str,
        input_texts: Optional[Texts] = None,
        generated_texts: Optional[Texts] = None,
        **options: Unpack[Options],
    ) -> Job:
        """As `attribute`, without waiting: the job."""
        body: Dict[str, Any] = {"model": model, **options}
        if input_texts is not None:
            body["input_texts"] = input_texts
        if generated_texts is not None:
            body["generated_texts"] = generated_texts
        return Job(self._transport, self._accepted("/attribute", body))

    def attribute_context(
        self,
        model: str,
        documents: Optional[List[Dict[str, str]]] = None,
        query: Optional[str] = None,
        **options: Any,
    ) -> ContextResult:
        """Which parts of documents, or of a context, an answer came from; waits for it. Ctrl-C cancels the job.

        documents: each `{"text": …}` with an `id` and a `title` if you like; left out: `input_current_text` and
                   `input_context_text` are the texts of PECoRe, under Inseq's names
        query:     the question; left out where `messages` are given
        options:   those of `POST /attribute-context`: approach, units, method, output_current_text (an answer that is
                   given), top_sources, support_threshold, generation_args, …
        """
        body: Dict[str, Any] = {"model": model, **options}
        if documents is not None:
            body["documents"] = documents
        if query is not None:
            body["query"] = query
        return ContextJob(self._transport, self._accepted("/attribute-context", body)).wait(self._progress)

    def evaluate(
        self,
        model: str,
        input_texts: Texts,
        generated_texts: Optional[Texts] = None,
        methods: Optional[List[Call]] = None,
        metrics: Optional[List[Call]] = None,
        **options: Any,
    ) -> EvaluationResult:
        """Which method to trust: compares methods on texts by faithfulness metrics; waits for it. Ctrl-C cancels the job.

        methods: left out: those that need few passes
        metrics: left out: comprehensiveness and sufficiency
        options: those of `POST /evaluate`: generation_args, attribute_target, seed, …
        """
        body: Dict[str, Any] = {"model": model, "input_texts": input_texts, **options}
        given = {"generated_texts": generated_texts, "methods": methods, "metrics": metrics}
        body.update({name: value for name, value in given.items() if value is not None})
        return EvaluationJob(self._transport, self._accepted("/evaluate", body)).wait(self._progress)

    def evaluations(self, model: str) -> List[Dict[str, Any]]:
        """What the last evaluations measured on a model, the newest first: as in `GET /models/{id}/methods`."""
        found = self._transport.json("GET", f"/models/{quote(model, safe='')}/methods")
        return list(found["evaluations"])

    def _accepted(self, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
        """Submits a job. Sent again after a broken connection, it is not computed twice."""
        data: Dict[str, Any] = self._transport.json("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})
        return data

    def stream(
        self,
        model: str,
        input_texts: Optional[Texts] = None,
        generated_texts: Optional[Texts] = None,
        **options: Unpack[Options],
    ) -> Iterator[Event]:
        """As `attribute`, event by event: progress, and each generated token's column as it is finished.

        Leaving the loop early cancels the job. Raises JobFailedError or JobCanceledError after `done` of such a job.
        """
        job = self.submit(model, input_texts, generated_texts, **options)
        try:
            for event in job.events():
                yield event
        finally:
            if not job.done:
                with contextlib.suppress(WhenceError):
                    job.cancel()
        if job.status == "failed":
            raise JobFailedError(job.id, job.data.get("error") or {})
        if job.status == "canceled":
            raise JobCanceledError(job.id)

    def attribute_many(
        self,
        model: str,
        input_texts: Iterable[str],
        generated_texts: Optional[Iterable[str]] = None,
        *,
        chunk: int = _CHUNK,
        **options: Unpack[Options],
    ) -> Iterator[Sequence]:
        """Attributes any number of texts, and yields a Sequence for each, in their order.

        Texts are read and sent as results are taken, `chunk` (at most 64) in a request and a few requests ahead, so that
        neither has to fit into memory. A text that fails is a Sequence whose `error` says why, and so is each text of a
        job that fails. Leaving the loop early, or Ctrl-C, cancels what is under way.
        """
        if not 1 <= chunk <= _MOST_TEXTS:
            raise ValueError(f"chunk is {chunk}: give a number of texts from 1 to {_MOST_TEXTS}")
        total = len(input_texts) if isinstance(input_texts, Sized) else None
        chunks = _chunks(input_texts, generated_texts, chunk)
        under_way: Deque[_Chunk] = deque()
        count = 0
        try:
            with ProgressLine(model, self._progress and total is not None) as line:
                while True:
                    for texts, forced in itertools.islice(chunks, _AHEAD - len(under_way)):
                        under_way.append(self._submit_chunk(model, texts, forced, options))
                    if not under_way:
                        return
                    for sequence in under_way[0].sequences():
                        count += 1
                        line.update(count / (total or count), f"{count} texts")
                        yield sequence
                    under_way.popleft()
        finally:
            for one in under_way:
                one.cancel()

    def _submit_chunk(self, model: str, texts: List[str], forced: Optional[List[str]], options: Options) -> _Chunk:
        """Submits texts, without those that the service refuses."""
        refused: Dict[int, FieldError] = {}
        while len(refused) < len(texts):
            kept = [i for i in range(len(texts)) if i not in refused]
            outputs = None if forced is None else [forced[i] for i in kept]
            try:
                return _Chunk(len(texts), refused, self.submit(model, [texts[i] for i in kept], outputs, **options))
            except InvalidRequestError as error:
                found = [(_TEXT_POINTER.fullmatch(one.field), one) for one in error.errors]
                if not found or any(match is None for match, _ in found):
                    raise  # the request is at fault, not its texts
                refused.update({kept[int(match[1])]: one for match, one in found if match is not None})
        return _Chunk(len(texts), refused, None)

    def job(self, job_id: str) -> Union[Job, ContextJob, EvaluationJob]:
        """A job that was submitted before."""
        data = self._transport.json("GET", f"/jobs/{quote(job_id, safe='')}")
        kinds = {"attribute-context": ContextJob, "evaluate": EvaluationJob}
        kind = kinds.get(str(data.get("kind")), Job)
        return kind(self._transport, data)

    def models(self) -> List[Dict[str, Any]]:
        """The models that are served, with what they can do."""
        return list(self._transport.json("GET", "/models")["models"])

    def methods(self) -> List[Dict[str, Any]]:
        """Attribution methods, with their papers and arguments."""
        return list(self._transport.json("GET", "/methods")["methods"])

    def step_functions(self) -> List[Dict[str, Any]]:
        """What can be attributed, or reported as a step score."""
        return list(self._transport.json("GET", "/step-functions")["step_functions"])

    def aggregators(self) -> List[Dict[str, Any]]:
        """What reduces, merges or normalizes scores."""
        return list(self._transport.json("GET", "/aggregators")["aggregators"])

    def __repr__(self) -> str:
        return f"<whence.Client {self._transport.url}>"


def _chunks(
    inputs: Iterable[str], forced: Optional[Iterable[str]], size: int
) -> Iterator[Tuple[List[str], Optional[List[str]]]]:
    rest, rest_forced = iter(inputs), None if forced is None else iter(forced)
    while True:
        texts = list(itertools.islice(rest, size))
        outputs = None if rest_forced is None else list(itertools.islice(rest_forced, len(texts) or 1))
        if outputs is not None and len(outputs) != len(texts):
            raise ValueError("generated_texts: give one for each of input_texts")
        if not texts:
            return
        yield texts, outputs


class _Chunk:
    """Texts of one request: those that were refused, and the job of the others."""

    def __init__(self, count: int, refused: Dict[int, FieldError], job: Optional[Job]) -> None:
        self._count = count
        self._refused = refused
        self._job = job

    def sequences(self) -> Iterator[Sequence]:
        """One for each text, as soon as the job has ended."""
        computed = self._computed()
        for index in range(self._count):
            error = self._refused.get(index)
            if error is None:
                yield next(computed)
            else:
                yield _failed("refused", error.remedy, _TEXT_POINTER.sub(r"#/input_texts", error.field))

    def _computed(self) -> Iterator[Sequence]:
        if self._job is None:
            return
        try:
            yield from self._job.wait(progress=False)
        except JobFailedError as error:  # as a whole: each of its texts
            while True:
                yield _failed(error.code, error.message, error.field)

    def cancel(self) -> None:
        if self._job is not None and not self._job.done:
            with contextlib.suppress(WhenceError):
                self._job.cancel()


def _failed(code: str, message: str, field: Optional[str]) -> Sequence:
    return Sequence({"error": {"code": code, "message": message, "pointer": field}})
