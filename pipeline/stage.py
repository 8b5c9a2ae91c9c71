"""Common code of stage scripts: validated settings, readable errors."""

import sys
from collections.abc import Callable

from slr.errors import SlrError
from slr.params import Params, load


def run(stage: Callable[..., None]) -> None:
    """Call `stage` with the validated settings and the script's arguments (the model's name).

    An error meant for the user ends the script with its message and exit code 1, without a traceback.
    """
    try:
        params: Params = load()
        stage(params, *sys.argv[1:])
    except SlrError as error:
        sys.exit(f"error: {error}")
