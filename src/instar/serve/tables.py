"""The records of a segment as tables, and back to a decision."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from instar.base.types import dtype_of
from instar.serve.segment import Feedback, Header, Prediction

TIME = pl.Datetime("us", "UTC")
ROW = "row_"  # before the name of a feature, which may be any word
_prediction = msgspec.msgpack.Decoder(Prediction).decode
_feedback = msgspec.msgpack.Decoder(Feedback).decode


class Decision(msgspec.Struct, frozen=True):
    """Everything about one prediction.

    at : when it was decided, microseconds;  version, name : of the candidate whose answer was given
    candidates : id, name, propensity and whether it was asked, for each;  key : what the policy saw of the context
    missing : names of those that did not answer in time;  feedback : what became known, oldest first
    dataset : the dataset version it lies in, empty as long as its segment is open
    """

    id: str
    deployment: str
    deployment_version: str
    activity: str
    segment: str
    number: int
    at: int
    context: dict[str, Any]
    key: str
    candidates: list[dict[str, Any]]
    version: str
    name: str
    value: Any
    score: float | None
    missing: list[str]
    row: dict[str, Any]
    feedback: list[dict[str, Any]] = []
    dataset: str = ""


def prediction_of(payload: bytes) -> Prediction:
    """A prediction as its record has it."""
    return _prediction(payload)


def feedback_of(payload: bytes) -> Feedback:
    """Feedback as its record has it."""
    return _feedback(payload)


def predictions_frame(header: Header, payloads: list[bytes]) -> pl.DataFrame:
    """One row a prediction, in the order of their numbers."""
    records = [_prediction(payload) for payload in payloads]
    prefix = f"{header.replica}-{header.segment}-"
    decode = msgspec.msgpack.Decoder().decode
    rows = list(zip(*(decode(record.row) for record in records)))
    series = [
        pl.Series("id", [f"{prefix}{number}" for number in range(len(records))], pl.String()),
        pl.Series("at", [record.at for record in records], pl.Int64()).cast(TIME),
        pl.Series("version", [header.arms[record.arm] for record in records], pl.String()),
        pl.Series("asked", [list(record.asked) for record in records], pl.List(pl.Int64())),
        pl.Series("propensities", [list(record.propensities) for record in records], pl.List(pl.Float64())),
        pl.Series("missing", [list(record.missing) for record in records], pl.List(pl.Int64())),
        pl.Series("context", [_json(record.context or {}) for record in records], pl.String()),
        pl.Series("key", [record.key for record in records], pl.String()),
        pl.Series("value", [record.value for record in records], dtype_of(header.target)),
        pl.Series("score", [record.score for record in records], pl.Float64()),
    ]
    return pl.DataFrame(
        series + [_column(ROW + name, type, values) for (name, type), values in zip(header.columns, rows)]
    )


def _column(name: str, type: str, values: Any) -> pl.Series:
    """A column of the rows. Dates and times travel in msgpack as text, and are read by the decoder of their type."""
    if not type.startswith(("date", "time", "duration", "binary")):
        return pl.Series(name, values, dtype_of(type))
    from instar.serve.wire import python_type

    return pl.Series(name, msgspec.convert(values, list[python_type(type) | None]), dtype_of(type))  # type: ignore[misc]


def feedback_frame(header: Header, payloads: list[bytes]) -> pl.DataFrame:
    """One row a feedback, in the order of arrival."""
    records = [_feedback(payload) for payload in payloads]
    return pl.DataFrame(
        [
            pl.Series("prediction", [record.prediction for record in records], pl.String()),
            pl.Series("at", [record.at for record in records], pl.Int64()).cast(TIME),
            pl.Series("predicted_at", [record.predicted_at for record in records], pl.Int64()).cast(TIME),
            pl.Series("version", [record.arm for record in records], pl.String()),
            pl.Series("key", [record.key for record in records], pl.String()),
            pl.Series("propensity", [record.propensity for record in records], pl.Float64()),
            pl.Series("value", [record.value for record in records], dtype_of(header.target)),
            pl.Series("reward", [record.reward for record in records], pl.Float64()),
            pl.Series("counted", [record.counted for record in records], pl.Boolean()),
        ]
    )


def decision(header: Header, number: int, record: Prediction) -> Decision:
    """A decision from the record in a segment that is not sealed."""
    values = msgspec.msgpack.decode(record.row)
    return Decision(
        id=f"{header.replica}-{header.segment}-{number}",
        deployment=header.deployment,
        deployment_version=header.deployment_version,
        activity=header.activity,
        segment=header.segment,
        number=number,
        at=record.at,
        context=record.context or {},
        key=record.key,
        candidates=[
            {"id": id, "name": name, "propensity": propensity, "asked": place in record.asked}
            for place, (id, name, propensity) in enumerate(zip(header.arms, header.names, record.propensities))
        ],
        version=header.arms[record.arm],
        name=header.names[record.arm],
        value=record.value,
        score=record.score,
        missing=[header.names[arm] for arm in record.missing],
        row={name: value for (name, _), value in zip(header.columns, values)},
    )


def record_of(header: Header, row: dict[str, Any]) -> Prediction:
    """The record of a row of ``predictions_frame``."""
    values = [row[ROW + name] for name, _ in header.columns]
    return Prediction(
        at=int(row["at"].timestamp() * 1e6 + 0.5),
        arm=header.arms.index(row["version"]),
        asked=tuple(row["asked"]),
        propensities=tuple(row["propensities"]),
        key=row["key"],
        value=row["value"],
        score=row["score"],
        context=msgspec.json.decode(row["context"]),
        missing=tuple(row["missing"]),
        row=msgspec.Raw(msgspec.msgpack.encode(values)),
    )


def feedback_doc(record: Feedback) -> dict[str, Any]:
    """Feedback for people."""
    return {"at": record.at, "value": record.value, "reward": record.reward, "counted": record.counted}


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
