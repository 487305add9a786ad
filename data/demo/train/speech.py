# speech.py: espeak-ng in this process: text to samples of 16 kHz, and the phonemes for the temporary head.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# $ESPEAK_DIR: a folder of pack-espeak.sh; unset: the system's library.  A process for each sentence would be far slower.
import ctypes as C
import os

import numpy as np
from scipy.signal import resample_poly

ACCENTS = ["en-us", "en-us", "en-us", "en", "en", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-gb-x-gbcwmd"]
VARIANTS = ["", "", "", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "f1", "f2", "f3", "f5", "Alex", "Alicia", "Andrea", "Andy", "Annie", "adam", "anika", "antonio", "belinda", "benjamin", "boris",
            "caleb", "david", "ed", "edward", "grandma", "iven", "iven2", "john", "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert",
            "sandro", "shelby", "steph", "steph2", "travis", "victor"]
HELD_VARIANTS = ["f4", "m6", "Michael", "steph3"]                # voices that no training utterance has
PHONEMES = "ɪətnsdðakilɹefmɛzʊwɔʌvbpɒɐuæoʃɡθŋɜhrɑjʒʉɾɚᵻ:ʲʍ"
PHONEME_IDS = {c: i + 1 for i, c in enumerate(PHONEMES)}         # 0 is the blank
_SYNTH_FLAGS, _RATE, _PITCH, _RANGE = 1, 1, 3, 4
_lib, _callback, _rate, _pieces = None, None, 0, []


def _open():
    global _lib, _callback, _rate
    root = os.environ.get("ESPEAK_DIR")
    for name in ("libpcaudio.so.0", "libsonic.so.0") if root else ():
        C.CDLL(os.path.join(root, name), mode=C.RTLD_GLOBAL)
    _lib = C.CDLL(os.path.join(root, "libespeak-ng.so.1") if root else "libespeak-ng.so.1")
    _lib.espeak_TextToPhonemes.restype = C.c_char_p
    _lib.espeak_Synth.argtypes = [C.c_char_p, C.c_size_t, C.c_uint, C.c_int, C.c_uint, C.c_uint, C.c_void_p, C.c_void_p]
    _rate = _lib.espeak_Initialize(2, 400, root.encode() if root else None, 0)
    if _rate <= 0:
        raise RuntimeError("espeak-ng cannot be initialised (%d)" % _rate)

    @C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_int, C.c_void_p)
    def got(samples, n, events):
        if samples and n > 0:
            _pieces.append(C.string_at(samples, 2 * n))
        return 0
    _callback = got                                              # must outlive this function
    _lib.espeak_SetSynthCallback(got)


def voice(name, rate=170, pitch=50, spread=50):
    if _lib is None:
        _open()
    if _lib.espeak_SetVoiceByName(name.encode()):
        raise ValueError("espeak-ng has no voice " + name)
    for parameter, setting in ((_RATE, rate), (_PITCH, pitch), (_RANGE, spread)):
        _lib.espeak_SetParameter(parameter, int(setting), 0)


def random_voice(rng, held=False):
    variant = rng.choice(HELD_VARIANTS if held else VARIANTS)
    name = rng.choice(ACCENTS) + ("+" + variant if variant else "")
    voice(name, rng.randint(125, 205), rng.randint(25, 75), rng.randint(30, 70))
    return name


def foreign_voice(rng, language):
    voice(language + rng.choice(["", "+m3", "+f2", "+m7", "+f5"]), rng.randint(125, 205), rng.randint(25, 75), rng.randint(30, 70))


def phonemes(text):
    rest, out = C.c_char_p(text.encode()), []
    at = C.pointer(rest)
    while rest.value:
        out.append(_lib.espeak_TextToPhonemes(C.cast(at, C.c_void_p), 1, 2).decode("utf-8"))
    return [PHONEME_IDS[c] for c in " ".join(out) if c in PHONEME_IDS]


def speak(text):
    """int16 samples at 16 kHz."""
    del _pieces[:]
    data = text.encode()
    _lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, _SYNTH_FLAGS, None, None)
    pcm = np.frombuffer(b"".join(_pieces), "<i2")
    if _rate == 22050:
        pcm = np.clip(np.round(resample_poly(pcm.astype(np.float32), 320, 441)), -32768, 32767)
    return pcm.astype(np.int16)
