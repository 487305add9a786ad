#!/usr/bin/env python3
"""Compares `gem-cli inspect` with the golden data, stage by stage.

usage: compare.py --gem-cli PATH --fixtures DIR [--model PATH] [--weights bf16|q8|q4|fp8] [--backend cpu|cuda|hip]
                  [--only FAMILY,...] [--json] [--gemma3 tokenizer.json[.gz]] [--exact] [--timeout SECONDS] [--explain]

PATH is the engine's command-line program (its interface: docs/inspect.md), DIR a folder of fixtures
(tests/golden/README.md).  Every line says what was compared, the figure, the tolerance, and pass or FAIL; the
last one counts them.  Exit status: 0 all passed, 1 something failed, 2 bad usage.  Needs numpy, nothing else;
verify_numpy.py beside this file is the independent model from which some expectations are computed.

Families, in this order:
  tokenizer  ids, decoded text, streamed pieces; tiny tokenizer and, if there is one, Gemma 3's
  render     conversations in the three template revisions, byte for byte
  parse      raw outputs, whole and in pieces of random and of one byte
  sizes      target sizes and token counts of images
  resize     resized pixels
  sampling   probabilities after temperature, top-k, top-p, min-p
  mel        log-mel features
  layers     every stage of the text model for one prompt
  logits     longer prompts, whole and in chunks
  decode     prefill in chunks of several sizes, then one by one
  greedy     continuations
  drafting   speculative rounds and their output
  image, audio   towers, soft tokens and the logits after them
  mixed, video   several media in one prompt

Tolerances, by what computes:
  exact      bf16 weights with float32 activations (the CPU backend, or --exact): as in golden/README.md.
  rounded    bf16 weights on a GPU: twice the difference that a bf16 run of the reference itself shows, from
             golden/manifest.json.  Continuations then only have to agree as often as that run's logits would.
  quantised  q8, q4, fp8: only the outputs of the layers, and how often the best token agrees.  The limit for each
             tensor is twice what *ideal* rounding of the weights alone does to it, computed here in float64 with
             verify_numpy.py: blocks of 32 along the input, scale = largest magnitude / 127 or / 7 (fp8: e4m3 with a
             scale per row), every matrix rounded, embedding tables and towers included.  Twice leaves room for
             8-bit activations (which add about as much as 8-bit weights) and for a coarser scale; no limit exceeds 1.2,
             as unrelated vectors are 1.41 apart.  --explain prints the ideal figures: in text_short the first layer is off
             by 0.008 (q8), 0.145 (q4), 0.039 (fp8), the last by 0.044, 0.67, 0.22, for this random network amplifies
             rounding.  So for q4 these limits find wrong packing, not errors of the model (nor a whole matrix off by one
             factor, which the norm after it hides): those are for bf16 to find.

An engine may resize pixels slightly differently (see preproc/README.md).  Where its own pixels differ from the
golden ones, what follows is compared with verify_numpy.py run on the engine's pixels, so that the limit can stay tight.
"""
import argparse
import gzip
import importlib.util
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import wave
import zlib

import numpy as np

FAMILIES = ("tokenizer render parse sizes resize sampling mel layers logits decode greedy drafting image audio mixed "
            "video").split()
REL, REL_AUDIO, ABS = 1e-4, 5e-4, 5e-3      # golden/README.md: relative L2, the same for logits after audio, max abs of logits
REL_MEL, ABS_PROB = 1e-5, 1e-6              # preproc/README.md
PIXEL_MAX, PIXEL_SHARE = 2, 0.01
SANE = 0.02                                 # distance to the golden when a few pixels differ by 1 or 2: measured 0.003
UNRELATED = 1.2                             # unrelated vectors of equal length are 1.41 apart: no limit may reach that
CHUNK_SPREAD = 1e-3                         # max abs between logits of different chunk sizes: summation order only
HERE = os.path.dirname(os.path.abspath(__file__))


# ---- files ----------------------------------------------------------------------------------------------------

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "u1", "I8": "i1", "BOOL": "?"}


