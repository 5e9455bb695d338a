"""Data sets by name: what is on disk, what is downloaded, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nearfar.data import NAMES, named_sources, open_labeled, open_source
from nearfar.data.named import Archive, ImageSet, Places, obtain
from nearfar.data.named._cifar import unpack_cifar10, unpack_cifar100
from nearfar.data.named._mnist import FILES, read_idx
from nearfar.data.named._omniglot import unpack_omniglot
from nearfar.data.named._stl10 import unpack_stl10
from nearfar.data.named._store import unpacked
from nearfar.data.named._tiny_imagenet import unpack_tiny_imagenet
from tests.data.pictures import encoded, picture

CONTENT = np.random.default_rng(0).bytes(300_000)
RNG = np.random.default_rng(1)


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT at /whole, breaks off half way at /broken, knows nothing else."""

    def do_GET(self) -> None:
        if self.path not in ("/whole", "/broken"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/whole" else CONTENT[:150_000])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def archive_of(content: bytes, *urls: str) -> Archive:
    return Archive("set.bin", urls, hashlib.md5(content, usedforsecurity=False).hexdigest())


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_with_the_right_checksum_is_kept(tmp_path: Path, host: str) -> None:
    archive = archive_of(CONTENT, f"{host}/whole")
    path = obtain(archive, name="made", places=Places(None, tmp_path))
    assert path == tmp_path / "made" / "set.bin"
    assert path.read_bytes() == CONTENT
    offline = Archive(archive.file, ("http://127.0.0.1:9/",), archive.md5)
    assert obtain(offline, name="made", places=Places(None, tmp_path)) == path


def test_a_second_server_is_asked_when_the_first_has_nothing(tmp_path: Path, host: str) -> None:
    archive = archive_of(CONTENT, f"{host}/nothing", f"{host}/whole")
    assert obtain(archive, name="made", places=Places(None, tmp_path)).is_file()


def test_a_wrong_checksum_leaves_nothing_behind(tmp_path: Path, host: str) -> None:
    archive = archive_of(b"something else", f"{host}/whole")
    with pytest.raises(ValueError, match=r"set\.bin from http.* has the wrong checksum: MD5"):
        obtain(archive, name="made", places=Places(None, tmp_path))
    assert files_below(tmp_path) == []


def test_a_download_that_breaks_off_leaves_nothing_behind(tmp_path: Path, host: str) -> None:
    archive = archive_of(CONTENT, f"{host}/broken")
    with pytest.raises(ConnectionError, match=r"connection lost after 150,000 of 300,000 bytes"):
        obtain(archive, name="made", places=Places(None, tmp_path))
    assert files_below(tmp_path) == []


def test_a_download_that_is_interrupted_leaves_nothing_behind(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt("in the middle")

    monkeypatch.setattr("rich.progress.Progress.advance", interrupt)
    with pytest.raises(KeyboardInterrupt, match="in the middle"):
        obtain(archive_of(CONTENT, f"{host}/whole"), name="made", places=Places(None, tmp_path))
    assert files_below(tmp_path) == []


def test_without_a_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", tmp_path / "cache")
    with pytest.raises(ConnectionError, match=r"cannot download made: http://127") as error:
        obtain(archive_of(CONTENT, "http://127.0.0.1:9/set.bin"), name="made", places=places)
    assert "place set.bin in" in str(error.value)
    assert str(tmp_path / "data") in str(error.value)
    assert str(tmp_path / "cache" / "made") in str(error.value)


@pytest.mark.parametrize("folder", ["data", "data/made", "cache/made"])
def test_an_archive_put_there_by_hand_is_found_and_verified(tmp_path: Path, folder: str) -> None:
    places = Places(tmp_path / "data", tmp_path / "cache")
    path = tmp_path / folder / "set.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    archive = archive_of(CONTENT, "http://127.0.0.1:9/")
    assert obtain(archive, name="made", places=places) == path
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match="wrong checksum"):
        obtain(archive, name="made", places=places)


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def unpack(cache: Path, name: str, file: str, fill: Callable[..., None]) -> ImageSet:
    """Unpack a made archive that lies in the cache, and what was unpacked once more."""
    md5 = hashlib.md5((cache / name / file).read_bytes(), usedforsecurity=False).hexdigest()
    places = Places(None, cache)
    first = unpacked(name, places, fill=lambda s: fill(s, places, archive=Archive(file, (), md5)))
    (cache / name / file).unlink()
    again = unpacked(name, places, fill=lambda _: pytest.fail("unpacked twice"))
    assert np.array_equal(first.train.images, again.train.images)
    return first


def test_the_binary_archive_of_cifar10_is_unpacked(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(12, dtype=np.uint8) % 10
    records = [bytes([n]) + x.tobytes() for n, x in zip(labels, images, strict=True)]
    folder = "cifar-10-batches-bin/"
    members = {
        f"{folder}data_batch_{n}.bin": b"".join(records[2 * n - 2 : 2 * n]) for n in range(1, 6)
    }
    members[f"{folder}test_batch.bin"] = b"".join(records[10:])
    members[f"{folder}batches.meta.txt"] = b"airplane\nautomobile\n\n"
    write_tar(tmp_path / "cifar10" / "a.tar.gz", members)
    found = unpack(tmp_path, "cifar10", "a.tar.gz", unpack_cifar10)
    assert found.test is not None
    assert np.array_equal(found.train.images, images[:10])
    assert np.array_equal(found.train.labels, labels[:10])
    assert np.array_equal(found.test.images, images[10:])
    assert found.class_names == ("airplane", "automobile")


def test_the_binary_archive_of_cifar100_gives_fine_labels(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    records = [bytes([9, n]) + x.tobytes() for n, x in enumerate(images)]
    members = {
        "cifar-100-binary/train.bin": b"".join(records[:3]),
        "cifar-100-binary/test.bin": records[3],
        "cifar-100-binary/fine_label_names.txt": b"apple\nfish\n",
    }
    write_tar(tmp_path / "cifar100" / "a.tar.gz", members)
    found = unpack(tmp_path, "cifar100", "a.tar.gz", unpack_cifar100)
    assert found.train.labels.tolist() == [0, 1, 2]
    assert np.array_equal(found.train.images, images[:3])


def test_the_archive_of_stl10_is_unpacked_upright_with_its_unlabeled_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = RNG.integers(0, 256, (7, 3, 96, 96), dtype=np.uint8)
    stored = images.transpose(0, 1, 3, 2)
    members = {
        "stl10_binary/test_X.bin": stored[:2].tobytes(),
        "stl10_binary/test_y.bin": bytes([1, 10]),
        "stl10_binary/train_X.bin": stored[2:4].tobytes(),
        "stl10_binary/train_y.bin": bytes([3, 4]),
        "stl10_binary/unlabeled_X.bin": stored[4:].tobytes(),
        "stl10_binary/class_names.txt": b"airplane\nbird\n",
    }
    write_tar(tmp_path / "stl10" / "a.tar.gz", members)
    found = unpack(tmp_path, "stl10", "a.tar.gz", unpack_stl10)
    assert found.test is not None
    assert found.unlabeled is not None
    assert np.array_equal(found.test.images, images[:2])
    assert np.array_equal(found.unlabeled, images[4:])
    assert (found.test.labels.tolist(), found.train.labels.tolist()) == ([0, 9], [2, 3])
    monkeypatch.setenv("NEARFAR_CACHE", str(tmp_path))
    source = open_source("stl10")
    order = [4, 0, 1, 2, 3]
    assert torch.equal(source.read(order).inputs.pixels, torch.from_numpy(images[2:][order]))
    assert source.describe() == "5 colour images 96×96"
    assert source.samples.tolist() == [0, 1, 2, 3, 4]


def test_the_archive_of_omniglot_is_split_by_alphabet_with_white_ink(tmp_path: Path) -> None:
    stream = io.BytesIO()
    paper = Image.new("1", (105, 105), 1)
    paper.putpixel((3, 4), 0)
    paper.save(stream, "PNG")
    members = {
        f"images_background/Alphabet{a:02d}/character{c:02d}/{a}_{d:02d}.png": stream.getvalue()
        for a in range(30)
        for c in (1, 2)
        for d in (1, 2)
    }
    write_zip(tmp_path / "omniglot" / "a.zip", members)
    found = unpack(tmp_path, "omniglot", "a.zip", unpack_omniglot)
    assert found.test is not None
    assert (len(found.train.labels), len(found.test.labels)) == (80, 40)
    assert found.class_names[:3] == ("Alphabet00/01", "Alphabet00/02", "Alphabet01/01")
    assert (found.train.labels.max(), found.test.labels.min()) == (39, 40)
    assert np.argwhere(found.train.images[0]).tolist() == [[0, 4, 3]]
    assert found.train.images[0].max() == 255


def test_the_archive_of_tiny_imagenet_is_unpacked(tmp_path: Path) -> None:
    root = "tiny-imagenet-200"
    files = {n: encoded(n, size=(64, 64)) for n in range(5)}
    members = {
        f"{root}/wnids.txt": b"n02\nn01\n",
        f"{root}/words.txt": b"n01\tgoldfish, Carassius\nn02\tnewt\n",
        f"{root}/train/n01/images/n01_0.JPEG": files[0],
        f"{root}/train/n02/images/n02_0.JPEG": files[1],
        f"{root}/train/n02/images/n02_1.JPEG": files[2],
        f"{root}/val/images/val_0.JPEG": files[3],
        f"{root}/val/images/val_1.JPEG": files[4],
        f"{root}/val/val_annotations.txt": b"val_1.JPEG\tn01\t0\t0\nval_0.JPEG\tn02\t0\t0\n",
    }
    write_zip(tmp_path / "tiny-imagenet" / "a.zip", members)
    found = unpack(tmp_path, "tiny-imagenet", "a.zip", unpack_tiny_imagenet)
    assert found.test is not None
    assert (found.train.labels.tolist(), found.test.labels.tolist()) == ([0, 1, 1], [1, 0])
    assert found.class_names == ("goldfish", "newt")
    difference = found.test.images[1].transpose(1, 2, 0) - np.asarray(
        picture(4, size=(64, 64)), dtype=float
    )
    assert np.abs(difference).mean() < 10


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_files_in_the_users_folder_are_read(tmp_path: Path, name: str, zipped: bool) -> None:
    images = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)
    arrays = [images[:4], np.arange(4), images[4:], np.arange(2)]
    (tmp_path / name).mkdir()
    for file, array in zip(FILES, arrays, strict=True):
        content = gzip.compress(idx(array)) if zipped else idx(array)
        (tmp_path / name / (f"{file}.gz" if zipped else file)).write_bytes(content)
    data = open_labeled(name, data_dir=tmp_path)
    assert data.test is not None
    assert torch.equal(data.test.read([1]).inputs.pixels[0, 0], torch.from_numpy(images[5]))
    assert data.train_labels.tolist() == [0, 1, 2, 3]
    everything = open_source(name, split="all", data_dir=tmp_path)
    assert everything.describe() == "6 grey images 28×28"
    assert torch.equal(
        everything.read([5, 0]).inputs.pixels[:, 0], torch.from_numpy(images[[5, 0]])
    )


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"text", idx(np.zeros((2, 3)))[:-1]])
def test_an_idx_file_cut_short_is_damaged(tmp_path: Path, content: bytes) -> None:
    for made in (content, gzip.compress(content), gzip.compress(content)[:-9]):
        (tmp_path / "file").write_bytes(made)
        with pytest.raises(ValueError, match=r"file is (damaged|not an IDX file)"):
            read_idx(tmp_path / "file")


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEARFAR_CACHE", str(tmp_path))
    monkeypatch.delenv("NEARFAR_DATA", raising=False)
    assert Places.here() == Places(None, tmp_path)
    monkeypatch.setenv("NEARFAR_DATA", "/data")
    assert Places.here().data == Path("/data")
    assert Places.here(tmp_path).data == tmp_path


