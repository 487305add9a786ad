# pictures.py: drawn pictures, questions about them with their answers, and what every patch shows.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Held-out are other seeds, other fonts and other sizes of the picture.  The labels of the patches serve two temporary heads:
# which letter or shape it is, which colour, and whether an object's centre lies there (that is what counting needs).
import glob
import math
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chat import conversation, system_text
from lexicon import ANIMALS, CITIES, FOODS, NAMES, PLACES, THINGS, naming
from sums import answer_of, one_sum
from talk import exchange

RGB = {"red": (215, 30, 35), "green": (30, 150, 50), "blue": (35, 70, 205), "yellow": (240, 215, 30), "orange": (245, 135, 20), "purple": (125, 45, 160), "black": (15, 15, 15),
       "white": (250, 250, 250), "pink": (250, 150, 190), "brown": (120, 72, 35), "grey": (135, 135, 135)}
HUES = list(RGB)
GROUNDS = ["white", "white", "white", "grey", "black", "yellow", "blue", "pink", "green", "brown"]
SHAPES = ["circle", "square", "triangle", "star", "diamond", "cross"]
PLACES_IN = [["top left", "top", "top right"], ["left", "centre", "right"], ["bottom left", "bottom", "bottom right"]]
CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PRINTED = sorted(set(ANIMALS + FOODS + PLACES + THINGS + NAMES + CITIES + list(RGB)))
N_KINDS, N_HUES, NONE = 1 + len(CHARS) + len(SHAPES), 1 + len(HUES), 255
DESCRIBE = ["Describe the picture.", "Describe this image.", "What is in the picture?", "What does the picture show?", "Caption this.", "Describe what you see.", "Describe it.",
            "What is this a picture of?", "Tell me about this picture."]
_fonts, _cache = None, {}


def fonts():
    """(for training, held out): DejaVu's and those that come with matplotlib."""
    found, folders = {}, ["/usr/share/fonts/truetype/dejavu"]
    try:
        import matplotlib
        folders.append(os.path.join(os.path.dirname(matplotlib.__file__), "mpl-data", "fonts", "ttf"))
    except ImportError:
        pass
    for folder in folders:
        for path in sorted(glob.glob(folder + "/*.ttf")):
            found.setdefault(os.path.basename(path)[:-4], path)
    train = ("DejaVuSans DejaVuSans-Bold DejaVuSans-Oblique DejaVuSerif DejaVuSerif-Bold DejaVuSansMono DejaVuSansMono-Bold STIXGeneral STIXGeneralBol DejaVuSerif-Italic cmr10 cmtt10 "
             "DejaVuSansMono-Oblique STIXGeneralBolIta").split()
    held = "cmss10 DejaVuSans-BoldOblique STIXGeneralItalic DejaVuSerif-BoldItalic".split()
    return [found[n] for n in train if n in found], [found[n] for n in held if n in found]


def font(rng, held, size):
    global _fonts
    _fonts = _fonts or fonts()
    path = rng.choice(_fonts[held])
    if (path, size) not in _cache:
        _cache[path, size] = ImageFont.truetype(path, size)
    return _cache[path, size]


def far(a, b):
    return sum((p - q) ** 2 for p, q in zip(RGB[a], RGB[b])) > 9000


def an(s):
    return ("an " if s[0] in "aeiou" else "a ") + s


def plural(s):
    return s + ("es" if s == "cross" else "s")


def there(n, name):
    """name: of one."""
    return "There %s %d %s." % ("is" if n == 1 else "are", n, name if n == 1 else plural(name))


