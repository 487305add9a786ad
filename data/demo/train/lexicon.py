# lexicon.py: the words of the demonstration model's world, and what is drawn from them.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# LEXICON is what the model can hear and write down.  NAMING are the words of tools, parameters and values, for which it
# must copy what it has never met: four fifths of them are for training, the rest ("held") for the evaluation alone.
import hashlib
import os


def fold(text, n):
    """A number below n that the text alone decides: how everything is split into trained and held-out."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) % n


W = str.split
NAMES = W("Anna Ben Clara David Emma Frank Grace Henry Julia Kevin Laura Martin Nina Oscar Paul Rosa Sam Tom Victor Maria "
          "Peter Lucy Jack Alice Robert Linda Simon Helen Daniel Sophie George Carol Adam Diana Eric Fiona Hugo Irene Jacob "
          "Karen Leo Monica Nathan Olivia Patrick Rachel Steven Teresa Walter Wendy")
ANIMALS = W("cat dog horse cow sheep goat pig chicken duck rabbit mouse lion tiger bear wolf fox monkey elephant bird frog "
            "snake turtle donkey camel eagle owl parrot penguin pigeon swan goose turkey shark whale dolphin spider bee ant "
            "butterfly squirrel hamster kangaroo zebra giraffe crocodile lizard beetle deer")
FOODS = W("bread butter cheese milk water coffee tea juice soup rice pasta pizza salad cake chocolate sugar honey meat fruit "
          "lemonade pepper salt vinegar yoghurt cream bacon ham beef pork toast porridge jam mustard garlic spinach cabbage "
          "lettuce pumpkin broccoli popcorn pudding cinnamon vanilla ginger wine beer cider")
THINGS = W("table chair bed lamp door window book pen pencil letter bag box bottle cup plate knife fork spoon key phone "
           "computer camera clock radio picture map ticket umbrella coat hat shirt jacket ring ball guitar piano bicycle "
           "basket blanket mirror candle hammer ladder pillow curtain carpet drawer shelf cupboard oven fridge kettle bucket "
           "brush towel soap sponge rope saw nail screw glove scarf belt boot shoe sock sweater dress skirt watch necklace "
           "purse wallet coin stamp envelope notebook newspaper magazine poster calendar keyboard printer speaker battery "
           "cable tent backpack suitcase passport drum violin trumpet flute whistle puzzle kite doll balloon helmet bus train "
           "truck boat canoe tractor rocket wheel engine fence bench statue fountain lantern vase telescope")
PLURALS = W("apples oranges bananas lemons potatoes tomatoes onions carrots eggs books chairs letters bottles keys tickets "
            "flowers stones boxes photos pages cherries pears plums peaches mushrooms beans cookies sandwiches buttons pencils "
            "plates glasses candles shirts shoes stamps coins balloons trees roses leaves feathers shells bricks cards")
PLACES = W("kitchen garden house school park library station hotel bank market office museum hospital church beach river "
           "lake forest mountain village city bridge farm island airport restaurant shop tower castle harbour bathroom bedroom "
           "cellar attic balcony garage corridor theatre cinema stadium factory bakery pharmacy university playground desert "
           "valley waterfall cave field meadow pond street square corner tunnel palace zoo circus camp")
CITIES = W("London Paris Berlin Rome Madrid Vienna Oslo Dublin Lisbon Athens Prague Warsaw Boston Chicago Toronto Sydney "
           "Moscow Cairo Tokyo Delhi Istanbul Helsinki Stockholm Copenhagen Brussels Amsterdam Barcelona Milan Naples Munich "
           "Hamburg Zurich Geneva Budapest Denver Dallas Seattle Montreal Manchester Liverpool")
COLOURS = W("red blue green yellow black white brown grey orange purple pink")
ADJS = W("big small old new heavy fast slow hot cold warm clean dirty empty full happy sad tired hungry quiet loud beautiful "
         "expensive cheap broken long short strange wonderful famous little young tall wide narrow deep thick thin round flat "
         "sharp soft hard smooth rough wet dry bright dark fresh sweet sour bitter spicy salty strong rich poor brave "
         "clever lazy gentle angry nervous proud jealous careful careless polite rude honest friendly funny serious boring "
         "exciting difficult simple dangerous safe modern ancient plain fancy busy noisy calm wild tiny huge gigantic perfect "
         "terrible lovely ugly pretty silly golden silver wooden plastic frozen hidden secret sudden popular lonely curious "
         "grateful healthy sleepy thirsty")
PEOPLE = W("teacher doctor driver farmer nurse pilot baker singer painter waiter student neighbour brother sister mother "
           "father friend uncle aunt captain lawyer judge soldier sailor butcher carpenter plumber mechanic engineer scientist "
           "writer poet actor dancer musician photographer journalist gardener dentist barber tailor grandmother grandfather "
           "cousin nephew niece husband wife daughter son child baby boy girl man woman guest visitor stranger manager king "
           "queen prince princess policeman librarian")
PAST = W("found bought sold carried opened closed cleaned painted washed lost broke moved stole borrowed needed wanted forgot "
         "liked saw dropped hid fixed lifted pushed pulled kicked threw caught held touched packed wrapped counted measured "
         "checked tested mended burned buried covered filled emptied kept sent received returned noticed admired described "
         "ordered")
BASE = W("find buy sell carry open close clean paint wash move steal borrow need want forget like see drop hide fix lift push "
         "pull kick throw catch hold touch pack wrap count measure check test mend burn bury cover fill empty keep send "
         "receive return notice admire describe order")
GOING = W("walking running swimming dancing singing laughing crying sleeping reading writing cooking working waiting smiling "
          "talking listening shouting whispering sitting standing jumping climbing falling fishing shopping painting playing "
          "studying resting dreaming hiking skating")
TIMES = W("today tomorrow now soon later again tonight")
PTIMES = ["yesterday", "last week", "this morning", "last night", "on Monday", "on Friday", "before lunch", "after dinner",
          "in the evening", "last summer", "last winter", "at noon", "at midnight", "after breakfast", "an hour ago",
          "two days ago", "in the afternoon", "last month", "last spring", "last autumn"]
DAYS = W("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = W("January February March April May June July August September October November December")
WEATHER = W("rain snow wind fog sunshine thunder lightning hail frost ice clouds storms")
SUBJECTS = W("music history science football chess weather money cooking dancing swimming travel school politics religion "
             "philosophy medicine biology chemistry physics geography mathematics grammar poetry literature fashion gardening "
             "fishing cycling tennis basketball baseball painting photography architecture business traffic nature space "
             "computers language holidays birthdays health exercise friendship happiness peace")
ADVS = W("slowly quickly quietly carefully always never often suddenly gently loudly happily sadly easily nearly really "
         "usually sometimes rarely finally secretly politely bravely badly perfectly together alone outside upstairs "
         "downstairs everywhere")
BODY = W("head hand foot arm leg finger nose ear eye mouth shoulder knee back neck elbow thumb tooth hair face heart")
MATERIAL = W("wood metal glass paper stone cotton leather wool silk gold iron copper clay rubber")
COUNTRIES = W("England France Germany Spain Italy Portugal Norway Sweden Denmark Finland Poland Greece Turkey Egypt India "
              "China Japan Brazil Mexico Canada Australia Ireland Scotland Holland")
FORMS = W("circle triangle line star cross diamond heart arrow")
PREPS = ["in", "near", "behind", "under", "next to", "in front of", "on top of", "inside", "above", "below", "beside",
         "between", "beyond", "around", "opposite", "across from"]
MORE = W("about after afternoon age air almost already also answer anything area arrive art ask autumn away because become "
         "before begin behind believe best better birthday blood board body bottom break breakfast breath build burn business "
         "call care case catch cause chance change choice class climb cloud cold complete cook copy cost cotton "
         "cover crowd cry dance danger date daughter day death decide dinner dream drink drive dust early earth east edge "
         "effort energy enough enter entrance evening event every example eye fact fair faith family fear feeling fever "
         "fight film finish fire floor flower fly follow food force forever forget forward freedom front future game gift "
         "glad goal grass ground group grow guess habit half happen health hear heat height help hero history hole home hope "
         "hour hurry idea important inch information invite job join joke journey joy jump kind kiss knowledge land language "
         "laugh law lead leader learn leave less lesson level lie life light limit list listen live loss love luck lunch "
         "machine magic mail main maybe meal meaning measure medicine member memory message middle mind minute miss "
         "mistake moment money month moon morning motor move movie name nation nature neck news night noise north "
         "nothing number ocean offer oil opinion order other owner pain pair party past path patience pay people permission "
         "person pity plan plant play pleasure point poison power practice prepare present price prize problem promise "
         "proof purpose quarter question race rain reach reason record repeat reply report request rest result rhythm road "
         "rock roof room rule sand scale scene science season second sentence service shadow shape share shore shoulder "
         "shout show shower sight sign silence sister skill skin sky sleep smell smile smoke snow society soil song soul sound "
         "source south space speech speed spirit sport spring stage start state steam step stick stop storm story "
         "stream strength study style success summer supper support surface surprise table talk taste teach team "
         "temperature thought throat time title tongue tool top touch town trade travel trip trouble trust truth turn "
         "understand value victory view visit voice wait walk wall war wash watch wave weather week welcome west "
         "window winter wish wonder word work world worry wrong year yesterday young")
SLOTS = dict(name=NAMES, animal=ANIMALS, food=FOODS, thing=THINGS, plural=PLURALS, place=PLACES, city=CITIES, colour=COLOURS,
             adj=ADJS, person=PEOPLE, past=PAST, base=BASE, time=TIMES, ptime=PTIMES, day=DAYS, month=MONTHS, weather=WEATHER,
             subject=SUBJECTS, adv=ADVS, prep=PREPS, going=GOING, body=BODY, material=MATERIAL, country=COUNTRIES, form=FORMS,
             word=MORE)

_here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(_here, "words.txt"), encoding="utf-8") as f:
    WORDS = f.read().split()
_slot_words = {w for v in SLOTS.values() for p in v for w in p.split()}
NAMING = sorted(set(WORDS) | {w for w in _slot_words if w.islower() and 2 < len(w) < 12})
NAMING_TRAIN = [w for w in NAMING if fold("naming " + w, 5)]
NAMING_HELD = [w for w in NAMING if not fold("naming " + w, 5)]


def naming(held):
    return NAMING_HELD if held else NAMING_TRAIN
