"""clips.py: what an item lets the model hear, made when it is needed: speech by espeak-ng, noise by a seed, or a file.

Clips are int16 at 16 kHz.  The same item gives the same samples on every run of one version of espeak-ng.
"""
import os
import subprocess
import tempfile
import wave

import numpy as np

RATE = 16000
VOICES = ("en-us", "en-gb-x-rp+f2", "en+m3", "en-us+f1", "en-gb-scotland+m1")
BABBLE = ("the other one is over there by the door I think", "we should have gone before it began to rain again",
          "no that is not at all what she told me yesterday", "and then they all came back and sat down to eat",
          "put it on the shelf beside the old radio please")


def resample(x, up, down):
    """By a Kaiser-windowed low-pass of ten zero crossings on either side, as scipy.signal.resample_poly."""
    half = 10 * max(up, down)
    t = np.arange(-half, half + 1)
    h = np.sinc(t / max(up, down)) * np.kaiser(2 * half + 1, 5.0)
    h *= up / h.sum()
    n = -(-len(x) * up // down)
    centre = np.arange(n) * down
    first = -(-(centre - half) // up)
    k = first[:, None] + np.arange(2 * half // up + 1)[None]
    tap = centre[:, None] - k * up + half
    good = (k >= 0) & (k < len(x)) & (tap >= 0) & (tap <= 2 * half)
    return np.where(good, h[np.clip(tap, 0, 2 * half)] * x[np.clip(k, 0, len(x) - 1)], 0).sum(1)


def read_wav(path):
    with wave.open(path) as f:
        if f.getnchannels() != 1 or f.getsampwidth() != 2:
            raise ValueError("%s is not 16-bit mono" % path)
        return np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(np.float64), f.getframerate()


def say(text, voice="en-us", rate=170, pitch=50):
    with tempfile.TemporaryDirectory(prefix="facet-say-") as folder:
        path = os.path.join(folder, "said.wav")
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(rate), "-p", str(pitch), "-w", path, text], check=True)
        samples, at = read_wav(path)
    return resample(samples, 320, 441) if at == 22050 else resample(samples, RATE, at)


def make_noise(kind, seconds, seed):
    rng, n = np.random.default_rng(seed), int(seconds * RATE)
    if kind == "silence":
        return rng.standard_normal(n) * 2
    if kind == "white":
        return rng.standard_normal(n) * 1500
    if kind == "babble":
        return sum(np.roll(np.resize(say(text, voice), n), int(rng.integers(n))) for text, voice in zip(BABBLE, VOICES)) / 3
    if kind == "music":
        out, at = np.zeros(n), 0
        while at < n:
            length = int(rng.choice([0.25, 0.5]) * RATE)
            t = np.arange(min(length, n - at)) / RATE
            root = 220 * 2 ** (rng.integers(12) / 12)
            chord = sum(np.sin(2 * np.pi * root * 2 ** (k / 12) * m * t) / m for k in (0, 4, 7) for m in (1, 2, 3))
            out[at:at + len(t)] = 2000 * chord * np.exp(-3 * t)
            at += length
        return out
    raise ValueError("there is no noise called %s" % kind)


def make(sound, folder):
    if "file" in sound:
        samples, at = read_wav(os.path.join(folder, sound["file"]))
        if at != RATE:
            raise ValueError("%s is not at 16 kHz" % sound["file"])
        return samples
    if "noise" in sound:
        return make_noise(sound["noise"], sound["seconds"], sound["seed"])
    samples = say(sound["say"], sound["voice"], sound["rate"], sound["pitch"])
    if "noise_db" in sound:
        level = np.sqrt(np.mean(samples ** 2)) * 10 ** (-sound["noise_db"] / 20)
        samples = samples + np.random.default_rng(sound["seed"]).standard_normal(len(samples)) * level
    return samples


def write(sound, folder, path):
    """Writes the clip of an item's sound; files that it names lie in folder."""
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(np.clip(np.round(make(sound, folder)), -32768, 32767).astype("<i2").tobytes())

