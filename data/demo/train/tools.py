# tools.py: declared tools, the calls of them and the answers from what they return.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A tiny model can only copy names if it has practised copying every piece of the vocabulary.  So most names, parameters and
# values are drawn from thousands of words, from syllables, and (PIECES, set by the makers) from the tokenizer's own pieces.
from chat import QUOTE, SYSTEMS, system_turn, user_turn
from lexicon import ADJS, ANIMALS, CITIES, COLOURS, DAYS, FOODS, NAMES, THINGS, naming
from talk import TALK, exchange

PIECES = []
SYLLABLES = "ba be bi bo da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi vo za ze zu".split()
NUMERIC = ("count level amount number speed size weight depth minutes hours days year page limit volume price").split()
PARAMETERS = ("city name place text date topic title colour mode unit query target color day message person folder file subject language country format reason address email street label origin").split()
WORLDLY = {"city": CITIES, "place": CITIES, "target": CITIES, "origin": CITIES, "day": DAYS, "date": DAYS, "colour": COLOURS, "color": COLOURS, "name": NAMES, "person": NAMES}


def syllables(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))


def made_up(rng, held):
    """One word of a name: a word, syllables, or pieces of the vocabulary put together."""
    r = rng.random()
    if held or r < 0.55 or not PIECES:
        return rng.choice(naming(held)) if r < 0.85 else syllables(rng)
    if r < 0.65:
        return syllables(rng)
    word = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 3)))
    return word if rng.random() < 0.15 else word.lower()


def tool_name(rng, held):
    parts = [made_up(rng, held) for _ in range(rng.choice([1, 2, 2, 2, 3]))]
    if rng.random() < 0.1:
        return parts[0] + "".join(p.capitalize() for p in parts[1:])
    return "_".join(parts)


def parameter(rng, held):
    r = rng.random()
    if not held and r < 0.35:
        return rng.choice(PARAMETERS if rng.random() < 0.7 else NUMERIC)
    return made_up(rng, held) + ("_" + made_up(rng, held) if rng.random() < 0.2 else "")


def value(rng, key, held):
    if key in NUMERIC or (key not in WORLDLY and rng.random() < 0.2):
        r = rng.random()
        return rng.randint(0, 99) if r < 0.6 else rng.randint(100, 9999) if r < 0.9 else -rng.randint(1, 99)
    if key in WORLDLY and rng.random() < 0.6:
        return rng.choice(WORLDLY[key])
    words = [rng.choice(ADJS + THINGS + FOODS + ANIMALS) if rng.random() < 0.3 else made_up(rng, held) for _ in range(rng.randint(1, 3))]
    return " ".join(words).capitalize() if rng.random() < 0.15 else " ".join(words)


def declare(name, description, parameters, required):
    """parameters: key -> (description, type)."""
    if not parameters:
        return "<|tool>declaration:%s{description:%s%s%s}<tool|>" % (name, QUOTE, description, QUOTE)
    fields = ["%s:{%stype:%s%s%s}" % (k, "description:%s%s%s," % (QUOTE, d, QUOTE) if d else "", QUOTE, kind, QUOTE) for k, (d, kind) in sorted(parameters.items(), key=lambda p: p[0].lower())]
    need = ",required:[%s]" % ",".join(QUOTE + k + QUOTE for k in required) if required else ""
    return "<|tool>declaration:%s{description:%s%s%s,parameters:{properties:{%s}%s,type:%sOBJECT%s}}<tool|>" % (name, QUOTE, description, QUOTE, ",".join(fields), need, QUOTE, QUOTE)


def arguments(a):
    return "{%s}" % ",".join("%s:%s" % (k, QUOTE + a[k] + QUOTE if isinstance(a[k], str) else a[k]) for k in sorted(a, key=str.lower))


class Tool:
    """A tool with one request to it: name, declaration, what the person says, arguments, result, answer, kind."""

    def __init__(self, name, declaration, request, args, result, answer, kind):
        self.name, self.declaration, self.request, self.args, self.result, self.answer, self.kind = name, declaration, request, args, result, answer, kind


def calculator(rng, held):
    op = rng.choice("+-*/")
    a, b = rng.randint(0, 999 if rng.random() < 0.8 else 99999), rng.randint(1, 999)
    expression = "%d %s %d" % (a, op, b)
    key = rng.choice(["expression", "expression", "query", "formula", parameter(rng, held)])
    name = rng.choice(["calculator", "calculator", "calculate"])
    declaration = declare(name, rng.choice(["Evaluates an arithmetic expression", "Exact calculator", "Computes a formula", "Calculates", "Works out sums exactly"]),
                          {key: (rng.choice(["", "The expression", "For example 2 + 3", "What to calculate"]), "STRING")}, [key])
    request = rng.choice(["What is {e}?", "Calculate {e}.", "How much is {e}?", "Use the calculator for {e}.", "{e}", "Please calculate {e}", "Work out {e} with the calculator."]).format(e=expression)
    result = "%.2f" % (a / b) if op == "/" else str({"+": a + b, "-": a - b, "*": a * b}[op])
    return Tool(name, declaration, request, {key: expression}, result, "%s = %s." % (expression, result), "calculator")


