"""`params.yaml`: its schema, its defaults, and what a mistake in it says."""

from pathlib import Path

import pytest
import yaml

from slr.errors import ParamsError
from slr.params import Params, describe, load, parse
from tests.helpers import REPOSITORY


def test_the_committed_file_is_valid_and_sets_the_defaults_except_the_models_and_gloss_sets():
    params = load(REPOSITORY / "params.yaml")
    own = {"models": True, "zoo": True, "evaluation": True, "train": {"model", "models"}}
    assert params.model_dump(exclude=own) == Params().model_dump(exclude=own)


def test_the_committed_file_names_every_setting_so_that_each_can_be_overridden_from_the_command_line():
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    whole = ("multistream", "spoter")  # the others say what differs from their family's defaults
    content["models"] = {name: content["models"][name] for name in whole}
    content["train"]["models"] = list(whole)

    def missing(block: dict, full: dict, place: str) -> list[str]:
        return [f"{place}{name}" for name in full if name not in block] + [
            gap for name, value in full.items() if isinstance(value, dict) and name in block
            for gap in missing(block[name], value, f"{place}{name}.")]

    assert missing(content, parse(content).model_dump(exclude={"zoo"}), "") == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the two files of settings."""
    (tmp_path / "zoo").mkdir()
    (tmp_path / "params.yaml").write_text("models: {a: {family: spoter}}\ntrain: {model: a, models: [a]}\n")
    (tmp_path / "zoo/params.yaml").write_text("models: {b: {family: silt, lr: 0.5}}\nzoo: {models: [b]}\n")
    return tmp_path


def test_the_zoos_models_are_settings_too_and_any_can_be_selected(project):
    params = load(project / "params.yaml")
    assert (params.train.models, params.zoo.models, params.models["b"].lr) == (["a"], ["b"], 0.5)
    (project / "params.yaml").write_text("models: {a: {family: spoter}}\ntrain: {model: b, models: [a]}\n")
    assert load(project / "params.yaml").train.model == "b"


@pytest.mark.parametrize("zoo, message", [
    ("models: {b: {family: silt, lrr: 1}}", r"zoo.params.yaml: models.b.lrr: unknown name; did you mean 'lr'"),
    ("models: {b: {family: silt}}\nzoo: {models: [bb]}", "zoo.models: there is no model 'bb' under models"),
    ("models: {a: {family: silt}}", r"model 'a' is in .*params.yaml and in .*zoo.params.yaml; keep one"),
    ("train: {seed: 1}", "zoo.params.yaml: unknown name 'train'"),
    ("models: [b]", "zoo.params.yaml: models has to be settings by name"),
    ("- b", "zoo.params.yaml holds no settings"),
    ("a: [", "zoo.params.yaml is not valid YAML")])
def test_a_mistake_in_the_zoo_names_the_file(project, zoo, message):
    (project / "zoo/params.yaml").write_text(zoo)
    with pytest.raises(ParamsError, match=message):
        load(project / "params.yaml")


def test_a_misspelt_selection_is_refused_with_the_nearest_of_both_files(project):
    for name, near in (("silt_quary", "silt_query"), ("multistraem", "multistream"), ("stfnt", "stfnet")):
        content = (REPOSITORY / "params.yaml").read_text().replace("model: multistream ", f"model: {name} ", 1)
        (project / "params.yaml").write_text(content)
        (project / "zoo/params.yaml").write_text((REPOSITORY / "zoo/params.yaml").read_text())
        with pytest.raises(ParamsError, match=f"train.model: there is no model '{name}'; did you mean '{near}'"):
            load(project / "params.yaml")


@pytest.mark.parametrize(("content", "message"), [
    ({"models": {"spoter": {"family": "spoter", "lrr": 0.1}}}, "models.spoter.lrr: unknown name; did you mean 'lr'"),
    ({"models": {"spoter": {"family": "spoter", "augment": {"rotate": 3}}}}, "did you mean 'rotate_degrees'"),
    ({"corpse": {}}, "corpse: unknown name; did you mean 'corpus'"),
    ({"corpus": {"sample": {"part": ["isolated"]}}}, "did you mean 'parts'"),
    ({"corpus": {"name": "wlasl", "subset": 200}}, "corpus.subset"),
    ({"corpus": {"subset": 100}}, "corpus.subset 100 is not one of corpus sample's; it has none, use null"),
    ({"corpus": {"name": "ipn", "subset": 100}}, "subset 100 is not one of corpus ipn's; use all or null"),
    ({"corpus": {"name": "ipn", "crop": "bbox"}}, "crop: corpus ipn has no boxes"),
    ({"splits": {"by": "signr"}}, "did you mean 'signer'"),
    ({"train": {"model": "spotr"}}, "no model 'spotr'; did you mean 'spoter'"),
    ({"models": {name: {"family": "spoter"} for name in ("spoter", "other")}, "train": {"models": ["other"]}},
     "'spoter' is not in train.models"),
    ({"models": {"spoter": {"family": "spoter", "lr": "fast"}}}, "models.spoter.lr: "),
    ({"models": {"spoter": {"family": "spoter", "losses": {"classification": 0}}}},
     "losses.classification: nothing else trains a classifier; set it to 1, or give the model an embedding"),
    ({"models": {"spoter": {"family": "spoter", "embedding": {"size": 8}}}},
     "embedding: no loss is about its vectors; set losses.triplet"),
    ({"models": {"spoter": {"family": "spoter", "embedding": {"sise": 8}, "losses": {"proxy": 1}}}},
     "models.spoter.embedding.sise: unknown name; did you mean 'size'"),
    ({"models": {"spoter": {"family": "spoter", "batching": {"clips_per_sign": 5}}}},
     "batching.clips_per_sign: 5 .* batch of 32; make it a divisor of batch_size"),
    ({"models": {"spoter": {"family": "spoter", "batching": {"clips_per_sign": 2, "signers_per_sign": 3}}}},
     "signers_per_sign: 3 people need as many clips; raise batching.clips_per_sign"),
    ({"models": {"spoter": {"family": "spoter", "augment": {"views": "published", "yaw_degrees": 9}}}},
     "yaw_degrees: SPOTER's code has no such turn; set it to 0"),
    ({"models": {"spoter": {"family": "spoter", "losses": {"triplet": 1, "triplets": "random"},
                            "batching": {"hard_from_epoch": 3}}}},
     "hard_from_epoch: random triplets aren't of one batch"),
    ({"models": {"spoter": {"family": "spoter", "batching": {"hard_from_epoch": 3}}}},
     "hard_from_epoch: the triplets that are used steer it; set losses.triplet"),
    ({"models": {"spoter": {"family": "spoter", "losses": {"triplet": 1}, "augment": {"mixup": 1}}}},
     "losses.triplet: mixup leaves no clip with one gloss"),
    ({"models": {"spoter": {"lr": 1}}}, "models.spoter.family: which network"),
    ({"models": {"stfnet": {"family": "stfnet", "images": {"still": "removed"}}}},
     "models.stfnet.images.still: is called background .removed: subtracted. now"),
    ({"models": {"spoter": {"family": "sputer"}}}, "not one of .*did you mean 'spoter'"),
    ({"models": {"spoter": {"family": "spoter", "lr": -1}}}, "greater than 0"),
])
def test_a_mistake_names_its_place_and_the_nearest_right_name(content, message):
    with pytest.raises(ParamsError, match=message.replace("(", r"\(")):
        parse(content)


def test_all_mistakes_are_listed_at_once():
    with pytest.raises(ParamsError) as caught:
        parse({"corpse": {}, "frames": {"sise": 3}})
    assert "corpse" in str(caught.value) and "frames.sise" in str(caught.value)


def test_a_missing_file_and_broken_yaml_are_readable_errors(tmp_path):
    with pytest.raises(ParamsError, match="project's folder"):
        load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(ParamsError, match="not valid YAML"):
        load(tmp_path / "params.yaml")


def test_the_settings_of_a_block_that_may_be_left_out_are_described_too():
    told = {setting: default for setting, default, _ in describe()}
    assert told["models.<name>.embedding"] is None and told["models.<name>.embedding.size"] == 32


def test_a_mistake_between_settings_is_one_short_line_that_names_the_setting_and_the_way_out():
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    content["models"]["spoter"] |= {"frames": 32, "augment": {"frame_rate": 0.2}}
    with pytest.raises(ParamsError) as caught:
        parse(content)
    line = str(caught.value).splitlines()[1].strip()
    assert line.startswith("models.spoter.augment.frame_rate: ") and "set augment.frame_rate: 0" in line
    assert len(line) <= 300
