"""Pictures side by side."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from instar.base.errors import BadInput
from instar.data.charts.axes import HEADING
from instar.data.charts.chart import Chart, drawing, place, shortened, text_of, write

KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}


def pictures(
    images: Sequence[bytes],
    labels: Sequence[object] | None = None,
    *,
    title: str = "",
    columns: int = 6,
    width: float = 640,
) -> Chart:
    """A grid of pictures, row by row, each in a square with its label below. The picture holds them: no other file.

    images : the bytes of PNG, JPEG or GIF files;  columns : pictures in a row
    """
    if labels is not None and len(labels) != len(images):
        raise BadInput(f"pictures: {len(images)} pictures and {len(labels)} labels; give one for each")
    if columns < 1:
        raise BadInput(f"pictures: columns={columns}; a row holds at least 1 picture")
    names = ["" if labels is None else str(each) for each in labels or images]
    side = (width - 20) / columns
    tall, top = side + (18 if labels is not None else 0), (HEADING if title else 0) + 10
    parts = []
    for at, (image, name) in enumerate(zip(images, names)):
        x, y = 10 + side * (at % columns), top + tall * (at // columns)
        size = f'x="{place(x + 2)}" y="{place(y + 2)}" width="{place(side - 4)}" height="{place(side - 4)}"'
        data = f"data:image/{_kind(image)};base64,{base64.b64encode(image).decode()}"
        # Small pictures, such as digits of 8 by 8, show their pixels instead of a blur.
        parts.append(
            f'<image {size} href="{data}" style="image-rendering:pixelated"><title>{text_of(name)}</title></image>'
        )
        if name:
            parts.append(write(x + side / 2, y + side + 12, shortened(name, int(side / 6.8)), "middle"))
    height = top + tall * -(-len(images) // columns) + 8
    table = (("picture",), *((name,) for name in names)) if labels is not None else ()
    return Chart(drawing(width, height, title, *parts), title, table)


def _kind(image: bytes) -> str:
    for start, kind in KINDS.items():
        if image.startswith(start):
            return kind
    raise BadInput("pictures: these bytes are no PNG, JPEG or GIF file; encode the picture first")
