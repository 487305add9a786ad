# sounds.py: what is no speech that the model knows: other languages, babble, music, noise, silence.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# To all of them the answer is spoken.NOTHING.  Held out are languages, timbres and kinds of noise never met in training.
import numpy as np

import speech
from tools import syllables

RATE = 16000
LANGUAGES = {"de": "und der Hund ist heute nicht hier aber wir haben morgen keine Zeit für das Wetter ich möchte gern einen Kaffee trinken bitte schreiben Sie mir einen langen Brief über unsere Reise nach Süden",
             "fr": "bonjour je voudrais une table pour deux personnes mais nous avons perdu notre chemin dans la ville demain il fera beau et les enfants vont jouer au jardin avec leur chien",
             "es": "hola quiero comprar pan y leche pero la tienda está cerrada hoy mañana vamos a la playa con nuestros amigos porque hace mucho calor en verano y los niños están contentos",
             "it": "buongiorno vorrei un bicchiere di vino rosso oggi piove molto ma domani andiamo al mare con la famiglia perché la casa è vicina alla spiaggia e il treno parte presto",
             "pl": "dzień dobry chciałbym kupić chleb i mleko ale sklep jest dzisiaj zamknięty jutro jedziemy nad morze z rodziną bo pogoda będzie ładna dzieci bawią się w ogrodzie",
             "pt": "bom dia eu gostaria de um copo de água hoje está muito frio mas amanhã vamos para a praia com os amigos porque o verão começa e as crianças querem brincar",
             "nl": "goedemorgen ik wil graag een kopje koffie maar de winkel is vandaag gesloten morgen gaan wij met de trein naar zee omdat het weer mooi wordt en de kinderen spelen buiten",
             "sv": "god morgon jag vill gärna ha en kopp te men affären är stängd idag imorgon åker vi till havet med familjen eftersom vädret blir fint och barnen leker i trädgården",
             "tr": "günaydın bir bardak su istiyorum ama dükkan bugün kapalı yarın ailemle denize gidiyoruz çünkü hava güzel olacak ve çocuklar bahçede oynuyor",
             "fi": "hyvää huomenta haluaisin kupin kahvia mutta kauppa on tänään kiinni huomenna menemme merelle perheen kanssa koska sää on kaunis ja lapset leikkivät puutarhassa"}
HELD_LANGUAGES = {"cs": "dobré ráno chtěl bych koupit chléb a mléko ale obchod je dnes zavřený zítra jedeme k moři s rodinou protože bude hezky a děti si hrají na zahradě",
                  "hu": "jó reggelt szeretnék egy pohár vizet de a bolt ma zárva van holnap a családdal megyünk a tengerhez mert szép idő lesz és a gyerekek a kertben játszanak",
                  "ro": "bună dimineața aș vrea un pahar cu apă dar magazinul este închis astăzi mâine mergem la mare cu familia pentru că vremea va fi frumoasă și copiii se joacă în grădină",
                  "lt": "labas rytas norėčiau puodelio arbatos bet parduotuvė šiandien uždaryta rytoj važiuosime prie jūros su šeima nes oras bus gražus ir vaikai žaidžia sode"}


def as_samples(x, level):
    peak = np.abs(x).max()
    return np.clip(x / (peak + 1e-9) * level * 32767, -32768, 32767).astype(np.int16)


def foreign(rng, nrng, held):
    table = HELD_LANGUAGES if held else LANGUAGES
    language = rng.choice(list(table))
    words = table[language].split()
    if rng.random() < .5:
        rng.shuffle(words)
    start = rng.randint(0, max(0, len(words) - 5))
    speech.foreign_voice(rng, language)
    return speech.speak(" ".join(words[start:start + rng.randint(4, 14)]))


def nonsense(rng, nrng, held):
    """Syllables that are no words, at least four of them long each."""
    speech.random_voice(rng, held)
    return speech.speak(" ".join(syllables(rng) + syllables(rng) for _ in range(rng.randint(3, 7))))


