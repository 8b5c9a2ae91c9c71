"""The lines of a face: which of MediaPipe's 478 face points to join, so that lips, eyes and brows can be seen."""

from slr.dataset.skeleton import FACE, Skeleton

_OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61)
_INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78)
_LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263)
_RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33)
_BROWS = ((276, 283, 282, 295, 285), (300, 293, 334, 296, 336), (46, 53, 52, 65, 55), (70, 63, 105, 66, 107))
_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
         150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10)
CONTOURS = (_OUTER_LIPS, _INNER_LIPS, _LEFT_EYE, _RIGHT_EYE, *_BROWS, _OVAL)
"""Numbers of the points along each line; a closed one ends where it begins."""


def face_lines(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Pairs of a skeleton's joints that a line of the face joins; none for a skeleton without a face."""
    at = {joint: i for i, joint in enumerate(skeleton.joints)}
    pairs = [(FACE[a], FACE[b]) for line in CONTOURS for a, b in zip(line, line[1:], strict=False)]
    return [(at[a], at[b]) for a, b in pairs if a in at and b in at]
