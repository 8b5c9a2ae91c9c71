"""Learned input weights (SiLT): a table, a figure of the body, and their course over the coordinates.

Luna-Jimenez et al., ICMI 2023. A weight multiplies a coordinate before the first layer. It shows how much of the
coordinate enters the network, not its importance: a joint that hardly moves roughly keeps its initial weight of 1.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.landmarks import CHANNELS
from slr.dataset.skeleton import Skeleton

_MOST_FRAMES = 2000
"""Frames searched for a typical pose."""


def write_importance(folder: Path, weights: dict[str, np.ndarray], skeleton: Skeleton, landmarks: np.ndarray,
                     mask: np.ndarray) -> None:
    """Write importance.csv, importance.png and importance_lines.png; the output is byte-identical each time.

    Parameters
    ----------
    folder : Path
    weights : dict of str to array (J * C,)
        By the module they precede: `encoder`, `decoder`. A joint's channels lie together.
    skeleton : Skeleton
        The model's.
    landmarks, mask : array (frames, J, C), (frames, J)
        The body is drawn in the pose of one of these frames.
    """
    table = importance(weights, skeleton)
    table.to_csv(folder / "importance.csv", index=False, float_format="%.6f", lineterminator="\n")
    _draw(folder / "importance.png", table, skeleton, landmarks, mask)
    _draw_lines(folder / "importance_lines.png", table)


def importance(weights: dict[str, np.ndarray], skeleton: Skeleton) -> pd.DataFrame:
    """The rows of importance.csv.

    Parameters
    ----------
    weights : dict of str to array (J * C,)
        By the module they precede: `encoder`, `decoder`. A joint's channels lie together.
    skeleton : Skeleton

    Returns
    -------
    DataFrame
        `before`, `joint`, `part`, the weight of each channel (`x`, `y`, ...), and `mean`: of their magnitudes, since
        the sign of a weight doesn't matter.
    """
    parts = [part for part, joints in skeleton.parts.items() for _ in joints]
    tables = []
    for before, flat in weights.items():
        channels = flat.reshape(len(skeleton), -1)
        names = CHANNELS[:channels.shape[1]]
        tables.append(pd.DataFrame({"before": before, "joint": skeleton.joints, "part": parts,
                                    **dict(zip(names, channels.T, strict=True)), "mean": np.abs(channels).mean(1)}))
    return pd.concat(tables, ignore_index=True)


def _draw(path: Path, table: pd.DataFrame, skeleton: Skeleton, landmarks: np.ndarray, mask: np.ndarray) -> None:
    """One row per set of weights; the body, and each hand beside it, enlarged."""
    import matplotlib
    from matplotlib.figure import Figure

    panels = panels_of(skeleton)
    poses = [typical_pose(landmarks[:, joints, :2], mask[:, joints]) for joints in panels.values()]
    rows = table.before.unique()
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(3.2 * len(panels) + 1, 3.4 * len(rows)), layout="constrained")
        grid = figure.subplots(len(rows), len(panels), squeeze=False)
        for row, before in zip(grid, rows, strict=True):
            weights = table["mean"][table.before == before].to_numpy()
            low, high = weights.min(), max(weights.max(), weights.min() + 1e-9)
            for axes, (panel, joints), pose in zip(row, panels.items(), poses, strict=True):
                place = dict(zip(joints.tolist(), pose, strict=True))
                for a, b in skeleton.bone_indices.tolist():
                    if a in place and b in place:
                        axes.plot(*zip(place[a], place[b], strict=True), color="#9aa4b2", linewidth=1, zorder=1)
                dots = axes.scatter(*pose.T, s=10 + 170 * (weights[joints] - low) / (high - low), c=weights[joints],
                                    vmin=low, vmax=high, cmap="viridis", zorder=2)
                axes.set_title(f"{panel.replace('_', ' ')}: mean {weights[joints].mean():.2f}", fontsize=9)
                axes.set_aspect("equal")
                axes.margins(0.12)
                axes.set_axis_off()
                if skeleton.space == "image":
                    axes.invert_yaxis()
            figure.colorbar(dots, ax=list(row), shrink=0.8, label=f"learned weight before the {before}")
        figure.savefig(path, dpi=100, metadata={"Software": None})


def _draw_lines(path: Path, table: pd.DataFrame) -> None:
    """Below each other for each set of weights: a line for each channel over the joints, and one for their mean."""
    import matplotlib
    from matplotlib.figure import Figure

    channels, rows = [name for name in CHANNELS if name in table], table.before.unique()
    count = len(table) // len(rows)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8}):
        figure = Figure(figsize=(min(max(6, 0.16 * count), 30), 4 * len(rows)), layout="constrained")
        for axes, before in zip(figure.subplots(len(rows), squeeze=False)[:, 0], rows, strict=True):
            of_joint = table[table.before == before].reset_index(drop=True)
            for channel in channels:
                axes.plot(of_joint[channel], linewidth=1, label=channel)
            axes.plot(of_joint["mean"], linewidth=2, color="#4b5563", label="mean magnitude")
            for start in of_joint.index[of_joint.part != of_joint.part.shift()][1:]:
                axes.axvline(start - 0.5, color="#9aa4b2", linewidth=0.8)
            axes.set_xticks(range(count), of_joint.joint.str.replace("_", " "), rotation=90, fontsize=6)
            axes.set_xlim(-0.5, count - 0.5)
            axes.set_ylabel(f"learned weight before the {before}")
            axes.grid(alpha=0.3)
            axes.legend(ncols=len(channels) + 1)
        figure.savefig(path, dpi=100, metadata={"Software": None})


def panels_of(skeleton: Skeleton) -> dict[str, np.ndarray]:
    """Joint indices that are drawn together: each hand, and the rest as `body`."""
    hands = {part: np.arange(len(skeleton))[where] for part, where in skeleton.part_slices.items()
             if part.endswith("_hand") and skeleton.part_slices[part].stop - skeleton.part_slices[part].start > 1}
    of_hands = np.concatenate([np.empty(0, int), *hands.values()])
    body = np.setdiff1d(np.arange(len(skeleton)), of_hands)
    return ({"body": body} if len(body) else {}) | hands


def typical_pose(landmarks: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(J, 2): the frame of (frames, J, 2) nearest to the median, among those that show most joints.

    The median itself has unrealistic hand shapes. Frames are compared after normalising position and size. NaN for
    joints missing in that frame.
    """
    shown = mask.sum(1)
    best = np.flatnonzero(shown == shown.max(initial=0))
    best = best[:: -(-len(best) // _MOST_FRAMES) or 1]
    if not len(best):
        return np.full((mask.shape[1], 2), np.nan)
    pose = np.where(mask[best][..., None], landmarks[best], np.nan)
    if not shown.any():
        return pose[0]
    pose = pose - np.nanmean(pose, axis=1, keepdims=True)
    pose = pose / np.sqrt(np.nanmean(pose**2, axis=(1, 2), keepdims=True) + 1e-12)
    known = ~np.isnan(pose).all(axis=(0, 2))  # a joint missing in all of them has no median
    distance = np.nanmean((pose[:, known] - np.nanmedian(pose[:, known], axis=0)) ** 2, axis=(1, 2))
    return pose[distance.argmin()]
