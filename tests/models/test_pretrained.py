"""Weights from a file and from a server on this machine."""

import hashlib
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from slr.errors import ModelError, SlrError
from slr.models.pretrained import read_weights
from slr.models.stfnet.backbone import ResNet
from tests.helpers.video_server import serve_videos


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: value.contiguous() for name, value in ResNet("tiny").state_dict().items()}


def saved(state: dict[str, torch.Tensor], path: Path) -> tuple[Path, str]:
    """Write weights, as the path's suffix says; the path and the file's sha256."""
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_a_local_file_fits_the_backbone(state, name, tmp_path):
    path, sha256 = saved(state, tmp_path / name)
    for given in (None, sha256):
        model = ResNet("tiny")
        model.load_pretrained(read_weights(str(path), given, tmp_path / "fetched"))
        assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not (tmp_path / "fetched").exists()


def test_an_address_is_fetched_once_and_checked(state, tmp_path):
    path, sha256 = saved(state, tmp_path / "resnet.safetensors")
    with serve_videos() as server:
        server.content["/resnet.safetensors"] = path.read_bytes()
        server.cut["/resnet.safetensors"] = [5000]  # a connection that breaks off is taken up again
        for _ in range(2):
            found = read_weights(f"{server.address}/resnet.safetensors", sha256,
                                 tmp_path / "fetched")
            assert all(torch.equal(value, state[key]) for key, value in found.items())
        assert server.requests == [("/resnet.safetensors", None), ("/resnet.safetensors", "bytes=5000-")]
    assert [file.name for file in (tmp_path / "fetched").iterdir()] == [f"{sha256[:16]}-resnet.safetensors"]


def test_a_fetched_file_with_another_hash_is_refused_and_not_kept(state, tmp_path):
    path, sha256 = saved(state, tmp_path / "a.pth")
    wrong = "0" * 64
    with serve_videos() as server:
        server.content["/a.pth"] = path.read_bytes()
        with pytest.raises(SlrError, match=f"sha256 {sha256}, not {wrong}; correct the hash"):
            read_weights(f"{server.address}/a.pth", wrong, tmp_path / "fetched")
        assert list((tmp_path / "fetched").iterdir()) == []
        with pytest.raises(SlrError, match="can't be fetched: HTTP 404.*give the file's path"):
            read_weights(f"{server.address}/b.pth", sha256, tmp_path / "fetched")
        with pytest.raises(ModelError, match="need the file's sha256"):
            read_weights(f"{server.address}/a.pth", None, tmp_path / "fetched")


def test_a_local_or_fetched_file_that_changed_is_refused(state, tmp_path):
    path, sha256 = saved(state, tmp_path / "a.safetensors")
    with serve_videos() as server:
        server.content["/a.safetensors"] = path.read_bytes()
        read_weights(f"{server.address}/a.safetensors", sha256, tmp_path / "fetched")
        fetched, = (tmp_path / "fetched").iterdir()
        fetched.write_bytes(fetched.read_bytes()[:-1] + b"x")
        with pytest.raises(ModelError, match=f"not {sha256}; remove the file"):
            read_weights(f"{server.address}/a.safetensors", sha256, tmp_path / "fetched")
    with pytest.raises(ModelError, match=f"have the sha256 {sha256}, not {'1' * 64}"):
        read_weights(str(path), "1" * 64, tmp_path)


class Malicious:
    def __reduce__(self):
        return Path.touch, (Path("run-by-a-pickle"),)


def test_what_is_not_weights_is_refused_and_no_code_in_it_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no weights at nowhere.pth"):
        read_weights("nowhere.pth", None, tmp_path)
    for name in ("text.pth", "text.safetensors"):
        Path(name).write_text("these are no weights")
        with pytest.raises(ModelError, match=f"{name} isn't a file of weights"):
            read_weights(name, None, tmp_path)
    torch.save({"conv1.weight": torch.zeros(2), "epoch": 3}, "whole.pth")
    with pytest.raises(ModelError, match="holds more than weights"):
        read_weights("whole.pth", None, tmp_path)
    Path("bad.pth").write_bytes(pickle.dumps(Malicious(), protocol=2))
    torch.save(Malicious(), "worse.pth")
    for name in ("bad.pth", "worse.pth"):
        with pytest.raises(ModelError, match=f"{name} isn't a file of weights"):
            read_weights(name, None, tmp_path)
    assert not Path("run-by-a-pickle").exists()
