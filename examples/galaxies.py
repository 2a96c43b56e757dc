"""Galaxies that look alike, in one picture of the deep sky.

    python3 examples/galaxies.py                  writes galaxies.svg here; needs scikit-image and the extra `image`

The Hubble deep field (shipped with scikit-image) holds some hundred objects brighter than the sky behind them. Each is
cut out; a pretrained network turns each cut-out into 1,280 numbers; objects whose numbers are near look alike. Nobody
told the network what a galaxy is.

Picture: NASA, the Hubble Deep Field team (1996), in the public domain.
"""

from __future__ import annotations

import io
import sys

import numpy as np
import polars as pl

import instar
from instar import prep
from instar.data import charts

LEAST = 60  # pixels of an object: what is smaller has no shape to speak of
ASKED, SHOWN = 6, 5  # rows of the picture: so many large objects, each with its nearest neighbours


def main() -> None:
    # One row an object: where it is, how large, and its cut-out as the bytes of a PNG file.
    galaxies = instar.import_data("galaxies", cut_out(), roles={"object": "id"})
    print(f"{galaxies}: {galaxies.rows} objects of at least {LEAST} pixels")

    # The network is an operator like any other: what it made is recorded with where it came from.
    flow = instar.Dataflow("galaxies")
    sky = flow.source("galaxies", galaxies)
    preparation = sky.fit(prep.Image("cut-out"))
    result = flow.run(want={"preparation": preparation, "seen": sky.apply(preparation)})
    print(result["preparation"].explain())

    objects = galaxies.to_polars()
    vectors = result["seen"]["cut-out"].to_numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T  # cosine: 1 for what looks the same

    images: list[bytes] = []
    labels: list[str] = []
    for asked in largest(objects):
        nearest = np.argsort(-alike[asked], kind="stable")[: SHOWN + 1]  # itself first
        images += [objects["cut-out"][int(place)] for place in nearest]
        labels += [f"object {asked}", *(f"{place}: {alike[asked, place]:.2f}" for place in nearest[1:])]
        print(f"object {asked} is most like {', '.join(map(str, nearest[1:]))}")
    grid = charts.pictures(images, labels, title="Objects of the Hubble deep field, and what looks most like each")
    print(f"{grid.save('galaxies.svg')}: {len(images)} cut-outs, the asked ones on the left")


def largest(objects: pl.DataFrame) -> list[int]:
    return objects.with_row_index("place").sort("pixels", descending=True)["place"].head(ASKED).to_list()


def cut_out() -> pl.DataFrame:
    """Every object brighter than the sky, in a square with a margin of a quarter."""
    try:
        from PIL import Image
        from skimage import data, filters, measure
    except ImportError as error:
        sys.exit(f"this example needs scikit-image and Pillow ({error}): pip install scikit-image pillow")
    sky = data.hubble_deep_field()
    light = sky.mean(axis=2)
    regions = measure.regionprops(measure.label(light > filters.threshold_otsu(light)))
    rows: list[dict[str, object]] = []
    for region in (each for each in regions if each.area >= LEAST):
        y, x = (round(middle) for middle in region.centroid)
        top, left, bottom, right = region.bbox
        half = round(max(bottom - top, right - left) * 0.75)
        square = sky[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
        file = io.BytesIO()
        Image.fromarray(square).resize((112, 112), Image.Resampling.BICUBIC).save(file, "PNG")
        rows.append({"object": len(rows), "x": x, "y": y, "pixels": int(region.area), "cut-out": file.getvalue()})
    return pl.DataFrame(rows)


if __name__ == "__main__":
    main()
