"""A re-creation of SPOTER's published training loop: what ours is timed against.

Bohacek and Hruz, WACV Workshops 2022. One clip at a time: landmarks as a dictionary of joints, changed and normalised
by Python loops over the frames, noise, `nn.Transformer` without the decoder's self-attention, a step of SGD. Clips lie
in memory; reading them from CSV cells is left out, which flatters it.
"""

import copy
import math
import random
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

Clip = dict[str, np.ndarray]
"""Joint -> (T, 2), fractions of the frame; 0 where missing."""

SIDES = ("left", "right")
ARMS = {side: [f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"] for side in SIDES}


class DecoderLayer(nn.TransformerDecoderLayer):
    """Torch's, with the self-attention taken out and its residual left in."""

    def __init__(self, *sizes: int):
        super().__init__(*sizes)
        del self.self_attn
        self.self_attn = SimpleNamespace(batch_first=False)  # torch's decoder asks it for this, and nothing else

    def forward(self, tgt: Tensor, memory: Tensor, *_: object, **__: object) -> Tensor:
        x = self.norm1(tgt + self.dropout1(tgt))
        x = self.norm2(x + self.dropout2(self.multihead_attn(x, memory, memory)[0]))
        return self.norm3(x + self.dropout3(self.linear2(self.dropout(torch.relu(self.linear1(x))))))


class Spoter(nn.Module):
    """(T, J, 2) of one clip -> (1, 1, classes)"""

    def __init__(self, joints: int, classes: int, heads: int = 9, layers: int = 6):
        super().__init__()
        width = joints * 2
        self.pos, self.class_query = nn.Parameter(torch.rand(1, 1, width)), nn.Parameter(torch.rand(1, width))
        self.transformer = nn.Transformer(width, heads, layers, layers)
        layer = DecoderLayer(width, heads, 2048)
        self.transformer.decoder.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(layers))
        self.linear_class = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = x.flatten(1).unsqueeze(1).float()  # (T, 1, D)
        return self.linear_class(self.transformer(self.pos + h, self.class_query.unsqueeze(0)).transpose(0, 1))


def train_epoch(model: Spoter, clips: list[np.ndarray], targets: list[int], joints: tuple[str, ...],
                optimizer: torch.optim.Optimizer) -> float:
    """One pass over the clips (T, J, 2) in a random order; returns the mean loss."""
    criterion = nn.CrossEntropyLoss()
    model.train()
    total, correct = 0.0, 0
    for i in random.sample(range(len(clips)), len(clips)):
        clip = {joint: clips[i][:, j].copy() for j, joint in enumerate(joints)}
        clip = normalise(augment(clip))
        x = torch.from_numpy(np.stack([clip[joint] for joint in joints], 1)) - 0.5
        x = x + torch.randn(x.shape) * 0.001
        target = torch.tensor([targets[i]])
        optimizer.zero_grad()
        outputs = model(x)
        loss = criterion(outputs[0], target)
        loss.backward()
        optimizer.step()
        total += loss.item()
        correct += int(torch.argmax(torch.softmax(outputs, dim=2))) == int(target)
    return total / len(clips)


def augment(clip: Clip, probability: float = 0.5) -> Clip:
    """One of the four changes, for half of the clips."""
    if random.random() >= probability:
        return clip
    return random.choice([_rotate, _squeeze, _perspective, _turn_arms])(clip)


def normalise(clip: Clip) -> Clip:
    """The body in its box, then each hand in its own; each measured in each frame."""
    return _normalise_hands(_normalise_body(clip))


def _normalise_body(clip: Clip) -> Clip:
    body = [joint for joint in clip if "_hand_" not in joint]
    corner, opposite = None, None
    for t in range(len(clip["nose"])):
        left, right, eye = clip["left_shoulder"][t], clip["right_shoulder"][t], clip["left_eye"][t]
        if left[0] and right[0]:
            unit = math.dist(left, right)
            x, y = clip["neck"][t][0], eye[1] - unit / 2
            corner, opposite = (x - 3 * unit, y), (x + 3 * unit, y + 6 * unit)
        if corner is None or opposite[0] == corner[0]:
            continue
        for joint in body:
            if clip[joint][t][0]:
                clip[joint][t] = [(clip[joint][t][axis] - corner[axis]) / (opposite[axis] - corner[axis])
                                  for axis in (0, 1)]
    return clip


def _normalise_hands(clip: Clip) -> Clip:
    for side in SIDES:
        hand = [joint for joint in clip if joint.startswith(f"{side}_hand_")]
        for t in range(len(clip["nose"])):
            found = [clip[joint][t] for joint in hand if clip[joint][t][0]]
            if not found:
                continue
            low = [min(point[axis] for point in found) for axis in (0, 1)]
            high = [max(point[axis] for point in found) for axis in (0, 1)]
            size = [high[axis] - low[axis] for axis in (0, 1)]
            pad = [0.1 * max(size) + (max(size) - size[axis]) / 2 for axis in (0, 1)]
            corner, opposite = [low[i] - pad[i] for i in (0, 1)], [high[i] + pad[i] for i in (0, 1)]
            if opposite[0] == corner[0]:
                continue
            for joint in hand:
                if clip[joint][t][0]:
                    clip[joint][t] = [(clip[joint][t][axis] - corner[axis]) / (opposite[axis] - corner[axis])
                                      for axis in (0, 1)]
    return clip


def _each_point(clip: Clip, change: Callable[[np.ndarray], tuple[float, float]]) -> Clip:
    return {joint: np.array([change(point) if point[0] else point for point in points], np.float32)
            for joint, points in clip.items()}


def _around(point: np.ndarray, origin: np.ndarray | tuple[float, float], angle: float) -> tuple[float, float]:
    x, y = point[0] - origin[0], point[1] - origin[1]
    cos, sin = math.cos(angle), math.sin(angle)
    return origin[0] + cos * x - sin * y, origin[1] + sin * x + cos * y


def _rotate(clip: Clip) -> Clip:
    angle = math.radians(random.uniform(-13, 13))
    return _each_point(clip, lambda point: _around(point, (0.5, 0.5), angle))


def _squeeze(clip: Clip) -> Clip:
    left, right = random.uniform(0, 0.15), random.uniform(0, 0.15)
    return _each_point(clip, lambda point: (left + point[0] * (1 - left - right), point[1]))


def _perspective(clip: Clip) -> Clip:
    shift = random.uniform(0, 0.1)
    grow = 1 / (1 - 2 * shift)

    def change(point: np.ndarray) -> tuple[float, float]:
        w = max(1 + (grow - 1) * point[0], 0.1)
        return (1 - shift) * grow * point[0] / w, (point[1] - 0.5) / w + 0.5

    return _each_point(clip, change)


def _turn_arms(clip: Clip) -> Clip:
    for side, chain in ARMS.items():
        hand = [joint for joint in clip if joint.startswith(f"{side}_hand_")]
        for i, origin in enumerate(chain):
            if random.random() < 0.3:
                angle = math.radians(random.uniform(-4, 4))
                for joint in chain[i + 1:] + hand:
                    clip[joint] = np.array([_around(point, clip[origin][t], angle) if point[0] else point
                                            for t, point in enumerate(clip[joint])], np.float32)
    return clip
