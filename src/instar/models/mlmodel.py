"""The ``MLmodel`` file: what MLflow reads to load the estimator of a bundle.

``mlflow.sklearn.load_model(folder)`` gives the bare estimator (MLflow asks for MLFLOW_ALLOW_PICKLE_DESERIALIZATION=true
before it loads any format, skops included). It reads the prepared matrix; the preparation is applied by Instar only, so
there is no ``python_function`` flavor that would answer from raw rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from instar.models.formats.sklearn import FILE


def mlmodel(format: str, trusted: Sequence[str], facts: dict[str, Any]) -> str:
    """The text of the file: JSON, which is YAML too. facts : shown by MLflow as metadata"""
    flavors: dict[str, Any] = {}
    if format == "sklearn":
        import sklearn

        flavors["sklearn"] = {
            "pickled_model": FILE,
            "serialization_format": "skops",
            "skops_trusted_types": sorted(trusted),
            "sklearn_version": sklearn.__version__,
            "code": None,
        }
    return json.dumps({"flavors": flavors, "metadata": {"instar": facts}}, indent=2, sort_keys=True) + "\n"