class Scene:
    """A picture being drawn, twice as large where `fine`, beside it the maps of kinds and hues, and the centres."""

    def __init__(self, rng, w, h, ground, fine):
        self.rng, self.w, self.h, self.scale, self.centres = rng, w, h, 2 if fine else 1, []
        self.image = Image.new("RGB", (w * self.scale, h * self.scale), self.shade(ground, 5))
        self.kinds, self.hues = Image.new("L", (w, h), 0), Image.new("L", (w, h), 0)
        self.draw, self.draw_kind, self.draw_hue = ImageDraw.Draw(self.image), ImageDraw.Draw(self.kinds), ImageDraw.Draw(self.hues)

    def shade(self, colour, k=10):
        return tuple(max(0, min(255, v + self.rng.randint(-k, k))) for v in RGB[colour])

    def shape(self, kind, x, y, r, colour):
        turn = self.rng.uniform(-.15, .15)
        outline(self.draw, kind, x * self.scale, y * self.scale, r * self.scale, turn, self.shade(colour))
        outline(self.draw_kind, kind, x, y, r, turn, 1 + len(CHARS) + SHAPES.index(kind))
        outline(self.draw_hue, kind, x, y, r, turn, 1 + HUES.index(colour))
        self.centres.append((x, y))

    def text(self, word, colour, held):
        m, s = min(self.w, self.h), self.scale
        size = max(20, int(m * self.rng.uniform(.13, .26)))
        while True:
            f = font(self.rng, held, size * s)
            b = [v / s for v in self.draw.textbbox((0, 0), word, font=f)]
            if b[2] - b[0] < .92 * self.w or size <= 20:
                break
            size = int(size * .9)
        x = self.rng.uniform(.04 * self.w, max(.04 * self.w, .96 * self.w - (b[2] - b[0])))
        y = self.rng.uniform(.04 * self.h, max(.04 * self.h, .96 * self.h - (b[3] - b[1])))
        self.draw.text(((x - b[0]) * s, (y - b[1]) * s), word, fill=self.shade(colour), font=f)
        for i, c in enumerate(word):
            box = [x - b[0] + f.getlength(word[:i]) / s, y, x - b[0] + f.getlength(word[:i + 1]) / s, y + b[3] - b[1]]
            self.draw_kind.rectangle(box, fill=1 + CHARS.index(c))
            self.draw_hue.rectangle(box, fill=1 + HUES.index(colour))

    def finish(self):
        return self.image if self.scale == 1 else self.image.resize((self.w, self.h), Image.BOX)


def outline(draw, kind, x, y, r, turn, fill):
    if kind == "circle":
        draw.ellipse([x - r, y - r, x + r, y + r], fill=fill)
        return

    def corner(k, n, radius, start):
        a = start + turn + 2 * math.pi * k / n
        return x + radius * math.cos(a), y + radius * math.sin(a)
    if kind == "square":
        points = [corner(k, 4, r * 1.2, math.pi / 4) for k in range(4)]
    elif kind == "triangle":
        points = [corner(k, 3, r * 1.15, -math.pi / 2) for k in range(3)]
    elif kind == "diamond":
        points = [(x, y - 1.2 * r), (x + .75 * r, y), (x, y + 1.2 * r), (x - .75 * r, y)]
    elif kind == "star":
        points = [corner(k, 10, r * (1.15 if k % 2 == 0 else .48), -math.pi / 2) for k in range(10)]
    else:
        t, c, s = .33, math.cos(turn), math.sin(turn)
        points = [(x + r * (u * c - v * s), y + r * (u * s + v * c)) for u, v in
                  ((-t, -1), (t, -1), (t, -t), (1, -t), (1, t), (t, t), (t, 1), (-t, 1), (-t, t), (-1, t), (-1, -t), (-t, -t))]
    draw.polygon(points, fill=fill)


# ---- the four kinds of pictures; each gives its questions and answers, the description first

def one(scene, rng, colours, ground, held):
    c, s, i, j = rng.choice(colours), rng.choice(SHAPES), rng.randint(0, 2), rng.randint(0, 2)
    x, y = (j + .5 + rng.uniform(-.12, .12)) * scene.w / 3, (i + .5 + rng.uniform(-.12, .12)) * scene.h / 3
    big = rng.random() < .5
    scene.shape(s, x, y, min(scene.w, scene.h) * (rng.uniform(.125, .15) if big else rng.uniform(.055, .075)), c)
    place, size = PLACES_IN[i][j], "large" if big else "small"
    return [(rng.choice(DESCRIBE), "A %s %s %s at the %s on %s background." % (size, c, s, place, an(ground)))] * 3 + [
        ("What colour is the %s?" % s, "The %s is %s." % (s, c)), ("What shape is it?", "It is %s." % an(s)), ("Where is the %s?" % s, "The %s is at the %s." % (s, place)),
        ("What colour is the background?", "The background is %s." % ground), ("What do you see?", "%s %s." % (an(c).capitalize(), s)), ("Is it large or small?", "It is %s." % size)]