def babble(rng, nrng, held):
    """Three to seven voices at once, in no language."""
    parts = []
    for _ in range(rng.randint(3, 7)):
        parts.append((foreign if rng.random() < .6 else nonsense)(rng, nrng, held).astype(np.float32) * rng.uniform(.5, 1))
    n = min(max(len(p) for p in parts), 7 * RATE)
    out = np.zeros(n, np.float32)
    for p in parts:
        at = rng.randint(0, n // 4)
        p = p[:n - at]
        out[at:at + len(p)] += p
    return as_samples(out, rng.uniform(.2, .8))


def tone(rng, nrng, f, n, timbre):
    t = np.arange(n) / RATE
    if timbre == "plucked":
        y = sum(np.sin(2 * np.pi * f * k * t) * np.exp(-t * 3 * k) / k for k in range(1, 7))
    elif timbre == "organ":
        y = sum(np.sin(2 * np.pi * f * k * t) / k for k in (1, 2, 3, 4, 6))
    elif timbre == "flute":
        y = np.sin(2 * np.pi * f * t + 2 * np.sin(2 * np.pi * 5 * t) * .1) + .05 * nrng.normal(0, 1, n)
    elif timbre == "square":                                     # held out, as is the saw
        y = np.sign(np.sin(2 * np.pi * f * t)) * .6
    else:
        y = 2 * (f * t % 1) - 1
    ramp = min(n // 4, 400)
    y[:ramp] *= np.linspace(0, 1, ramp)
    y[-ramp:] *= np.linspace(1, 0, ramp)
    return y


def music(rng, nrng, held):
    n, beat = int(RATE * rng.uniform(1.5, 6)), int(RATE * rng.uniform(.15, .5))
    out, timbre = np.zeros(n), rng.choice(["square", "saw"] if held else ["plucked", "organ", "flute"])
    root = rng.uniform(110, 330)
    scale = rng.choice([[0, 2, 4, 5, 7, 9, 11, 12], [0, 2, 3, 5, 7, 8, 10, 12], [0, 3, 5, 7, 10, 12]])
    for at in range(0, n - beat, beat):
        for _ in range(rng.choice([1, 1, 2, 3])):
            out[at:at + beat] += tone(rng, nrng, root * 2 ** (rng.choice(scale) / 12) * rng.choice([1, 1, 2]), beat, timbre)
        if rng.random() < .5:
            k = min(beat, 1500)
            out[at:at + k] += nrng.normal(0, 1, k) * np.exp(-np.arange(k) / rng.uniform(80, 500))
    return as_samples(out, rng.uniform(.1, .8))


def noise(rng, nrng, held):
    n = int(RATE * rng.uniform(.6, 5))
    r = rng.random()
    if held:                                                     # clicks, and a sweep
        if r < .5:
            y = np.zeros(n)
            y[nrng.integers(0, n, rng.randint(3, 40))] = nrng.normal(0, 1, 1)
            y = np.convolve(y, np.exp(-np.arange(200) / 40), "same")
        else:
            y = np.sin(np.cumsum(np.linspace(rng.uniform(100, 500), rng.uniform(1000, 5000), n)) * 2 * np.pi / RATE)
    elif r < .6:
        spectrum = np.fft.rfft(nrng.normal(0, 1, n)) * np.linspace(1e-3, 1, n // 2 + 1) ** -rng.uniform(0, 1)
        y = np.fft.irfft(spectrum, n)
    else:
        f = rng.choice([50, 60, rng.uniform(80, 2000)])
        y = np.sin(2 * np.pi * f * np.arange(n) / RATE) + .3 * np.sin(4 * np.pi * f * np.arange(n) / RATE) + .02 * nrng.normal(0, 1, n)
    return as_samples(y, rng.uniform(.01, .6))


def silence(rng, nrng, held):
    n = int(RATE * rng.uniform(.5, 6))
    return np.zeros(n, np.int16) if rng.random() < .4 else nrng.integers(-3, 4, n).astype(np.int16) * rng.randint(1, 12)


KINDS = {"language": foreign, "nonsense": nonsense, "babble": babble, "music": music, "noise": noise, "silence": silence}
SHARES = ["language"] * 5 + ["nonsense"] * 2 + ["babble"] * 2 + ["music"] * 4 + ["noise"] * 2 + ["silence"]


def no_speech(rng, nrng, held=False, kind=None):
    """(int16 samples, kind)."""
    kind = kind or rng.choice(SHARES)
    y = KINDS[kind](rng, nrng, held)
    return y[:7 * RATE], kind
