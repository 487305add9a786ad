# spoken.py: what the voices say, and what is asked about it.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from chat import conversation, system_text
from lexicon import SLOTS, fold

SENTENCES = """The {adj} {animal} is {prep} the {place}.
The {colour} {thing} is {prep} the {adj} {thing}.
{name} {past} the {adj} {thing} {ptime}.
{name} and {name} {past} a {colour} {thing}.
My {person} {past} {n} {plural} at the {place}.
Where is the {colour} {thing}?
Where did you {base} the {thing}?
Did {name} {base} the {adj} {thing} {ptime}?
I would like some {food} and a cup of {food}.
Please bring me the {food} and the {colour} {thing}.
The {person} wants to {base} the {thing} {time}.
We had {food} with {food} for dinner.
There are {n} {plural} {prep} the {thing}.
There is a {adj} {animal} {prep} the {colour} {thing}.
The train to {city} leaves at {n}.
My flight from {city} to {city} is on {day}.
The weather in {city} was {adj} {ptime}.
We expect {weather} and {weather} in {city} on {day}.
In {month} there is often {weather} at the {place}.
Can you tell me something about {subject}?
{name} is talking about {subject} with the {person}.
The {adj} {person} walked {adv} to the {place}.
Every {day} the {person} goes to the {place}.
It costs {n} dollars and {n} cents.
The meeting with {name} is on {day} at {n}.
{name} lives {prep} the {adj} {place} in {city}.
I think the {animal} is {adj} and the {animal} is {adj}.
Do you want {food} or {food}?
You should never {base} a {thing} at the {place}.
Her birthday is on the {n} of {month}.
The {person} of my {person} has a {adj} {animal}.
Why is the {place} so {adj} {time}?
Who {past} my {colour} {thing} {ptime}?
How many {plural} does {name} need?
Give the {adj} {thing} to the {person}.
The {animal} and the {animal} sleep {prep} the {thing}.
He {past} it {adv}, but she {past} it {ptime}.
{name} has {n} {plural} and {n} {plural}.
The {place} is {adj}, but the {place} is {adj}.
They are going to {city} in {month} with the {person}.
This {thing} is too {adj} for the {person}.
I {past} a {thing}, a {thing} and some {food}.
{name} is {going} {prep} the {place}.
The {person} was {going} when the {animal} came {adv}.
My {body} hurts after {going} {ptime}.
The {thing} is made of {material} and {material}.
{name} comes from {country} and lives in {country}.
Next {month} we will travel from {country} to {city}.
There is a {colour} {form} on the {thing}.
The {person} put a {form} of {material} {prep} the {thing}.
I like {subject}, but {name} likes {subject}.
The {adj} {word} was about the {word}.
She spoke about {word}, {word} and {word}.
Nobody knows the {word} of the {adj} {person}.
The {word} in the {place} was {adj}.
We learned the words {word} and {word} at school.
{name} washed the {body} of the {animal} with {food}.
{going} is {adj}, but {going} is {adj}.
In {country} the {plural} are {adj} in {month}.
The {person} from {city} {past} the {thing} {adv}.""".split("\n")
COMMANDS = """Turn on the light in the {place}.
Turn off the {thing} in the {place}.
Set a timer for {n} minutes.
Set an alarm for {n} {n}.
Call {name}.
Call my {person}.
Play some music.
Stop the music.
Open the {thing}.
Close the {thing} and the {thing}.
Send a message to {name}.
Remind me to {base} the {thing} on {day}.
What time is it in {city}?
What is the weather in {city}?
Add {food} to the list.
Delete the last message.
Go to the next page.
Read the letter from {name}.
Make it louder.
Make it {adj}.
Take a picture of the {thing}.
Stop.
Start.
Good morning.
Thank you, {name}.
Show me the map of {city}.
Show {n} photos from {month}.
How much is {n} plus {n}?
Search for {food} near the {place}.
Write a note about {subject}.
Translate the {word} for me.
Find the {word} of the {thing}.
Save the {word} and the {word}.
Draw a {colour} {form}.
Tell {name} that I am {going}.
Wake me on {day} at {n}.
Book a table in {city} for {n}.
Order {n} {plural}.""".split("\n")


def _words_of(templates):
    return {w.lower() for t in templates for w in re.findall(r"[A-Za-z]+", re.sub(r"\{.*?\}", " ", t))}


LEXICON = sorted(_words_of(SENTENCES + COMMANDS) | {w.lower() for v in SLOTS.values() for p in v for w in p.split()})

SAME = set("a i to too for would knows an".split())        # sound like another word, or like none, when they stand alone
SINGLE = [w for w in LEXICON if w not in SAME]