def count(scene, rng, colours, ground, held):
    two = rng.random() < .3
    n, n2 = (rng.randint(1, 4), rng.randint(1, 4)) if two else (rng.randint(1, 9), 0)
    s, c = rng.choice(SHAPES), rng.choice(colours)
    s2, c2 = rng.choice([t for t in SHAPES if t != s]), rng.choice([t for t in colours if far(t, c)] or colours)
    grid = 3 if n + n2 <= 6 and rng.random() < .6 else 4
    r = min(scene.w, scene.h) / grid * rng.uniform(.24, .33)
    for k, (i, j) in enumerate(rng.sample([(i, j) for i in range(grid) for j in range(grid)], n + n2)):
        scene.shape(s if k < n else s2, (j + .5 + rng.uniform(-.1, .1)) * scene.w / grid, (i + .5 + rng.uniform(-.1, .1)) * scene.h / grid, r, c if k < n else c2)
    both = sorted([(c, s, n), (c2, s2, n2)] if two else [(c, s, n)])
    named = [("%d %s %s" % (k, colour, shape if k == 1 else plural(shape))) for colour, shape, k in both]
    asked = [(rng.choice(DESCRIBE), "There %s %s." % ("is" if both[0][2] == 1 else "are", " and ".join(named)))] * 2
    asked += [("How many %s are there?" % plural(shape), there(k, "%s %s" % (colour, shape))) for colour, shape, k in both] * (1 if two else 2)
    asked += [("How many shapes are there?", there(n + n2, "shape")), ("How many shapes do you see?", there(n + n2, "shape"))]
    return asked + [("What colour are the %s?" % plural(s), "The %s are %s." % (plural(s), c))] * (n > 1)


def two(scene, rng, colours, ground, held):
    c, s = rng.choice(colours), rng.choice(SHAPES)
    c2, s2 = rng.choice([t for t in colours if far(t, c)] or colours), rng.choice([t for t in SHAPES if t != s])
    side, u, v = rng.random() < .5, .5 + rng.uniform(-.12, .12), .5 + rng.uniform(-.12, .12)
    r = min(scene.w, scene.h) * rng.uniform(.09, .16)
    scene.shape(s, (.25 if side else u) * scene.w, (u if side else .25) * scene.h, r, c)
    scene.shape(s2, (.75 if side else v) * scene.w, (v if side else .75) * scene.h, r * rng.uniform(.8, 1.2), c2)
    a, b = "%s %s" % (c, s), "%s %s" % (c2, s2)
    return [(rng.choice(DESCRIBE), "%s %s %s." % (an(a).capitalize(), "to the left of" if side else "above", an(b)))] * 3 + [
        ("What is %s the %s?" % ("to the left of" if side else "above", b), "%s." % an(a).capitalize()), ("What is %s the %s?" % ("to the right of" if side else "below", a), "%s." % an(b).capitalize()),
        ("What colour is the %s?" % s, "The %s is %s." % (s, c)), ("What colour is the %s?" % s2, "The %s is %s." % (s2, c2)), ("What do you see?", "%s and %s." % (an(a).capitalize(), an(b))),
        ("How many shapes are there?", there(2, "shape"))]


def printed(scene, rng, colours, ground, held):
    r = rng.random()
    word = str(rng.randint(0, 10 ** rng.randint(1, 5) - 1)) if r < .33 else rng.choice(PRINTED) if r < .85 else rng.choice([w for w in rng.sample(naming(held), 9) if len(w) < 10] or ["word"])
    if not word.isdigit() and rng.random() < .35:
        word = word.capitalize() if rng.random() < .8 else word.upper()
    c = rng.choice([t for t in colours if sum(abs(p - q) for p, q in zip(RGB[t], RGB[ground])) > 220] or ["white"])
    scene.text(word, c, held)
    what = "number" if word.isdigit() else "word"
    return [("What does it say?", "It says %s." % word)] * 3 + [("Read the text.", "It says %s." % word), ("Read this.", "It says %s." % word), ("What %s is this?" % what, "It says %s." % word),
            (rng.choice(DESCRIBE), "The %s %s in %s on %s background." % (what, word, c, an(ground))), ("What colour is the %s?" % what, "The %s is %s." % (what, c))]


