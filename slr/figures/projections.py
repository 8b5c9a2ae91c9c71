"""Two-dimensional projections of a model's features, coloured by sign and by signer.

PCA (linear: large distances are meaningful), t-SNE (van der Maaten and Hinton, JMLR 2008) and, with the extra
`embeddings`, UMAP (McInnes et al., 2018): neighbourhoods are meaningful, distances between groups are not.
"""

import functools
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from slr.errors import SlrError
from slr.figures.fonts import lettered
from slr.io.evenly import evenly
from slr.io.progress import warn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import RcKeyType

PICTURE, TABLE = "embeddings.png", "embeddings.csv"
MOST_CLIPS = 2000
"""Maximum number of clips, evenly chosen: t-SNE of more takes minutes, and points would overlap."""
_FEWEST_CLIPS = 5
_NAMED = 20
"""With more signs or signers than this, the figure has no legend."""
_INK = "#7d8794"  # readable on light and dark backgrounds
_SEED = 1


def lay_out(features: np.ndarray) -> dict[str, np.ndarray]:
    """Project features to two dimensions.

    Parameters
    ----------
    features : array (clips, D)

    Returns
    -------
    dict of str to array (clips, 2)
        `pca`; `tsne` with at least 5 clips; also `umap` if umap-learn is installed (otherwise this is reported).
        Deterministic for the same features, on one machine.
    """
    features = features.astype(np.float64)
    found = {"pca": _pca(features)}
    if len(features) >= _FEWEST_CLIPS:
        found["tsne"] = _tsne(features)
        umap = _umap()
        if umap is not None:
            found["umap"] = umap(features)
    return found


def lay_out_by(method: str, features: np.ndarray, perplexity: float | None = None) -> np.ndarray:
    """(clips, 2): projection of features (clips, D) by one method, `pca`, `tsne` or `umap`.

    `perplexity` of t-SNE is roughly how many neighbours a clip has; 30 by default, and less for fewer than 91 clips.

    Raises
    ------
    SlrError
        If there is no such method, it isn't installed, there are too few clips for it or for this perplexity, or
        another method is given one.
    """
    if perplexity is not None and not (method == "tsne" and 0 < perplexity < len(features)):
        raise SlrError(f"a perplexity of {perplexity:g} is for t-SNE of more than {perplexity:g} clips, and not for "
                       f"{TITLES.get(method, method)} of {len(features)}; leave it out, or choose another")
    if method not in TITLES:
        raise SlrError(f"there is no method '{method}' to lay out embeddings; choose {', '.join(TITLES)}")
    if method != "pca" and len(features) < _FEWEST_CLIPS:
        raise SlrError(f"{TITLES[method]} of {len(features)} clips says nothing; choose pca")
    if method == "umap" and importlib.util.find_spec("umap") is None:
        raise SlrError("UMAP needs umap-learn; pip install 'slr[embeddings]', or choose tsne or pca")
    if method == "tsne":
        return np.asarray(_tsne(features.astype(np.float64), perplexity))
    lay = _umap() if method == "umap" else _pca
    assert lay is not None  # UMAP is installed
    return np.asarray(lay(features.astype(np.float64)))


def write_embeddings(folder: Path, features: np.ndarray, clips: pd.DataFrame) -> None:
    """Write embeddings.csv and embeddings.png.

    Parameters
    ----------
    folder : Path
        An existing folder.
    features : array (clips, D)
    clips : DataFrame
        `clip_id`, `gloss`, `signer` (or pseudo-signer; missing where unknown) and `split`, of each row of `features`.
        They come first in embeddings.csv, then `pca_x`, `pca_y`, `tsne_x`, ...
    """
    chosen = evenly(len(clips), MOST_CLIPS)
    rows = clips[["clip_id", "gloss", "signer", "split"]].iloc[chosen].reset_index(drop=True)
    places = lay_out(features[chosen])
    table = rows.assign(**{f"{method}_{axis}": found[:, i] for method, found in places.items()
                           for i, axis in enumerate("xy")})
    table.to_csv(folder / TABLE, index=False, float_format="%.4f", lineterminator="\n")
    draw(folder / PICTURE, places, {"sign": rows.gloss, "signer": rows.signer})