def clock(rng, held):
    name = rng.choice(["current_time", "current_time", "get_time", "time_now", "clock"])
    result = "%02d:%02d" % (rng.randint(0, 23), rng.randint(0, 59))
    if rng.random() < 0.5:
        declaration = declare(name, rng.choice(["Current time and date", "Tells the time", "The time now", "The current local time"]), {}, [])
        request = rng.choice(["What time is it?", "What is the time?", "Tell me the time.", "How late is it?", "What time is it now?", "Do you have the time?", "The time, please."])
        return Tool(name, declaration, request, {}, result, "It is %s." % result, "time")
    city = value(rng, "city", held)
    if isinstance(city, int):
        city = "Rome"
    city = city[0].upper() + city[1:]
    key = rng.choice(["city", "place", "timezone", "location", parameter(rng, held)])
    declaration = declare(name, rng.choice(["Current time in a place", "Tells the time"]), {key: (rng.choice(["", "Name of the city", "Where"]), "STRING")}, [key])
    request = rng.choice(["What time is it in {c}?", "Tell me the time in {c}.", "How late is it in {c} now?", "What is the time in {c}?"]).format(c=city)
    return Tool(name, declaration, request, {key: city}, result, "It is %s in %s." % (result, city), "time")


def named(rng, held):
    """A tool of made-up name and parameters."""
    name = tool_name(rng, held)
    spaced = name.replace("_", " ")
    description = rng.choice(["Use it to {n}", "A tool to {n}", "Tool: {n}", "Will {n}", "{n}", "Does what {n} says", "It can {w}"]).format(n=spaced, w=made_up(rng, held))
    args, parameters = {}, {}
    keys = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
        key = parameter(rng, held)
        if key.lower() not in [k.lower() for k in keys]:
            keys.append(key)
    for key in keys:
        args[key] = value(rng, key, held)
        about = key.replace("_", " ")
        parameters[key] = (rng.choice(["", "", "The " + about, "Which " + about, made_up(rng, held)]), "INTEGER" if isinstance(args[key], int) else "STRING")
    declaration = declare(name, description, parameters, keys if rng.random() < 0.7 else [])
    separator = rng.choice([" ", " = ", ": ", " is ", "="])
    pairs = ["%s%s%s" % (k if rng.random() < 0.8 else k.replace("_", " "), separator, args[k]) for k in keys]
    given = " and ".join([", ".join(pairs[:-1])] * (len(pairs) > 1) + pairs[-1:])
    said = name if rng.random() < 0.6 else spaced
    request = rng.choice(["Use {s}{w}.", "Please {s}{w}.", "Call {s}{w}.", "Can you {s}{w}?", "{s}{w}", "Run {s}{w}", "I want you to {s}{w}."]).format(s=said, w=(rng.choice([" with ", ", ", " for "]) + given) if given else "")
    result = rng.choice(["done", "ok", "not found", str(rng.randint(0, 999)), str(value(rng, "text", held)), str(value(rng, "city", held))])
    return Tool(name, declaration, request[0].upper() + request[1:] if rng.random() < 0.5 else request, args, result, "The tool %s says: %s." % (name, result), "named")


MAKERS = {"calculator": calculator, "time": clock, "named": named}


def draw(rng, held, kind=None):
    r = rng.random()
    return MAKERS[kind or ("calculator" if r < 0.16 else "time" if r < 0.28 else "named")](rng, held)


def response(rng, tool):
    bare = tool.result.lstrip("-").isdigit() and rng.random() < 0.4
    return "response:%s{value:%s}<tool_response|>" % (tool.name, tool.result if bare else QUOTE + tool.result + QUOTE)


def one_turn(rng, tool, think):
    """The texts after the person's request: the call, what came back, and the answer."""
    row = [(("<|channel>thought\nI call the tool %s.\n<channel|>" % tool.name if think else "") + "<|tool_call>call:%s%s<tool_call|><|tool_response>" % (tool.name, arguments(tool.args)), True),
           (response(rng, tool), False)]
    if think:
        row.append(("<|channel>thought\n", False))
    row.append((("The result is here.\n<channel|>" if think else "") + tool.answer + "<turn|>", True))
    return row


def tools(rng, held=False, kind=None, stage=None):
    """stage: "call" (ends with the call), "answer" (the whole turn), "chat" (no tool is needed)."""
    chosen = draw(rng, held, kind)
    others = {chosen.name: chosen}
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        other = draw(rng, held)
        if other.kind != chosen.kind or other.kind == "named":
            others.setdefault(other.name, other)
    order = list(others.values())
    rng.shuffle(order)
    think = rng.random() < 0.25
    row = [(system_turn(rng.choice(SYSTEMS) if rng.random() < 0.4 else "", think, "".join(t.declaration for t in order)), False)]
    stage = stage or rng.choice(["answer", "answer", "answer", "answer", "chat"])
    if stage == "chat":
        while True:
            user, answer, _, _ = exchange(rng, held)
            if answer not in (TALK["time"][0], TALK["weather"][0]):
                break
        return row + [(user_turn(user), False), ("<|channel>thought\nNo tool is needed.\n<channel|>" * think + answer + "<turn|>", True)]
    row += [(user_turn(chosen.request), False)] + one_turn(rng, chosen, think)
    return row[:-2 - think] if stage == "call" else row
