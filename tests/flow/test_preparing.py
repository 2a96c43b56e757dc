"""Encodings, dates and units through a dataflow: trained with folds, published, and served in one row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from tests.contracts.operators import dense

from instar import prep
from instar.data.datasets.dataset import import_data
from instar.data.preparing.preparation import Preparation
from instar.flow.dataflow import Dataflow
from instar.models.bundle import Bundle
from instar.models.registry import publish
from instar.store import Store


def flats(rows: int = 600) -> pl.DataFrame:
    """Rents by the size of a flat, its city, and the month it was let in; an id that says nothing."""
    rng = np.random.default_rng(11)
    size, city, month = rng.integers(20, 120, rows), rng.integers(0, 3, rows), rng.integers(1, 13, rows)
    return pl.DataFrame(
        {
            "Id": [f"flat {number}" for number in range(rows)],
            "City": [["Rio", "Recife", "Natal"][number] for number in city],
            "Size": [f"{number:,}.0 ft^2" if number % 2 else f"{number} sqft" for number in size * 10],
            "Let": [f"2024-{number:02}-15" for number in month],
            "Heat": rng.normal(25, 5, rows),
            "Rent": size * 10.0 + 300.0 * city + 50.0 * np.sin(2 * np.pi * (month - 1) / 12),
        }
    )


def test_encodings_dates_and_units_are_trained_published_and_served_in_one_row(store: Store) -> None:
    frame = flats()
    data = import_data("flats", frame, units={"Heat": "degC", "Rent": "USD"}, chunk_rows=150, store=store)
    flow = Dataflow("rent", store=store)
    table = flow.source("flats", data)
    preparation = table.fit(
        prep.Quantity("Size", to="m^2", units={"sqft": "foot^2"}),
        prep.ConvertUnit("Heat", to="degF"),
        prep.DateParts("Let", parts=["month"], cyclic=["month"], format="%Y-%m-%d"),
        prep.TargetEncode("City", "Id"),
        target="Rent",
    )
    model = table.train(LinearRegression(), preparation, target="Rent")
    result = flow.run(want={"model": model, "preparation": preparation})
    ready: Preparation = result["preparation"]
    version = publish(result["model"], "rent", store=store)
    bundle = version.load()

    features = {one.name: one.unit for one in bundle.signature.features}
    assert features == {"Size": "", "Heat": "degC", "Let": "", "City": "", "Id": ""}
    assert bundle.signature.target.unit == "USD"
    assert isinstance(bundle.preparation, Preparation)
    assert {one.name: one.unit for one in bundle.preparation.output if one.unit} == {"Size": "m^2", "Heat": "degF"}
    assert bundle.preparation == ready == Preparation.from_bytes(ready.to_bytes())

    rows = frame.drop("Rent")
    bulk = bundle.predict(rows).values
    for at in range(0, 600, 60):
        assert dense(ready.matrix(rows[at])).tobytes() == dense(ready.matrix(rows))[at].tobytes()
        assert bundle.predict(rows[at]).values == pytest.approx(bulk[at : at + 1], rel=1e-12)
    assert bulk == pytest.approx(frame["Rent"].to_numpy(), abs=400)


def test_the_rows_of_the_training_do_not_see_their_own_target(store: Store) -> None:
    """An id alone explains every training row when a row sees its own target, and then a new row not at all."""
    frame = flats().select("Id", "Rent")
    flow = Dataflow("ids", store=store)
    table = flow.source("flats", import_data("flats", frame, chunk_rows=200, store=store))
    preparation = table.fit(prep.TargetEncode("Id", smoothing=0), target="Rent")
    model = table.train(LinearRegression(), preparation, target="Rent")
    result = flow.run(want={"model": model, "preparation": preparation})
    bundle: Bundle = result["model"].bundle()
    ready: Preparation = result["preparation"]
    assert np.corrcoef(dense(ready.matrix(frame))[:, 0], frame["Rent"])[0, 1] == pytest.approx(1.0)
    learned = LinearRegression().fit(ready.matrix(frame, training=True), frame["Rent"])
    assert bundle.estimator.coef_ == pytest.approx(learned.coef_)
    assert abs(bundle.estimator.coef_[0]) < 10  # of folds' means, which differ little; one by the own target would be 1
    assert abs(np.corrcoef(dense(ready.matrix(frame, training=True))[:, 0], frame["Rent"])[0, 1]) < 0.3
