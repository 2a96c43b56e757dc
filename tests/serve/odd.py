"""Candidates that misbehave on demand, for the model host: what to do is said by the row."""

from __future__ import annotations

import os
import time

import numpy as np
import polars as pl

from instar.base.schema import Field
from instar.models.predictions import Predictions
from instar.models.signature import ModelSignature

LOADER = "tests.serve.odd:load"
FAIL, DIE, SLEEP, HANG = -1.0, -2.0, -3.0, -4.0


class Odd:
    """Says whether ``a`` is above 0, unless ``a`` asks for trouble. Without threads or libraries of its own."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def signature(self) -> ModelSignature:
        features = (Field("a", "float64"), Field("b", "float64"))
        return ModelSignature(features, Field("positive", "bool"), "binary", (False, True))

    def predict(self, frame: pl.DataFrame) -> Predictions:
        a = frame["a"].to_numpy()
        if (a == FAIL).any():
            raise ZeroDivisionError("a is -1")
        if (a == DIE).any():
            os._exit(9)
        if (a == SLEEP).any():
            time.sleep(0.8)
        if (a == HANG).any() and self.number == 1:
            time.sleep(3)
        good = 0.5 + 0.1 * (1 + self.number) * np.sign(a)
        return Predictions(a > 0, np.column_stack([1 - good, good]))


def load(store: str, *versions: str) -> list[Odd]:
    return [Odd(number) for number, _ in enumerate(versions)]


def fail(store: str, *versions: str) -> list[Odd]:
    raise FileNotFoundError("the weights are not there")


def never(store: str, *versions: str) -> list[Odd]:
    time.sleep(60)
    return load(store, *versions)