def read_safetensors(path):
    """name -> array; bf16 becomes float32."""
    with open(path, "rb") as f:
        blob = f.read()
    size = struct.unpack("<Q", blob[:8])[0]
    head, data, out = json.loads(blob[8:8 + size]), memoryview(blob)[8 + size:], {}
    for name, info in head.items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        if info["dtype"] == "BF16":
            x = (np.frombuffer(data[begin:end], "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            x = np.frombuffer(data[begin:end], DTYPES[info["dtype"]])
        out[name] = x.reshape(info["shape"])
    return out


def write_safetensors(path, tensors):
    """For uint8 tensors."""
    head, at = {}, 0
    for name, x in tensors.items():
        head[name] = {"dtype": "U8", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    head = json.dumps(head).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head)
        for x in tensors.values():
            f.write(np.ascontiguousarray(x, np.uint8).tobytes())


def read_png(path):
    """[H, W, 3] uint8 of a non-interlaced PNG with 8-bit grey, grey+alpha, RGB or RGBA (alpha is dropped)."""
    with open(path, "rb") as f:
        blob = f.read()
    if blob[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("%s is not a PNG" % path)
    at, packed = 8, b""
    while at < len(blob):
        size, kind = struct.unpack(">I4s", blob[at:at + 8])
        body = blob[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    channels = {0: 1, 4: 2, 2: 3, 6: 4}.get(colour)
    if depth != 8 or interlace or channels is None:
        raise ValueError("%s: only 8-bit, non-interlaced grey or RGB is read here" % path)
    raw, stride = zlib.decompress(packed), width * channels
    above, rows = bytearray(stride), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if kind == 2:
            line = bytearray(((np.frombuffer(line, np.uint8).astype(np.uint16) + np.frombuffer(above, np.uint8)) & 255).astype(np.uint8))
        elif kind:
            for i in range(stride):
                a = line[i - channels] if i >= channels else 0
                b, c = above[i], above[i - channels] if i >= channels else 0
                if kind == 1:
                    guess = a
                elif kind == 3:
                    guess = (a + b) // 2
                else:                                               # Paeth: whichever of a, b, c is nearest to a + b - c
                    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                    guess = a if pa <= pb and pa <= pc else b if pb <= pc else c
                line[i] = (line[i] + guess) & 255
        rows.append(bytes(line))
        above = line
    x = np.frombuffer(b"".join(rows), np.uint8).reshape(height, width, channels)
    return np.repeat(x[..., :1], 3, -1) if channels < 3 else x[..., :3]


def write_ppm(path, pixels):
    with open(path, "wb") as f:
        f.write(b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + np.ascontiguousarray(pixels).tobytes())
    return path


def write_wav(path, pcm):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(16000)
        f.writeframes(np.asarray(pcm, "<i2").tobytes())
    return path


def read_jsonl(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


# ---- the program under test -----------------------------------------------------------------------------------

class CliError(Exception):
    """gem-cli crashed, hung, refused or answered something unreadable; the text says which."""


class Cli:
    def __init__(self, path, model, options, timeout, folder):
        self.path, self.model, self.options, self.timeout, self.folder = path, model, options, timeout, folder
        self.count, self.last = 0, ""            # files made so far; last line of standard error

    def temp(self, suffix):
        self.count += 1
        return os.path.join(self.folder, "%d%s" % (self.count, suffix))

    def _run(self, args, stdin=None, good=(0,)):
        command = [self.path, "inspect"] + [str(a) for a in args]
        shown = " ".join(command[1:4])
        try:
            p = subprocess.run(command, input=stdin if stdin is not None else b"", capture_output=True, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise CliError("%s: no end after %g s" % (shown, self.timeout)) from None
        except OSError as e:
            raise CliError("cannot run %s: %s" % (self.path, e.strerror)) from None
        last = p.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        last = (": " + last[0][:200]) if last else ""
        if p.returncode < 0:
            try:
                name = signal.Signals(-p.returncode).name
            except ValueError:
                name = "signal %d" % -p.returncode
            raise CliError("%s: CRASHED with %s%s" % (shown, name, last))
        if p.returncode not in good:
            raise CliError("%s: exit status %d%s" % (shown, p.returncode, last))
        self.last = last
        return p.stdout

    def ask(self, args, questions):
        """One answer (a dict) per question; a bad question's answer holds "error"."""
        text = "".join(json.dumps(q, ensure_ascii=False) + "\n" for q in questions)
        out = self._run(args, text.encode("utf-8", "surrogatepass"), good=(0, 1)).split(b"\n")
        answers = []
        for i, line in enumerate(x for x in out if x.strip()):
            try:
                answer = json.loads(line.decode("utf-8", "surrogatepass"))
            except ValueError as e:
                raise CliError("%s: line %d of its output is not JSON (%s): %r" % (" ".join(args[:2]), i + 1, e, line[:80])) from None
            if not isinstance(answer, dict):
                raise CliError("%s: line %d of its output is not an object: %r" % (" ".join(args[:2]), i + 1, line[:80]))
            answers.append(answer)
        if len(answers) != len(questions):
            raise CliError("%s: %d answers to %d questions%s" % (" ".join(args[:2]), len(answers), len(questions), self.last))
        return answers

    def tensors(self, args):
        """Runs a command of the model and reads the file that it writes."""
        path = self.temp(".safetensors")
        self._run(args[:1] + ["--model", self.model] + args[1:] + self.options + ["--out", path])
        try:
            return read_safetensors(path)
        except (OSError, ValueError, KeyError, TypeError, struct.error) as e:
            raise CliError("inspect %s: its output file cannot be read (%s: %s)" % (args[0], type(e).__name__, e)) from None
        finally:
            if os.path.exists(path):
                os.remove(path)

    def ids_file(self, ids):
        path = self.temp(".json")
        with open(path, "w") as f:
            json.dump([int(i) for i in ids], f)
        return path

    def logits(self, ids, positions, *more):
        if not isinstance(positions, str):
            positions = ",".join(str(int(p)) for p in positions)
        return self.tensors(["logits", "--ids", self.ids_file(ids), "--positions", positions] + list(more))

    def generate(self, ids, tokens, *more):
        out = self._run(["generate", "--model", self.model, "--ids", self.ids_file(ids), "--max-tokens", tokens, "--greedy",
                         "--ignore-stop"] + list(more) + self.options)
        try:
            answer = json.loads(out.decode())
            answer["ids"] = [int(i) for i in answer["ids"]]
            return answer
        except (ValueError, KeyError, TypeError) as e:
            raise CliError("inspect generate: not the answer that was asked for (%s): %r" % (e, out[:80])) from None


# ---- results --------------------------------------------------------------------------------------------------

class Report:
    def __init__(self, as_json):
        self.as_json, self.rows, self.family = as_json, [], ""

    def line(self, case, what, passed, figure, limit="", detail=""):
        """`detail` is shown only on failure, unless `passed` is None (information: counted neither way)."""
        row = {"family": self.family, "case": case, "compared": what, "passed": passed, "figure": figure, "limit": limit}
        if detail and not passed:
            row["detail"] = detail
        self.rows.append(row)
        if not self.as_json:
            word = {True: "pass", False: "FAIL", None: "note"}[passed]
            text = "%-9s %-14s %-34s %s%s" % (self.family, case, what, figure, "  (limit %s)" % limit if limit else "")
            print("%s  %s%s" % (word, text, "\n        " + detail if detail and not passed else ""), flush=True)

    def count(self, case, what, wrong, total, detail=""):
        self.line(case, what, wrong == 0, "%d mismatches of %d" % (wrong, total), "0", detail)

    def finish(self):
        passed, failed = (sum(r["passed"] is x for r in self.rows) for x in (True, False))
        if self.as_json:
            print(json.dumps({"results": self.rows, "passed": passed, "failed": failed}, indent=1))
        else:
            print("%d passed, %d failed" % (passed, failed))
        return failed


def rel_l2(ref, got):
    ref, got = np.asarray(ref, np.float64), np.asarray(got, np.float64)
    return float(np.linalg.norm(ref - got) / max(1e-30, np.linalg.norm(ref)))


def max_abs(ref, got):
    return float(np.abs(np.asarray(ref, np.float64) - np.asarray(got, np.float64)).max(initial=0))


def compare_tensors(report, case, what, pairs, limit, limit_abs=None):
    """One line for several tensors: pairs of (name, expected, got or None).  limit: one number, or name -> number."""
    worst, worst_abs, bad = (-1.0, "", 0.0), 0.0, []
    for name, ref, got in pairs:
        allowed = limit[name] if isinstance(limit, dict) else limit
        if got is None:
            bad.append("%s is missing" % name)
            continue
        if tuple(ref.shape) != tuple(got.shape):
            bad.append("%s has shape %s, expected %s" % (name, list(got.shape), list(ref.shape)))
            continue
        e, a = rel_l2(ref, got), max_abs(ref, got)
        share = e / allowed if np.isfinite(e) else np.inf
        if share > worst[0]:
            worst = (share, name, e, allowed)
        worst_abs = max(worst_abs, a if np.isfinite(a) else np.inf)
        if not e <= allowed:
            bad.append("%s rel L2 %.2e > %.2g" % (name, e, allowed))
        if limit_abs is not None and not a <= limit_abs:
            bad.append("%s max abs %.2e > %.2g" % (name, a, limit_abs))
    if worst[0] < 0:
        report.line(case, what, False, "nothing to compare", "", "; ".join(bad))
        return
    figure = "rel L2 %.2e" % worst[2] + (" (worst: %s)" % worst[1] if len(pairs) > 1 else "")
    shown = "%.2g" % worst[3]
    if limit_abs is not None:
        figure, shown = figure + ", max abs %.2e" % worst_abs, shown + ", %.2g" % limit_abs
    report.line(case, what, not bad, figure, shown, "; ".join(bad[:6]) + (" …" if len(bad) > 6 else ""))


def at_positions(x, ids, positions):
    """`final_norm` may hold every position or only those asked for: the rows asked for, or as it is."""
    if x is not None and x.ndim == 2 and len(x) == len(ids) and len(positions) != len(ids):
        return x[np.asarray(positions)]
    return x


# ---- the independent model ------------------------------------------------------------------------------------

def round_blocks(x, levels):
    """Nearest multiple of (largest magnitude of 32 neighbours) / levels."""
    n = x.shape[-1]
    y = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -n % 32)]).reshape(x.shape[:-1] + (-1, 32))
    scale = np.maximum(np.abs(y).max(-1, keepdims=True) / levels, 1e-30)
    return (np.round(y / scale) * scale).reshape(x.shape[:-1] + (-1,))[..., :n]


def round_fp8(x):
    """e4m3 (three mantissa bits, largest 448, smallest step 2^-9) with one scale per row."""
    scale = np.maximum(np.abs(x).max(-1, keepdims=True) / 448, 1e-30)
    y = x / scale
    step = 2.0 ** np.maximum(np.floor(np.log2(np.maximum(np.abs(y), 1e-30))) - 3, -9)
    return np.round(y / step) * step * scale


ROUNDERS = {"q8": lambda x: round_blocks(x, 127), "q4": lambda x: round_blocks(x, 7), "fp8": round_fp8}


class Oracle:
    """verify_numpy.py's model on the checkpoint, with weights as stored or rounded."""

    def __init__(self, fixtures, rounding=None):
        spec = importlib.util.spec_from_file_location("verify_numpy", os.path.join(HERE, "verify_numpy.py"))
        self.v = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.v)
        self.w = self.v.load(os.path.join(fixtures, "tiny-model", "model.safetensors"))
        self.cfg = read_json(os.path.join(fixtures, "tiny-model", "config.json"))
        if rounding:
            for name, x in self.w.items():
                if x.ndim == 2 and "position_embedding_table" not in name:
                    self.w[name] = ROUNDERS[rounding](x.astype(np.float64))
        self.text = self.v.Text(self.w, self.cfg["text_config"], "model.language_model.")
        self.soft_ids = [self.cfg[k] for k in ("image_token_id", "audio_token_id", "video_token_id")]

    def image(self, pixels):
        """resized pixels -> tensors as `inspect image` names them."""
        h, w = pixels.shape[0] // 16, pixels.shape[1] // 16
        patches = (pixels.astype(np.float64) / 255).reshape(h, 16, w, 16, 3).transpose(0, 2, 1, 3, 4).reshape(h * w, 768)
        position = np.stack([np.tile(np.arange(w), h), np.repeat(np.arange(h), w)], -1)
        out, entry = self._entries(lambda: self.v.vision(self.w, self.cfg["vision_config"], patches, position), 7)
        named = {"vision_layer.%d.out" % (i - 1): x for i, x in enumerate(entry) if i}
        return dict(named, vision_out=out, soft_tokens=self.v.embed_mm(self.w, "vision", out))

    def audio(self, features, valid):
        """log-mel features -> tensors as `inspect audio` names them."""
        (out, mask), entry = self._entries(lambda: self.v.audio(self.w, self.cfg["audio_config"], features, valid), 9)
        named = {"audio_layer.%d.out" % (i - 1): x for i, x in enumerate(entry) if i}
        return dict(named, subsample=entry[0], audio_out=out, audio_mask=mask, soft_tokens=self.v.embed_mm(self.w, "audio", out))

    def _entries(self, tower, norms):
        """Runs a tower; also what enters each layer: the input of its first norm, of which a layer has `norms`."""
        inputs, rms = [], self.v.rms
        self.v.rms = lambda x, *rest: (inputs.append(x), rms(x, *rest))[1]
        try:
            return tower(), inputs[::norms]
        finally:
            self.v.rms = rms

    def run(self, ids, soft=(), trace=None):
        """(final_norm, logits) of every position.  Soft tokens replace the placeholders in order; a placeholder without
        one (a model may generate it) is embedded as PAD, and every placeholder takes PAD's per-layer row."""
        ids = np.asarray(ids)
        holes = np.isin(ids, self.soft_ids)
        plain = np.where(holes, 0, ids)
        x = self.text.g("embed_tokens.weight")[plain] * self.cfg["text_config"]["hidden_size"] ** 0.5
        if len(soft):
            x[np.flatnonzero(holes)[:len(soft)]] = soft
        hidden = self.text.forward(x, plain, trace)[0]
        return hidden, self.text.logits(hidden)

    def greedy(self, ids, soft, steps):
        ids, start = list(ids), len(ids)
        for _ in range(steps):
            ids.append(int(self.run(ids, soft)[1][-1].argmax()))
        return ids[start:]


# ---- families -------------------------------------------------------------------------------------------------

class Session:
    """What every family needs: the program, the report, the fixtures, and how exact the answers should be."""

    def __init__(self, opt, folder):
        self.opt, self.root = opt, opt.fixtures
        self.model = opt.model or self.path("tiny-model")
        options = ["--backend", opt.backend, "--weights", opt.weights]
        self.cli = Cli(opt.gem_cli, self.model, options, opt.timeout, folder)
        self.report = Report(opt.json)
        self.mode = "quantised" if opt.weights != "bf16" else "exact" if opt.exact or opt.backend == "cpu" else "rounded"
        self.manifest = self.maybe(read_json, "golden", "manifest.json") or {"cases": {}}
        self.oracles = {}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def maybe(self, reader, *parts):
        """The file's content, or None with a note when the fixtures lack it."""
        try:
            return reader(self.path(*parts))
        except FileNotFoundError:
            self.report.line("-", "/".join(parts), None, "not in these fixtures, skipped")
            return None

    def golden(self, name):
        return self.maybe(read_safetensors, "golden", name + ".safetensors")

    def cases(self, prefix):
        return sorted(n for n in self.manifest["cases"] if n.startswith(prefix))

    def oracle(self, rounding=None):
        """The independent model, or None where verify_numpy.py is not beside this file."""
        if rounding not in self.oracles:
            try:
                self.oracles[rounding] = Oracle(self.root, rounding)
            except FileNotFoundError:
                self.report.line("-", "verify_numpy.py", None, "not found: checks that need the independent model are skipped")
                self.oracles[rounding] = None
        return self.oracles[rounding]

    def limits(self, case, key="bf16_logits", rel=REL):
        """(relative L2, max abs) allowed for logits and tower outputs when weights are exact."""
        if self.mode == "exact":
            return rel, ABS
        info = self.manifest["cases"].get(case, {})
        seen = info.get(key) or info.get("bf16") or {"rel_l2": 0.1, "max_abs": 10.0}
        return 2 * seen["rel_l2"], 2 * seen["max_abs"]

    def ideal(self, golden, compute):
        """name -> limit for quantised weights: twice what ideal rounding does (see the top of this file)."""
        rounded = compute(self.oracle(self.opt.weights))
        extra = 0 if self.opt.backend == "cpu" else 0.02
        return {k: min(UNRELATED, 2 * rel_l2(golden[k], x) + extra + REL) for k, x in rounded.items()
                if k in golden and x.shape == golden[k].shape}


def held_back(case, pieces):
    """The reference takes a literal U+FFFD for an unfinished character and holds it back: there only the joined text counts."""
    return "\ufffd" in case["text"] and isinstance(pieces, list) and "".join(p or "" for p in pieces) == case["decoded"]


def tokenizer(s):
    def check(label, file, tokens):
        cases = s.maybe(read_jsonl, "tokenizer", file)
        if cases is None:
            return
        source = ["--model", s.opt.model] if s.opt.model and label == "tiny" else ["--tokenizer", tokens]
        answers = s.cli.ask(["tokenize"] + source, [{"text": c["text"]} for c in cases])
        for key in ("ids", "decoded", "decoded_skip_special", "stream"):
            wanted = [(c, c.get(key, c["decoded"] if key == "decoded_skip_special" else None), a.get(key, a.get("error"))) for c, a in zip(cases, answers)]
            wanted = [w for w in wanted if w[1] is not None]
            wrong = [w for w in wanted if w[1] != w[2] and not (key == "stream" and held_back(w[0], w[2]))]
            s.report.count(label, key, len(wrong), len(wanted), wrong and "first: %s %.60r expected %.90r got %.90r" % (wrong[0][0]["category"], wrong[0][0]["text"], wrong[0][1], wrong[0][2]))
        special = {t["content"]: t["id"] for t in read_json(tokens)["added_tokens"] if t.get("special")}
        typed = [c for c in cases if any(t in c["text"] for t in special)]
        answers = s.cli.ask(["tokenize"] + source, [{"text": c["text"], "special": False} for c in typed])
        wrong = [(c, a) for c, a in zip(typed, answers) if set(a.get("ids", special.values())) & set(special.values()) or a.get("decoded") != c["decoded"]]
        s.report.count(label, "typed specials stay plain text", len(wrong), len(typed), wrong and "first: %.60r got %.120r" % (wrong[0][0]["text"], wrong[0][1]))

    check("tiny", "tiny.jsonl", s.path("tiny-model", "tokenizer.json"))
    real = s.opt.gemma3
    if not real:
        beside = os.path.join(HERE, "..", "tokenizers", "gemma3-tokenizer.json.gz")
        real = beside if os.path.exists(beside) else None
    if not real:
        s.report.line("gemma3", "real tokenizer", None, "skipped: give --gemma3 FILE")
        return
    if real.endswith(".gz"):
        plain = s.cli.temp("-tokenizer.json")
        with gzip.open(real) as f, open(plain, "wb") as g:
            g.write(f.read())
        real = plain
    check("gemma3", "gemma3.jsonl", real)


def render(s):
    cases = s.maybe(read_jsonl, "chat-template", "cases.jsonl")
    if cases is None:
        return
    keys = ("messages", "tools", "add_generation_prompt", "enable_thinking", "continue_final_message")
    for revision in ("e2b", "launch", "newer", "vllm"):
        asked = [c for c in cases if revision in c["rendered"] or revision in c["errors"]]
        answers = s.cli.ask(["render"], [dict({k: c[k] for k in keys if k in c}, revision=revision) for c in asked])
        right = [(c, a) for c, a in zip(asked, answers) if revision not in c["errors"]]
        wrong = [(c, a.get("rendered", a.get("error"))) for c, a in right if a.get("rendered") != c["rendered"][revision]]
        detail = ""
        if wrong:
            case, got = wrong[0][0], str(wrong[0][1])
            ref = case["rendered"][revision]
            at = next((i for i, (x, y) in enumerate(zip(ref, got)) if x != y), min(len(ref), len(got)))
            detail = "first: %s, from character %d: expected %.60r got %.60r" % (case["name"], at, ref[max(0, at - 10):], got[max(0, at - 10):])
        s.report.count(revision, "rendered", len(wrong), len(right), detail)
        raising = [a for c, a in zip(asked, answers) if revision in c["errors"]]
        if raising:
            errors = sum("error" in a for a in raising)
            s.report.line(revision, "where the reference raises", None, "%d errors, %d rendered, of %d (either will do)" % (errors, len(raising) - errors, len(raising)))


def parse(s):
    cases = s.maybe(read_jsonl, "chat-template", "parse_cases.jsonl")
    if cases is None:
        return
    rng = random.Random(20260402)

    def pieces(text, largest):
        left, out = len(text.encode()), []
        while left:
            out.append(min(left, rng.randint(1, largest)))
            left -= out[-1]
        return out

    for label, chunks in (("whole", lambda t: None), ("one byte", lambda t: [1] * len(t.encode())), ("up to 3", lambda t: pieces(t, 3)),
                          ("up to 8", lambda t: pieces(t, 8)), ("up to 40", lambda t: pieces(t, 40))):
        split = [chunks(c["output"]) for c in cases]
        answers = s.cli.ask(["parse"], [{"output": c["output"]} if n is None else {"output": c["output"], "chunks": n} for c, n in zip(cases, split)])
        fields = ("reasoning", "content", "tool_calls")
        wrong = [(c, n, a) for c, n, a in zip(cases, split, answers) if "error" in a or any(a.get(k) != c["expected"][k] for k in fields)]
        unlike = [w[0]["name"] for w in wrong if "disputed" in w[0] and "error" not in w[2]]
        wrong = [w for w in wrong if w[0]["name"] not in unlike]
        if unlike and chunks("x") is None:
            s.report.line(label, "disputed cases", None, "%d answered otherwise than vLLM (either will do): %s" % (len(unlike), ", ".join(unlike[:8])))
        s.report.count(label, "reasoning, content, tool calls", len(wrong), len(cases) - len(unlike),
                       wrong and "%s; %s: expected %.160r got %.160r" % (", ".join(w[0]["name"] for w in wrong[:8]), wrong[0][0]["name"], wrong[0][0]["expected"], wrong[0][2]))


def sizes(s):
    cases = s.maybe(read_json, "preproc", "sizes.json")
    if cases is None:
        return
    asked = ("width", "height", "max_soft_tokens")
    answers = s.cli.ask(["size"], [{k: c[k] for k in asked} for c in cases])
    fields = ("target_width", "target_height", "patches", "soft_tokens")
    wrong = [(c, a) for c, a in zip(cases, answers) if any(a.get(k) != c[k] for k in fields)]
    s.report.count("all", "target, patches, soft tokens", len(wrong), len(cases), wrong and "first: expected %r got %r" % wrong[0])


def compare_pixels(s, case, ref, got):
    """True where they are identical."""
    if got is None or got.shape != ref.shape:
        s.report.line(case, "resized_u8", False, "shape %s" % (None if got is None else list(got.shape)), str(list(ref.shape)))
        return False
    d = np.abs(ref.astype(np.int16) - got.astype(np.int16))
    share = float((d > 0).mean())
    s.report.line(case, "resized_u8", bool(d.max() <= PIXEL_MAX and share < PIXEL_SHARE), "max %d, %.2f %% of bytes differ" % (d.max(), 100 * share),
                  "%d, %g %%" % (PIXEL_MAX, 100 * PIXEL_SHARE))
    return bool(share == 0)


def resize(s):
    cases, ref = s.maybe(read_json, "preproc", "resize.json"), s.maybe(read_safetensors, "preproc", "resize.safetensors")
    for i, c in enumerate(cases or []):
        ppm = write_ppm(s.cli.temp(".ppm"), read_png(s.path("preproc", c["file"])))
        label = "%dx%d" % (c["width"], c["height"])
        out = guarded(s, label, lambda: s.cli.tensors(["image", "--budget", c["max_soft_tokens"], ppm]))
        if out is not None:
            compare_pixels(s, label, ref["resized_%d" % i], out.get("resized_u8"))


def sampling(s):
    cases, data = s.maybe(read_json, "preproc", "sampling.json"), s.maybe(read_safetensors, "preproc", "sampling.safetensors")
    if cases is None or data is None:
        return
    answers = s.cli.ask(["sample"], [{"logits": [float(x) for x in data["logits." + c["logits"]]], "params": c["params"]} for c in cases])
    for kind in sorted({c["logits"] for c in cases}):
        worst, wrong, total, first = 0.0, 0, 0, ""
        for c, a in zip(cases, answers):
            if c["logits"] != kind:
                continue
            ref, got, total = data[c["tensor"]], np.asarray(a.get("probs", []), np.float64), total + 1
            if kind in ("ties32", "flat7"):          # which of several equal values is dropped is not defined
                ref, got = np.sort(ref), np.sort(got)
            e = max_abs(ref, got) if ref.shape == got.shape else np.inf
            worst = max(worst, e if np.isfinite(e) else np.inf)
            if not e <= ABS_PROB:
                wrong, first = wrong + 1, first or "%s: %s" % (c["params"], a.get("error", "max abs %.2e" % e))
        s.report.line(kind, "probabilities, %d settings" % total, wrong == 0, "max abs %.1e, %d over" % (worst, wrong), "%g" % ABS_PROB, first)


def mel(s):
    cases, ref = s.maybe(read_json, "preproc", "mel.json"), s.maybe(read_safetensors, "preproc", "mel.safetensors")
    for i, c in enumerate(cases or []):
        if "file" in c:
            label, wav = "%d samples" % c["samples"], s.path("preproc", c["file"])
        else:                                        # 31 s are cut to 30
            label, wav = "31 s", write_wav(s.cli.temp(".wav"), np.random.default_rng(1).normal(0, 2000, 31 * 16000).round())
        out = guarded(s, label, lambda: s.cli.tensors(["audio", wav]))
        if out is None:
            continue
        if "file" in c:
            compare_tensors(s.report, label, "input_features", [("input_features", ref["features_%d" % i], out.get("input_features"))], REL_MEL)
            s.report.count(label, "input_features_mask", mismatches(ref["mask_%d" % i], out.get("input_features_mask")), c["frames"])
        else:
            frames = len(out.get("input_features", []))
            s.report.line(label, "frames", frames == c["frames"], "%d" % frames, "%d" % c["frames"])


def mismatches(ref, got):
    if got is None or np.shape(got) != np.shape(ref):
        return int(np.size(ref))
    return int((np.asarray(ref).astype(np.int64) != np.asarray(got).astype(np.int64)).sum())


def guarded(s, case, run):
    """Runs one command; a crash or an unreadable answer becomes a failed line, and the family goes on."""
    try:
        return run()
    except CliError as e:
        s.report.line(case, "gem-cli", False, str(e))
        return None


def layers(s):
    g = s.golden("text_short")
    if g is None:
        return
    ids, n = g["input_ids"], len(g["input_ids"])
    out = s.cli.logits(ids, "all", "--layers")
    out["final_norm"] = at_positions(out.get("final_norm"), ids, range(n))
    if s.mode == "quantised":
        def compute(oracle):
            trace = {}
            trace["final_norm"], trace["logits"] = oracle.run(ids, trace=trace)
            return trace
        limit = s.ideal(g, compute)
        for name in sorted(limit, key=lambda k: [int(p) if p.isdigit() else -1 for p in k.split(".")]):
            if name != "logits":
                compare_tensors(s.report, "text_short", name, [(name, g[name], out.get(name))], limit)
        return
    limit = REL if s.mode == "exact" else s.limits("text_short")[0]
    groups = {}
    for name in g:
        if name not in ("input_ids", "logits"):
            parts = name.split(".")
            groups.setdefault("layer.%s.*" % parts[1] if parts[0] == "layer" else name, []).append(name)
    order = ["embed", "ple_lookup", "ple_projection_norm", "ple_combined"]
    for group in sorted(groups, key=lambda k: (order.index(k), 0) if k in order else (9, int(k.split(".")[1])) if k.startswith("layer") else (99, 0)):
        compare_tensors(s.report, "text_short", group, [(k, g[k], out.get(k)) for k in groups[group]], limit)
    compare_tensors(s.report, "text_short", "logits", [("logits", g["logits"], out.get("logits"))], *s.limits("text_short"))


def logits(s):
    if s.mode == "quantised":
        return s.report.line("-", "logits", None, "not compared with quantised weights")
    for name in s.cases("text_"):
        g = s.golden(name)
        if g is None or name == "text_short":
            continue
        n, spread = len(g["input_ids"]), []
        positions = g["logit_positions"] if "logit_positions" in g else range(n) if len(g["logits"]) == n else [n - 1]
        for chunk in (None, 1, 13, 64, n):
            if chunk == 1 and n > 200:
                continue
            more = [] if chunk is None else ["--prefill", n, "--chunk", chunk]
            label = "whole" if chunk is None else "chunks of %d" % chunk
            out = guarded(s, name, lambda: s.cli.logits(g["input_ids"], positions, *more))
            if out is None:
                continue
            compare_tensors(s.report, name, "logits, " + label, [("logits", g["logits"], out.get("logits"))], *s.limits(name))
            if chunk is None:
                norm = at_positions(out.get("final_norm"), g["input_ids"], positions)
                compare_tensors(s.report, name, "final_norm", [("final_norm", g["final_norm"], norm)], s.limits(name)[0])
            if out.get("logits") is not None and out["logits"].shape == g["logits"].shape:
                spread.append(out["logits"])
        chunk_spread(s, name, spread)


def chunk_spread(s, case, runs):
    """Chunking changes the order of additions, nothing else."""
    if len(runs) > 1:
        worst = max(max_abs(runs[0], x) for x in runs[1:])
        allowed = CHUNK_SPREAD if s.mode == "exact" else s.limits(case)[1] / 2
        s.report.line(case, "the same in %d ways" % len(runs), bool(worst <= allowed), "max abs %.1e between them" % worst, "%.2g" % allowed)


def decode(s):
    g, info = s.golden("decode_steps"), s.manifest["cases"].get("decode_steps")
    if g is None or info is None or s.mode == "quantised":
        return
    prefill, n, runs = info["prefill"], len(g["input_ids"]), []
    limit = s.limits("text_100") if s.mode == "rounded" else (REL, ABS)
    for chunk in (1, 7, 16, 25, prefill, 512):
        out = guarded(s, "chunk %d" % chunk, lambda: s.cli.logits(g["input_ids"], range(prefill - 1, n), "--prefill", prefill, "--chunk", chunk))
        if out is not None:
            compare_tensors(s.report, "chunk %d" % chunk, "%d steps after %d tokens" % (n - prefill, prefill), [("logits", g["step_logits"], out.get("logits"))], *limit)
            if out.get("logits") is not None and out["logits"].shape == g["step_logits"].shape:
                runs.append(out["logits"])
    chunk_spread(s, "decode_steps", runs)


def same_prefix(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def agreement(oracle_logits, wanted):
    return float((np.argmax(oracle_logits, -1) == np.asarray(wanted)).mean())


def greedy(s):
    cases = s.maybe(read_json, "golden", "greedy.json")
    for name, c in (cases or {"prompts": {}})["prompts"].items():
        prompt, wanted = c["prompt_ids"], c["continuation"]
        out = guarded(s, name, lambda: s.cli.generate(prompt, len(wanted)))
        if out is None:
            continue
        same = same_prefix(wanted, out["ids"])
        if s.mode == "exact":
            s.report.line(name, "ids", out["ids"] == wanted, "first %d of %d agree" % (same, len(wanted)), "all", "smallest gap between the two best logits: %.4f" % c["min_top2_gap"])
            continue
        s.report.line(name, "ids", None, "first %d of %d agree (a bf16 run of the reference: %s)" % (same, len(wanted), c.get("bf16_same_prefix", "?")))
        # Once two continuations part, comparing them says nothing: give the reference's tokens, ask for the best next one.
        full = prompt + wanted
        at = list(range(len(prompt) - 1, len(full) - 1))
        out = guarded(s, name, lambda: s.cli.logits(full, at))
        oracle = s.oracle(s.opt.weights if s.mode == "quantised" else None)
        if out is None or oracle is None:
            continue
        got = agreement(out["logits"], wanted) if out.get("logits") is not None and len(out["logits"]) == len(wanted) else 0.0
        if s.mode == "quantised":
            floor = max(0.0, agreement(oracle.run(full)[1][at], wanted) - 0.2)
        else:                                        # noise as large as the bf16 run's, where it decides
            noise = s.limits("text_100")[1] / 2
            best = np.sort(oracle.run(full)[1][at], -1)
            floor = max(0.0, float((best[:, -1] - best[:, -2] > noise).mean()) - 0.05)
        s.report.line(name, "best next token, given the rest", bool(got >= floor), "%.0f %% agree" % (100 * got), "at least %.0f %%" % (100 * floor))


def drafting(s):
    drafter = s.path("tiny-model", "assistant")
    if s.mode != "exact":
        return s.report.line("-", "drafting", None, "rounds are compared only where logits are exact")
    for name, c in (s.maybe(read_json, "golden", "mtp_reference.json") or {}).items():
        out = guarded(s, name, lambda: s.cli.generate(c["prompt_ids"], len(c["output"]), "--drafter", drafter, "--drafts", c["n_draft"]))
        if out is None:
            continue
        same = same_prefix(c["output"], out["ids"])
        s.report.line(name, "output", out["ids"] == c["output"], "first %d of %d agree" % (same, len(c["output"])), "all")
        rounds = out.get("rounds")
        if not isinstance(rounds, list):
            s.report.line(name, "rounds", False, "the answer has none")
            continue
        for key in ("position", "draft", "target", "accepted"):
            # an engine may draft less in the last round, where no more tokens are needed
            pairs = [(r.get(key), q[key]) for r, q in zip(c["rounds"][:-1], rounds) if key in q]
            wrong = sum(a != b for a, b in pairs) + len(c["rounds"]) - 1 - len(pairs)
            detail = next(("round %d: expected %r got %r" % (i, a, b) for i, (a, b) in enumerate(pairs) if a != b), "%d rounds, expected %d" % (len(rounds), len(c["rounds"])))
            s.report.count(name, "rounds: " + key, wrong, len(c["rounds"]) - 1, detail)
        s.report.line(name, "number of rounds", len(rounds) == len(c["rounds"]), "%d" % len(rounds), "%d" % len(c["rounds"]))
    for name in ("mtp_short", "mtp_long"):
        g = s.golden(name)
        if g is None:
            continue
        wanted = [int(x) for x in g["draft_ids"]]
        out = guarded(s, name, lambda: s.cli.generate(g["input_ids"], len(wanted) + 2, "--drafter", drafter, "--drafts", len(wanted)))
        if out is not None:
            first = (out.get("rounds") or [{}])[0]
            s.report.line(name, "first token", out["ids"][:1] == [int(g["first_token"][0])], "%s" % out["ids"][:1], "%d" % g["first_token"][0])
            s.report.line(name, "first drafts", first.get("draft") == wanted, "%s" % first.get("draft"), "%s" % wanted)
    for name, c in (s.maybe(read_json, "golden", "mtp_generate.json") or {}).items():
        out = guarded(s, name, lambda: s.cli.generate(c["prompt_ids"], len(c["greedy"]), "--drafter", drafter, "--drafts", int(name[-1])))
        if out is not None:
            same = same_prefix(c["greedy"], out["ids"])
            s.report.line(name, "output is the greedy one", out["ids"] == c["greedy"], "first %d of %d agree" % (same, len(c["greedy"])), "all")


def encode_image(s, label, pixels, budget, more=()):
    ppm = write_ppm(s.cli.temp(".ppm"), pixels)
    return ppm, guarded(s, label, lambda: s.cli.tensors(["image", "--budget", budget] + list(more) + [ppm]))


def image(s):
    for name in s.cases("image_"):
        g, info = s.golden(name), s.manifest["cases"][name]
        if g is None or (s.mode == "quantised" and "patch_embed" not in g):
            continue
        budget, label = info["max_soft_tokens"], name[6:]
        ppm, out = encode_image(s, label, read_png(s.path("golden", name + ".png")), budget, ["--layers"])
        if out is None:
            continue
        same = compare_pixels(s, label, g["resized_u8"], out.get("resized_u8"))
        s.report.count(label, "position_ids", mismatches(g["position_ids"], out.get("position_ids")), g["position_ids"].size)
        ref = dict(g)
        if not same:
            if s.oracle() is None or out.get("resized_u8") is None or out["resized_u8"].shape != g["resized_u8"].shape:
                continue
            ref = s.oracle().image(out["resized_u8"])
        elif "encoder_out" in g:                     # every 7th patch of the last layer
            last = max((k for k in out if k.startswith("vision_layer.")), default=None)
            out["encoder_out"] = out[last][::7] if last else None
        names = sorted(k for k in ref if k in ("patch_embed", "encoder_out", "vision_out", "soft_tokens") or k.startswith("vision_layer."))
        limit = s.limits(name, "bf16_vision")[0]
        if s.mode == "quantised":
            limit = s.ideal(g, lambda o: o.image(g["resized_u8"]))
            names = [k for k in names if k in limit]
        compare_tensors(s.report, label, "tower" if same else "tower, from its own pixels", [(k, ref[k], out.get(k)) for k in names], limit)
        if s.mode == "quantised":
            continue
        positions = g["logit_positions"]
        lg = guarded(s, label, lambda: s.cli.logits(g["input_ids"], positions, "--image", ppm, "--budget", budget))
        if lg is None:
            continue
        if not same:
            norm, z = s.oracle().run(g["input_ids"], ref["soft_tokens"])
            ref = {"logits": z[positions], "final_norm": norm}
        compare_after_media(s, label, name, ref, lg, g, REL)


def compare_after_media(s, label, name, ref, got, g, rel):
    positions = g["logit_positions"]
    compare_tensors(s.report, label, "logits", [("logits", ref["logits"], got.get("logits"))], *s.limits(name, rel=rel))
    norm = got.get("final_norm")
    full = ref["final_norm"] if norm is not None and len(norm) == len(ref["final_norm"]) else ref["final_norm"][positions]
    compare_tensors(s.report, label, "final_norm", [("final_norm", full, norm)], s.limits(name, rel=rel)[0])


def audio(s):
    for name in s.cases("audio_"):
        g = s.golden(name)
        if g is None or (s.mode == "quantised" and "audio_layer.0.out" not in g):
            continue
        label, wav = name[6:], s.path("golden", name + ".wav")
        out = guarded(s, label, lambda: s.cli.tensors(["audio", "--layers", wav]))
        if out is None:
            continue
        compare_tensors(s.report, label, "input_features", [("input_features", g["input_features"], out.get("input_features"))], REL_MEL)
        for mask in ("input_features_mask", "audio_mask"):
            s.report.count(label, mask, mismatches(g[mask], out.get(mask)), len(g[mask]))
        valid = g["audio_mask"].astype(bool)
        names = ["subsample"] + sorted(k for k in g if k.startswith("audio_layer.") and k.endswith(".out")) + ["audio_out", "soft_tokens"]
        limit = s.limits(name, "bf16_audio")[0]
        if s.mode == "quantised":
            limit = s.ideal({k: g[k][valid] for k in names}, lambda o: {k: x[valid] for k, x in o.audio(g["input_features"], g["input_features_mask"].astype(bool)).items()})
            names = [k for k in names if k in limit]

        def rows(x):                                 # frames beyond the clip are not defined; an engine may leave them out
            return x[valid] if x is not None and len(x) == len(valid) else x
        compare_tensors(s.report, label, "tower (valid frames)", [(k, g[k][valid], rows(out.get(k))) for k in names], limit)
        if s.mode == "quantised":
            continue
        lg = guarded(s, label, lambda: s.cli.logits(g["input_ids"], g["logit_positions"], "--audio", wav))
        if lg is not None:
            compare_after_media(s, label, name, g, lg, g, REL_AUDIO)


def soft_from_own_pixels(s, label, pictures, budget):
    """The independent model's soft tokens for what the engine made of each picture, and the engine's; or None."""
    mine, theirs = [], []
    for i, pixels in enumerate(pictures):
        out = encode_image(s, "%s %d" % (label, i), pixels, budget)[1]
        if out is None or out.get("resized_u8") is None or s.oracle() is None:
            return None, None
        mine.append(s.oracle().image(out["resized_u8"])["soft_tokens"])
        theirs.append(out.get("soft_tokens"))
    return mine, theirs


def against_own_pixels(s, name, g, lg, soft, rel):
    """Logits after media: close to the independent model on the engine's pixels, and not far from the golden."""
    positions = g["logit_positions"]
    norm, z = s.oracle().run(g["input_ids"], soft)
    compare_after_media(s, "own pixels", name, {"logits": z[positions], "final_norm": norm}, lg, g, rel)
    sane = SANE if s.mode == "exact" else SANE + s.limits(name)[0]
    compare_tensors(s.report, "golden", "logits", [("logits", g["logits"], lg.get("logits"))], sane)


def mixed(s):
    g, info = s.golden("mixed"), s.manifest["cases"].get("mixed")
    if g is None or info is None or s.mode == "quantised":
        return
    a, b = (read_png(s.path("golden", "mixed_%s.png" % x)) for x in "ab")
    pa, pb = (write_ppm(s.cli.temp(".ppm"), x) for x in (a, b))
    budget, wav = info["max_soft_tokens"], s.path("golden", "mixed.wav")
    media = ["--image", pa, "--budget", budget, "--audio", wav, "--image", pb]
    lg = s.cli.logits(g["input_ids"], g["logit_positions"], *media)
    gen = guarded(s, "greedy", lambda: s.cli.generate(g["input_ids"], len(g["greedy"]), *media))
    mine, _ = soft_from_own_pixels(s, "picture", (a, b), budget)
    if mine is None:
        return compare_tensors(s.report, "golden", "logits", [("logits", g["logits"], lg.get("logits"))], SANE)
    o = s.oracle()
    with wave.open(wav) as f:
        pcm = np.frombuffer(f.readframes(f.getnframes()), "<i2")
    mel_data = s.maybe(read_safetensors, "preproc", "mel.safetensors")
    if mel_data is None:
        return
    heard = o.audio(*o.v.mel(pcm, mel_data))
    soft = np.concatenate([mine[0], heard["soft_tokens"][heard["audio_mask"]], mine[1]])
    against_own_pixels(s, "mixed", g, lg, soft, REL_AUDIO)
    if gen is not None:
        wanted = o.greedy(g["input_ids"], soft, len(g["greedy"]))
        ok = gen["ids"] == wanted if s.mode == "exact" else None
        s.report.line("own pixels", "greedy ids", ok, "first %d of %d agree" % (same_prefix(wanted, gen["ids"]), len(wanted)), "all" if ok is not None else "")


def video(s):
    g, info = s.golden("video"), s.manifest["cases"].get("video")
    if g is None or info is None or s.mode == "quantised":
        return
    frames = s.cli.temp("-frames.safetensors")
    write_safetensors(frames, {"frames_u8": g["frames_u8"]})
    lg = s.cli.logits(g["input_ids"], g["logit_positions"], "--frames", frames)
    mine, theirs = soft_from_own_pixels(s, "frame", g["frames_u8"], info["max_soft_tokens"])
    if mine is None:
        return compare_tensors(s.report, "golden", "logits", [("logits", g["logits"], lg.get("logits"))], SANE)
    limit = s.limits("image_exact", "bf16_vision")[0]
    compare_tensors(s.report, "own pixels", "soft tokens of %d frames" % len(mine), [("frame %d" % i, a, b) for i, (a, b) in enumerate(zip(mine, theirs))], limit)
    if all(x is not None for x in theirs):
        compare_tensors(s.report, "golden", "soft tokens", [("soft_tokens", g["soft_tokens"], np.concatenate(theirs))], SANE + (0 if s.mode == "exact" else limit))
    against_own_pixels(s, "video", g, lg, np.concatenate(mine), REL)


def explain(fixtures):
    """What ideal rounding of the weights does to each tensor: the figures that the limits for q8, q4, fp8 are twice of."""
    g = read_safetensors(os.path.join(fixtures, "golden", "text_short.safetensors"))
    greedy_runs = read_json(os.path.join(fixtures, "golden", "greedy.json"))["prompts"]
    clips = sorted(x[:-12] for x in os.listdir(os.path.join(fixtures, "golden")) if x.startswith("audio_") and x.endswith(".safetensors"))
    picture = read_safetensors(os.path.join(fixtures, "golden", "image_exact.safetensors"))
    clip = read_safetensors(os.path.join(fixtures, "golden", clips[0] + ".safetensors"))
    columns = {}
    for kind in ROUNDERS:
        o, trace = Oracle(fixtures, kind), {}
        trace["final_norm"], trace["logits"] = o.run(g["input_ids"], trace=trace)
        figures = {k: rel_l2(g[k], x) for k, x in trace.items() if k in g}
        figures.update((k, rel_l2(picture[k], x)) for k, x in o.image(picture["resized_u8"]).items() if k in picture)
        valid = clip["audio_mask"].astype(bool)
        figures.update((k, rel_l2(clip[k][valid], x[valid])) for k, x in o.audio(clip["input_features"], clip["input_features_mask"].astype(bool)).items() if k in clip and k != "audio_mask" and k != "soft_tokens")
        for name, c in greedy_runs.items():
            full = c["prompt_ids"] + c["continuation"]
            figures[name + " agreement"] = agreement(o.run(full)[1][len(c["prompt_ids"]) - 1:-1], c["continuation"])
        columns[kind] = figures
    print("%-24s" % "tensor" + "".join("%10s" % k for k in columns))
    for name in columns["q8"]:
        print("%-24s" % name + "".join("%10.4f" % c[name] for c in columns.values()))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="Families: %s.  More in the first lines of this file." % ", ".join(FAMILIES))
    ap.add_argument("--gem-cli")
    ap.add_argument("--fixtures", required=True)
    ap.add_argument("--model", metavar="PATH", help="the tiny model in another form (write-forms.py)")
    ap.add_argument("--weights", choices=["bf16", "q8", "q4", "fp8"], default="bf16")
    ap.add_argument("--backend", choices=["cpu", "cuda", "hip"], default="cpu")
    ap.add_argument("--only", metavar="FAMILY,...")
    ap.add_argument("--json", action="store_true")
    ap.add_argument("--gemma3", metavar="FILE", help="the real Gemma 3 tokenizer.json, may be gzipped")
    ap.add_argument("--exact", action="store_true", help="hold a GPU to the tolerances of float32 activations")
    ap.add_argument("--timeout", type=float, default=300, help="seconds allowed to one command (default 300)")
    ap.add_argument("--explain", action="store_true", help="print what ideal rounding of the weights does, and stop")
    opt = ap.parse_args()
    if opt.explain:
        return explain(opt.fixtures)
    wanted = opt.only.split(",") if opt.only else FAMILIES
    unknown = [f for f in wanted if f not in FAMILIES]
    if unknown or not opt.gem_cli:
        ap.error("no such family: " + ", ".join(unknown) if unknown else "--gem-cli PATH is needed")
    if not os.path.isdir(opt.fixtures):
        ap.error("no such folder: " + opt.fixtures)
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        s = Session(opt, folder)
        for family in FAMILIES:
            if family in wanted:
                s.report.family = family
                guarded(s, "-", lambda: globals()[family](s))
        failed = s.report.finish()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