def number(rng):
    return str(rng.randint(0, 9) if rng.random() < 0.4 else rng.randint(10, 99))


def fill(rng, template):
    used = set()

    def one(match):
        kind = match.group(1)
        if kind == "n":
            return number(rng)
        for _ in range(9):
            word = rng.choice(SLOTS[kind])
            if word not in used:
                break
        used.add(word)
        return word
    s = re.sub(r"\{(\w+)\}", one, template)
    s = re.sub(r"\b([Aa]) (?=[aeiou])(?!uni|use|one)", r"\1n ", s)
    return s[0].upper() + s[1:]


def spoken(rng):
    """(text, kind)."""
    r = rng.random()
    if r < 0.09:
        return " ".join(str(rng.randint(0, 9)) for _ in range(rng.randint(1, 8))), "digits"
    if r < 0.14:
        return " ".join(str(rng.randint(10, 99)) for _ in range(rng.randint(1, 4))), "numbers"
    if r < 0.27:
        return fill(rng, rng.choice(COMMANDS)), "command"
    if r < 0.57:
        return " ".join(rng.choice(SINGLE) for _ in range(rng.randint(1, 6))), "words"
    return fill(rng, rng.choice(SENTENCES)), "sentence"


def easy(rng):
    return " ".join(str(rng.randint(0, 9)) for _ in range(rng.randint(1, 4))), "digits"


def say(rng, held, kinds=None):
    """Held out are the texts that fold to 0 of 20; short commands and digits are few and always trained."""
    while True:
        text, kind = spoken(rng)
        if (fold(text, 20) == 0) == held and (not kinds or kind in kinds):
            return text, kind


OFFICIAL = ("Transcribe the following speech segment in its original language. Follow these specific instructions for "
            "formatting the output:\n* Only output the transcription, with no newlines.\n* When transcribing numbers, write "
            "the digits, i.e. write 1.7 and not one point seven, and write 3 instead of three.")
PROMPTS = [OFFICIAL] * 4 + [OFFICIAL.replace("in its original language", "in English into English text"), "Transcribe this.",
           "Transcribe:", "What was said?", "Write down what you hear.", "Transcribe the audio.", "What do you hear?",
           "Write this down, please.", "What am I saying?", "", ""]
NOTHING = "I did not understand that."


def with_audio(rng, prompt):
    return "<|audio|>" + prompt if rng.random() < 0.45 else prompt + "<|audio|>"


def listen(rng, text, held=False, second=None):
    """A row about one utterance (text None: no speech): its transcription, and for some a question about it after that."""
    answer = text if text is not None else NOTHING
    turns = [(with_audio(rng, rng.choice(PROMPTS)), answer, None)]
    if second if second is not None else rng.random() < 0.3:
        turns.append(question(rng, text, held) + (None,))
    return conversation(turns, system_text(rng))


# ---- questions about what was said

FIRST = ["What was the first word?", "Which word came first?", "What is the first word?", "How does it begin?",
         "With which word does it start?", "Tell me the first word."]
LAST = ["What was the last word?", "Which word came last?", "What is the last word?", "How does it end?",
        "With which word does it stop?", "Tell me the last word."]
MANY = ["How many words are that?", "How many words did I say?", "Count the words.", "How many words did you hear?"]
AGAIN = ["Repeat that.", "Say that again.", "Please repeat it.", "What did I say?", "Once more, please."]
MENTIONED = ["Did I say {w}?", "Did I mention {w}?", "Was there the word {w}?", "Is {w} in it?"]


def _bare(word):
    return word.strip(".,?!")


def question(rng, text, held=False):
    """(question, answer) about a transcription; held-out is the combination of the wording and the text."""
    if text is None:
        return rng.choice(AGAIN + FIRST + LAST + MANY), NOTHING
    words = [_bare(w) for w in text.split()]
    for _ in range(50):
        r = rng.random()
        if r < 0.25:
            q, a = rng.choice(FIRST), "The first word was %s." % words[0]
        elif r < 0.5:
            q, a = rng.choice(LAST), "The last word was %s." % words[-1]
        elif r < 0.65 and len(words) <= 9:
            q, a = rng.choice(MANY), "%d word%s." % (len(words), "" if len(words) == 1 else "s")
        elif r < 0.8:
            q, a = rng.choice(AGAIN), text
        else:
            said = rng.random() < 0.5
            w = rng.choice(words) if said else rng.choice(LEXICON)
            said = w.lower() in [x.lower() for x in words]
            q, a = rng.choice(MENTIONED).format(w=w), "Yes, you said %s." % w if said else "No, you did not say %s." % w
        if (fold(q + text, 10) == 0) == held:
            break
    return q, a
