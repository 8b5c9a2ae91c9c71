"""Train one model, with DVCLive logging."""

from dvclive import Live

from pipeline.stage import run
from slr.dataset.dataset import Dataset
from slr.dataset.paths import MODELS, WORK
from slr.params import Params
from slr.training.loop import train as train_model
from slr.training.parallel import join


def train(params: Params, name: str) -> None:
    if not join().first:
        train_model(name, params, Dataset(), out=MODELS / name, work=WORK / "train")
        return
    with Live(f"dvclive/{name}", save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log(epoch: dict[str, float | None]) -> None:
            for metric, value in epoch.items():
                if value is not None:  # no validation metrics without validation clips
                    live.log_metric(metric, value)
            live.next_step()

        train_model(name, params, Dataset(), out=MODELS / name, work=WORK / "train", on_epoch=log)


if __name__ == "__main__":
    run(train)