MAKERS = {"one": one, "count": count, "two": two, "text": printed}
SHARES = ["one"] * 4 + ["count"] * 9 + ["two"] * 4 + ["text"] * 8


def make(rng, held=False, kind=None):
    """(scene, questions and answers, kind)."""
    w, h = (rng.choice([256, 300, 333, 400, 480, 512, 640]), rng.choice([256, 300, 333, 400, 480, 512])) if held else (rng.randint(230, 620), rng.randint(230, 620))
    if rng.random() < .5 or max(w, h) > 1.9 * min(w, h):
        h = w
    ground = rng.choice(GROUNDS)
    scene = Scene(rng, w, h, ground, rng.random() < .4)
    kind = kind or rng.choice(SHARES)
    return scene, MAKERS[kind](scene, rng, [c for c in RGB if far(c, ground)], ground, held), kind


def target_size(h, w, budget):
    """The size to which Gemma 4 brings a picture: (height, width), multiples of 48."""
    f = math.sqrt(9 * budget * 256 / (h * w))
    height, width = int(f * h / 48) * 48, int(f * w / 48) * 48
    return (height, width) if height and width else (48, min(48 * (w // h), 48 * budget)) if not height else (min(48 * (h // w), 48 * budget), 48)


def patches(image, budget):
    """(uint8 [9 budget, 768], int16 positions [9 budget, 2] with -1 for none, number of soft tokens, width in patches)."""
    height, width = target_size(image.height, image.width, budget)
    a = np.asarray(image.resize((width, height), Image.BICUBIC))
    p = a.reshape(height // 16, 16, width // 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 768)
    out, pos = np.zeros((9 * budget, 768), np.uint8), np.full((9 * budget, 2), -1, np.int16)
    out[:len(p)] = p
    pos[:len(p), 1], pos[:len(p), 0] = np.divmod(np.arange(len(p)), width // 16)
    return out, pos, len(p) // 9, width // 16


def labels(scene, budget):
    """uint8 [9 budget, 2]: the kind, and the hue with 16 added where a centre lies; NONE where there is no patch."""
    height, width = target_size(scene.h, scene.w, budget)
    rows, columns = height // 16, width // 16
    out = np.full((9 * budget, 2), NONE, np.uint8)
    y = ((np.arange(rows) + .5) * scene.h / rows).astype(int)
    x = ((np.arange(columns) + .5) * scene.w / columns).astype(int)
    out[:rows * columns, 0] = np.asarray(scene.kinds)[y][:, x].ravel()
    out[:rows * columns, 1] = np.asarray(scene.hues)[y][:, x].ravel()
    for cx, cy in scene.centres:
        i = min(rows - 1, max(0, int(cy * rows / scene.h))) * columns + min(columns - 1, max(0, int(cx * columns / scene.w)))
        out[i, 1] |= 16
    return out


def look(rng, asked, held=False, turns=None):
    """A row of one to three questions about one picture; now and then the last is about something else."""
    n = turns or rng.choice([1, 1, 2, 2, 3])
    chosen = []
    while len(chosen) < n:
        q, a = rng.choice(asked)
        if all(q != old for old, _, _ in chosen) or len(chosen) > 3:
            chosen.append((q, a, "I look at the picture."))
    if not turns and n > 1 and rng.random() < .12:
        if rng.random() < .5:
            q, a, op, b = one_sum(rng, held)
            chosen[-1] = (q,) + answer_of(a, op, b)
        else:
            chosen[-1] = exchange(rng, held)[:3]
    first = chosen[0]
    chosen[0] = ("<|image|>" + first[0] if rng.random() < .75 else first[0] + "<|image|>",) + first[1:]
    return conversation(chosen, system_text(rng), rng.random() < .1)
