"""The device of computation, by its name in a setting or option."""

import torch

from slr.errors import ParamsError


def choose_device(name: str, where: str = "train.device") -> torch.device:
    """The device of a name: `cpu`, `mps`, `cuda`, one of several GPUs (`cuda:1`), or `auto`, a GPU if there is one.

    Parameters
    ----------
    name : str
    where : str
        The setting or option that gives the name, for messages.

    Raises
    ------
    ParamsError
        If there is no such device, or this machine doesn't have it.
    """
    kind, _, number = name.partition(":")
    here = {"cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
            "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if name == "auto":
        return torch.device(next(known for known, count in here.items() if count))
    if kind not in here or (number and not (kind == "cuda" and number.isdecimal())):
        raise ParamsError(f"{where}: there is no device '{name}'; use auto, cpu, mps, cuda, or cuda:1 for the second "
                          "GPU")
    if not here[kind]:
        raise ParamsError(f"{where}: this machine has no {kind} that torch can use; set it to auto")
    if number and int(number) >= here[kind]:
        raise ParamsError(f"{where}: this machine's last GPU is cuda:{here[kind] - 1}, not {name}; set it to that or "
                          "to auto")
    return torch.device(name)
