#!/usr/bin/env python3
"""Writes tests/golden/forms/blocks.safetensors: quantised blocks as the packages that define them decode them.

    pip install gguf compressed-tensors      # brings numpy and torch
    make-forms.py OUT.safetensors

For every form NAME.raw holds the bytes as they lie in a file and NAME.values the numbers that they mean, in F32, by
the packages `gguf` and `compressed-tensors`; NAME.scales what lies beside them.  The codes are random and not those of any
model: every code and every scale of each form is met, with subnormal and negative scales among them.

SPDX-License-Identifier: GPL-3.0-or-later
"""

import sys

import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import dequantize
from gguf import GGMLQuantizationType as T
from gguf import quants
from safetensors.numpy import save_file

rng = np.random.default_rng(424242)
out = {}


def scales(n):
    """F16: ordinary ones, negative ones, the smallest and a subnormal one."""
    s = (rng.uniform(0.001, 0.05, n) * rng.choice([-1, 1], n)).astype(np.float16)
    s[:3] = [2.0**-24, -(2.0**-14), 3 * 2.0**-20]
    return rng.permutation(s)


def put(name, raw, qtype):
    out[f"{name}.raw"] = raw
    out[f"{name}.values"] = quants.dequantize(raw, qtype).astype(np.float32)


def codes(rows, n):
    return rng.integers(0, 256, (rows, n), dtype=np.uint8)


def blocks(rows, per_row, size, fields):
    """Rows of blocks of random bytes, with F16 fields at these offsets."""
    raw = codes(rows, per_row * size).reshape(rows * per_row, size)
    for at in fields:
        raw[:, at : at + 2] = scales(rows * per_row)[:, None].view(np.uint8)
    return raw.reshape(rows, per_row * size)


q8 = blocks(18, 2, 34, [0]).reshape(-1, 34)
q8[:, 2:][q8[:, 2:] == 0x80] = 0x81  # as GGUF's quantiser makes them: never −128
put("q8_0", q8.reshape(18, -1), T.Q8_0)
put("q4_0", blocks(18, 2, 18, [0]), T.Q4_0)
put("q4_k", blocks(2, 2, 144, [0, 2]), T.Q4_K)
put("q6_k", blocks(2, 2, 210, [208]), T.Q6_K)
half = np.array([0, 1, 0x3FF, 0x400, 0x7BFF, 0x3C00, 0x3555, 0x8001, 0xBC01, 0xC000], dtype=np.uint16)
half = np.concatenate([half, rng.integers(0, 0x7C00, 54, dtype=np.uint16)])
out["f16.raw"] = half.view(np.uint8).reshape(1, -1)
out["f16.values"] = half.view(np.float16).astype(np.float32).reshape(1, -1)

args = QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=32)
q = torch.from_numpy(rng.integers(-8, 8, (18, 64)).astype(np.int8))
s = torch.from_numpy(rng.uniform(-0.02, 0.02, (18, 2)).astype(np.float32)).to(torch.bfloat16)
out["packed4.raw"] = pack_to_int32(q, 4).numpy().view(np.uint8)
out["packed4.scales"] = s.view(torch.int16).numpy().view(np.uint16)
out["packed4.values"] = dequantize(q, s.float(), args=args).float().numpy()

args = QuantizationArgs(num_bits=8, type="float", symmetric=True, strategy="channel")
q = torch.from_numpy(np.tile(np.arange(256, dtype=np.uint8), (2, 1))).view(torch.float8_e4m3fn)
s = torch.tensor([[0.0123], [-3.5]]).to(torch.bfloat16)
out["f8_e4m3.raw"] = q.view(torch.uint8).numpy()
out["f8_e4m3.scales"] = s.view(torch.int16).numpy().view(np.uint16)
out["f8_e4m3.values"] = dequantize(q, s.float(), args=args).float().numpy()

save_file({k: np.ascontiguousarray(v) for k, v in out.items()}, sys.argv[1])
