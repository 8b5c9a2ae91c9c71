"""Cluster clips into pseudo-signers."""

from pipeline.stage import run
from slr.dataset.dataset import Dataset
from slr.dataset.paths import METRICS, SIGNERS
from slr.dataset.signers import write_signers
from slr.io.files import write_json
from slr.params import Params
from slr.partition.signers import cluster_signers


def signers(params: Params) -> None:
    clusters, metrics = cluster_signers(Dataset(), params.signers)
    write_signers(SIGNERS, clusters)
    write_json(METRICS / "signers.json", metrics)


if __name__ == "__main__":
    run(signers)
