"""The bytes of an image file as the pixels that a network reads."""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray

from instar.base.errors import BadInput

INSTALL = "pip install 'instar[image]'"


class NotDecoded(BadInput):
    """Bytes that are no image file that Pillow reads, or a damaged one."""


def pixels_of(data: bytes, side: int) -> NDArray[np.float32]:
    """Red, green and blue from 0 to 255, shape (3, side, side): the middle square, bicubically resized.

    The image is turned as its EXIF data say; transparency is dropped; of several frames the first is taken; of 16 bits
    a channel the upper 8 are. Raises NotDecoded, and BadInput when Pillow is not there.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise BadInput(f"images are read by Pillow, which is not installed ({error}); {INSTALL}") from error
    try:
        with Image.open(io.BytesIO(data)) as opened:
            turned = ImageOps.exif_transpose(opened)
            if turned.mode.startswith("I"):
                turned = Image.fromarray((np.asarray(turned) >> 8).clip(0, 255).astype(np.uint8))
            image = turned.convert("RGB")
    # Pillow's readers raise these on damaged files, each in its own way.
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        why = "no format that Pillow reads" if isinstance(error, UnidentifiedImageError) else str(error)
        raise NotDecoded(f"{len(data)} bytes do not decode as an image ({why})") from error
    square = min(image.size)
    left, top = (image.width - square) // 2, (image.height - square) // 2
    box = (left, top, left + square, top + square)
    resized = image.resize((side, side), Image.Resampling.BICUBIC, box=box)
    return np.ascontiguousarray(np.asarray(resized, dtype=np.float32).transpose(2, 0, 1))