def draw(path: Path, places: dict[str, np.ndarray], names: dict[str, pd.Series]) -> None:
    """Draw a PNG: one column per method, one row for each of `names`, one colour per name; grey if missing."""
    import matplotlib
    from matplotlib.figure import Figure

    style: dict[RcKeyType, Any] = {
        "font.size": 7, "text.color": _INK, "axes.edgecolor": _INK, "axes.titlesize": 8, "axes.linewidth": 0.5,
        "legend.frameon": False, "savefig.transparent": True,
    }
    named = [name for of_clip in names.values() if of_clip.nunique() <= _NAMED for name in of_clip.dropna()]
    with lettered(style, named):
        figure = Figure(figsize=(2.7 * len(places) + 1.3, 2.5 * len(names)), layout="constrained")
        grid = figure.subplots(len(names), len(places), squeeze=False)
        for row, (what, of_clip) in zip(grid, names.items(), strict=True):
            numbers, known = pd.factorize(of_clip, sort=True)
            colours = np.vstack([_colours(len(known)), matplotlib.colors.to_rgba(_INK)])[numbers]
            for axes, (method, found) in zip(row, places.items(), strict=True):
                axes.scatter(*found.T, s=9, c=colours, linewidths=0, alpha=0.85)
                axes.set(xticks=[], yticks=[], title=f"{TITLES[method]}, by {what}")
            if len(known) <= _NAMED:
                _name(row[-1], known)
        figure.savefig(path, dpi=100, metadata={"Software": None})


TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


def _pca(features: np.ndarray) -> np.ndarray:
    from sklearn.decomposition import PCA

    wanted = min(2, *features.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # constant features have no variance to explain
        found = PCA(wanted, svd_solver="full").fit_transform(features)
    return np.pad(found, ((0, 0), (0, 2 - wanted)))


def _tsne(features: np.ndarray, perplexity: float | None = None) -> np.ndarray:
    from sklearn.manifold import TSNE

    # It is initialised with PCA, which needs two dimensions and some variance; noise far below any distance ensures
    # both.
    padded = np.pad(features, ((0, 0), (0, max(0, 2 - features.shape[1]))))
    padded = padded + np.random.default_rng(_SEED).normal(0, 1e-9 + 1e-6 * padded.std(), padded.shape)
    return TSNE(perplexity=perplexity or min(30, (len(padded) - 1) / 3), init="pca",
                random_state=_SEED).fit_transform(padded)


@functools.cache
def _umap() -> Callable[[np.ndarray], np.ndarray] | None:
    """UMAP; None, with a message, if it isn't installed."""
    try:
        from umap import UMAP
    except ImportError:
        warn("embeddings: no picture by UMAP, which needs umap-learn (pip install 'slr[embeddings]')")
        return None

    def umap(features: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a fixed seed implies a single thread
            # Random initialisation: the spectral one fails on few clips.
            return UMAP(n_neighbors=min(15, len(features) - 1), init="random", random_state=_SEED,
                        n_jobs=1).fit_transform(features)

    return umap


def _colours(count: int) -> np.ndarray:
    """(count, 4): one colour per name, as distinct as possible."""
    import matplotlib

    if count <= 10:
        return matplotlib.colormaps["tab10"](np.arange(count))
    return matplotlib.colormaps["tab20"](np.arange(count)) if count <= 20 else \
        matplotlib.colormaps["nipy_spectral"](np.linspace(0.05, 0.95, count))


def _name(axes: "Axes", names: pd.Index) -> None:
    """A legend beside the last panel. Names are user input: they aren't mathtext, and may begin with `_`."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", linestyle="", markersize=3, color=colour) for colour in _colours(len(names))]
    legend = axes.legend(handles, [str(i) for i in range(len(names))], loc="center left", bbox_to_anchor=(1, 0.5),
                         handletextpad=0.1, labelspacing=0.25, fontsize=6)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name if len(name) <= 20 else f"{name[:19]}…", parse_math=False)
