"""Rows that lack a required value, asked of a real server."""

from __future__ import annotations

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from tests.serve.running import Threaded

from instar import prep
from instar.data.preparing.fitting import fit
from instar.models.registry import publish
from instar.serve.deployment import deploy
from instar.serve.errors import RemoteError
from instar.store import Store


def test_a_row_without_a_required_value_is_answered_422_with_the_columns_name(store: Store) -> None:
    rows = pl.DataFrame({"Year": [1990.0, 2000.0, 2010.0, 2020.0], "Runtime": [90.0, None, 100.0, 110.0]})
    preparation = fit([prep.Require("Year"), prep.Impute("Runtime")], [rows])
    recent = [False, False, True, True]
    fitted = LogisticRegression().fit(preparation.matrix(rows), recent)
    version = publish(fitted, "recent", inputs=rows, target=("recent", recent), preparation=preparation, store=store)
    deploy("recent", [version], experimental=True, store=store)
    with Threaded(store) as server, server.client() as client:
        assert client.predict("recent", {"Year": 2015.0, "Runtime": None})["value"] is True
        with pytest.raises(RemoteError, match="column 'Year' lacks the value") as refused:
            client.predict("recent", {"Year": None, "Runtime": 90.0})
        assert refused.value.status_code == 422
        many = client.predict_many("recent", [{"Year": 2015.0, "Runtime": 90.0}, {"Year": None, "Runtime": 90.0}])
        assert many[0]["value"] is True
        assert "'Year'" in many[1]["error"]["message"]
