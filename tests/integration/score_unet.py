"""The score network of model/score_unet.hpp in PyTorch, with Climate2Weather's state_dict names: what foehn's own
network is compared with."""

import math

import torch
from torch import nn
from torch.nn import functional


class ChannelNorm(nn.Module):
    """Zero mean and unit variance over dimension 1."""

    def forward(self, x):
        variance, mean = torch.var_mean(x, dim=1, unbiased=True, keepdim=True)
        return (x - mean) / torch.sqrt(variance + 1e-5)


def convolution(before, after, stride=1):
    return nn.Conv2d(before, after, 3, stride=stride, padding=1)


class Block(nn.Module):
    """x + conv(SiLU(conv(N(x + W e))))."""

    def __init__(self, width, embedding):
        super().__init__()
        self.project = nn.Sequential(nn.Linear(embedding, width))
        self.residue = nn.Sequential(ChannelNorm(), convolution(width, width), nn.SiLU(), convolution(width, width))

    def forward(self, x, e):
        return x + self.residue(x + self.project(e)[:, :, None, None])


class Attention(nn.Module):
    """x + W softmax(q^T k / sqrt(width)) v over the cells, on normalised x."""

    def __init__(self, width):
        super().__init__()
        self.norm = ChannelNorm()
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.proj_out = nn.Conv1d(width, width, 1)

    def forward(self, x, _):
        q, k, v = self.qkv(self.norm(x.flatten(2))).chunk(3, dim=1)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(q.shape[1]), dim=-1)
        return x + self.proj_out(v @ weights.transpose(1, 2)).reshape(x.shape)


class UNet(nn.Module):
    def __init__(self, channels, hidden, blocks, attention, embedding):
        super().__init__()

        def stage(level):
            layers = []
            for _ in range(blocks[level]):
                layers.append(Block(hidden[level], embedding))
                if level in attention:
                    layers.append(Attention(hidden[level]))
            return nn.ModuleList(layers)

        down, up = [convolution(channels, hidden[0])], [convolution(hidden[0], channels)]
        for above, width in zip(hidden, hidden[1:]):
            down.append(nn.Sequential(convolution(above, width, stride=2)))
            up.append(nn.Sequential(ChannelNorm(), nn.Upsample(scale_factor=2), convolution(width, above)))
        levels = range(len(hidden))
        self.heads, self.tails = nn.ModuleList(down), nn.ModuleList(up[::-1])
        self.descent = nn.ModuleList(map(stage, levels))
        self.ascent = nn.ModuleList(map(stage, reversed(levels)))

    def forward(self, x, e):
        skips = []
        for head, stage in zip(self.heads, self.descent):
            x = head(x)
            for layer in stage:
                x = layer(x, e)
            skips.append(x)
        skips.pop()
        for stage, tail in zip(self.ascent, self.tails):
            for layer in stage:
                x = layer(x, e)
            x = tail(x)
            if skips:
                x = x + skips.pop()
        return x


class ScoreUNet(nn.Module):
    """@param architecture  window, variables, hidden, blocks, attention, embedding, as in a prior bundle"""

    def __init__(self, architecture):
        super().__init__()
        channels = architecture["window"] * len(architecture["variables"])
        embedding = architecture["embedding"]
        self.unet = UNet(channels, *(architecture[key] for key in ("hidden", "blocks", "attention")), embedding)
        self.map_layer0 = nn.Linear(32, embedding)
        self.map_layer1 = nn.Linear(embedding, embedding)

    def forward(self, x, t):
        """eps of windows x [window, hour*variable, y, x] at times t [window]."""
        angles = t[:, None] * 10000 ** (-torch.arange(16) / 16)
        features = torch.cat([angles.cos(), angles.sin()], dim=1)
        e = functional.silu(self.map_layer1(functional.silu(self.map_layer0(features))))
        return self.unet(x, e)