def test_every_name_says_where_its_data_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEARFAR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mnist").mkdir()
    write_tar(tmp_path / "cache" / "stl10" / "stl10_binary.tar.gz", {})
    where = {row["name"]: row["where"] for row in named_sources(data_dir=tmp_path)}
    assert list(where) == list(NAMES)
    assert where["mnist"] == str(tmp_path / "mnist")
    assert where["stl10"] == str(tmp_path / "cache" / "stl10")
    assert where["cifar100"] == "download of 169 MB"


def test_a_set_with_other_channels_than_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="`channels` of digits is 1, got 3"):
        open_source("digits", channels=3)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts", "shape"),
    [
        ("cifar10", (50_000, 1_000, 10), (3, 32, 32)),
        ("omniglot", (12_660, 6_620, 964), (1, 105, 105)),
        pytest.param(*("tiny-imagenet", (15_000, 2_500, 50), (3, 64, 64)), marks=pytest.mark.slow),
    ],
)
def test_real_sets_are_read_from_the_users_folder(
    data_dir: Path, name: str, counts: tuple[int, int, int], shape: tuple[int, int, int]
) -> None:
    data = open_labeled(name, data_dir=data_dir)
    assert data.test is not None
    assert data.test_labels is not None
    assert (len(data.train), len(data.test), len(data.class_names)) == counts
    assert (len(data.train_labels), len(data.test_labels)) == counts[:2]
    assert data.train.read([0, counts[0] - 1]).inputs.pixels.shape[1:] == shape


@pytest.mark.data
@pytest.mark.slow
def test_cifar10_has_the_published_mean_and_deviation(data_dir: Path) -> None:
    images = open_source("cifar10", data_dir=data_dir).read(range(50_000)).inputs.pixels
    mean = images.mean((0, 2, 3), dtype=torch.float32) / 255
    assert mean.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)
    deviation = torch.stack([images[:, c].float().std() / 255 for c in range(3)])
    assert deviation.tolist() == pytest.approx([0.2470, 0.2435, 0.2616], abs=1e-4)


@pytest.mark.data
def test_fashion_mnist_is_read_from_debians_package() -> None:
    if not Path("/usr/share/datasets/fashion-mnist").is_dir():
        if os.environ.get("CI"):
            pytest.fail("Debian's package dataset-fashion-mnist must be installed in CI")
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    data = open_labeled("fashion-mnist")
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert torch.bincount(data.train_labels).tolist() == [6_000] * 10
