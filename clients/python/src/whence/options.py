"""The options of a request, for type checkers: those of `POST /attribute`, whose documentation (`/docs`) explains them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, TypedDict, Union

#: A step function or an aggregator: its name, or `{"name": …, "args": {…}}`.
Call = Union[str, Dict[str, Any]]
Message = Dict[str, Any]
Texts = Union[str, List[str]]


class Options(TypedDict, total=False):
    """What is left out has the service's default."""

    messages: Union[List[Message], List[List[Message]]]
    method: str
    method_args: Dict[str, Any]
    attributed_fn: Call
    step_scores: List[Call]
    top_alternatives: int
    metrics: Union[bool, List[Call]]
    attribute_target: bool
    attr_pos_start: Optional[int]
    attr_pos_end: Optional[int]
    target_spans: Union[str, Dict[str, Any], None]
    include_eos_baseline: bool
    generation_args: Dict[str, Any]
    src_lang: Optional[str]
    tgt_lang: Optional[str]
    skip_special_tokens: bool
    clean_special_chars: bool
    aggregators: List[Call]
    seed: int
    webhook: Optional[Dict[str, Any]]
