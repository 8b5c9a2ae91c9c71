"""Files of weights that others trained: a local one, or one that is downloaded once and verified."""

from pathlib import Path
from urllib.parse import urlsplit

from slr.errors import ModelError
from slr.io.fetch import fetch, size_and_hash


def weights_file(source: str, sha256: str | None, folder: Path) -> Path:
    """The local file of some weights, verified.

    Parameters
    ----------
    source : str
        A path, or an http(s) URL.
    sha256 : str or None
        Expected hash of the file, 64 hex digits; required for a URL.
    folder : Path
        Download cache: files are kept under their hash and name.

    Raises
    ------
    ModelError
        If the file is missing, can't be downloaded, or has a different hash.
    """
    if source.startswith(("http://", "https://")):
        if sha256 is None:
            raise ModelError(f"weights from {source} need the file's sha256; give it")
        path = Path(folder) / f"{sha256[:16]}-{Path(urlsplit(source).path).name or 'weights'}"
        if not path.exists():
            fetch(source, path, sha256)
    else:
        path = Path(source)
        if not path.is_file():
            raise ModelError(f"there are no weights at {path}; correct the path")
    if sha256 is not None and (found := size_and_hash(path)[1]) != sha256:
        raise ModelError(f"the weights in {path} have the sha256 {found}, not {sha256}; remove the file, or "
                         "correct the hash")
    return path
