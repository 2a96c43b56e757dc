"""scikit-learn estimators, kept by skops: a zip of JSON and arrays, loaded without running code from the file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from instar.models.formats import CannotSave, Untrusted
from instar.models.formats.canonical import canonical_digest

FILE = "model.skops"

# skops does not trust these by itself, since it checks types, not content: a crafted tree can point outside its arrays
# and crash the process (it cannot run code). Whoever can put such a file into the store could also put a wrong model
# there; the digest that is signed guards against both, so these load, by name, and nothing else does.
TRUSTED = (
    "scipy.sparse._csr.csr_matrix",
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csc.csc_matrix",
    "scipy.sparse._csc.csc_array",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)


class SklearnFormat:
    """The format ``sklearn``."""

    name = "sklearn"
    trusted: Sequence[str] = TRUSTED
    executes = False

    def takes(self, estimator: Any) -> bool:
        from sklearn.base import BaseEstimator

        return isinstance(estimator, BaseEstimator)

    def save(self, estimator: Any, folder: Path) -> None:
        """Write ``model.skops``, and load nothing back: types that could not load are named here, where it was trained."""
        from skops.io import dumps, get_untrusted_types
        from skops.io.exceptions import UnsupportedTypeException

        try:
            data = dumps(estimator)
        except (UnsupportedTypeException, TypeError) as error:
            raise CannotSave(
                f"sklearn: a {type(estimator).__name__} cannot be kept by skops ({error}); "
                "use functions and classes of installed modules, not lambdas or local ones"
            ) from error
        if strangers := sorted(set(get_untrusted_types(data=data)) - set(self.trusted)):
            raise CannotSave(
                f"sklearn: a {type(estimator).__name__} holds types that would not load again: {', '.join(strangers)}; "
                "use estimators of scikit-learn, or add a format that trusts these types"
            )
        (folder / FILE).write_bytes(data)

    def load(self, folder: Path, trusted: Sequence[str] = ()) -> Any:
        from skops.io import get_untrusted_types, loads

        data = (folder / FILE).read_bytes()
        allowed = {*self.trusted, *trusted}
        found = set(get_untrusted_types(data=data))
        if strangers := sorted(found - allowed):
            raise Untrusted(self.name, strangers)
        return loads(data, trusted=sorted(found))

    def canonical(self, folder: Path) -> str:
        return canonical_digest(io.BytesIO((folder / FILE).read_bytes()))
