"""Whence: which input tokens did each generated token come from?

    import whence
    result = whence.Client("http://127.0.0.1:3000").attribute("facts-gpt2", "The capital of France is")
"""

from .client import Client
from .context import Citation, ContextResult, Source, Unit
from .errors import (
    ApiError,
    AuthenticationError,
    FieldError,
    InvalidRequestError,
    JobCanceledError,
    JobFailedError,
    NotFoundError,
    ServiceUnreachableError,
    TextFailedError,
    UnavailableError,
    WhenceError,
)
from .evaluation import Estimate, EvaluatedMethod, EvaluatedMetric, EvaluationResult
from .jobs import ContextJob, EvaluationJob, Event, Job
from .results import Alternative, Metric, Result, Sequence, Token

__version__ = "0.1.0"

__all__ = [
    "Alternative",
    "ApiError",
    "AuthenticationError",
    "Citation",
    "Client",
    "ContextJob",
    "ContextResult",
    "Estimate",
    "EvaluatedMethod",
    "EvaluatedMetric",
    "EvaluationJob",
    "EvaluationResult",
    "Event",
    "FieldError",
    "InvalidRequestError",
    "Job",
    "JobCanceledError",
    "JobFailedError",
    "Metric",
    "NotFoundError",
    "Result",
    "Sequence",
    "ServiceUnreachableError",
    "Source",
    "TextFailedError",
    "Token",
    "UnavailableError",
    "Unit",
    "WhenceError",
]
