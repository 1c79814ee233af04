"""Plain words permitted in a sentence besides those of its evidence and the film's record.

A closed list, because this check needs no knowledge of language or the world: names, instructions, links and foreign
words are not on it. The words make no claim about a film that would have to be true: no praise by others, awards,
numbers, genres, names or plot events.
"""

_TEXT = """
a about across actor actors actress add added adds after afternoon again ahead alike all almost along alongside also
although always am amid among an and another answer answers any anybody anyone anything appeal appealing appeals apt
are around arrive as ask asked asking at available await awaits away back bare basic be bear bears because been before
begin begins behind being belong belongs beside besides between beyond big bit blend both bring brings broad brought
build builds built but by call calls calm came can carries carry cast casual catch caught center central centre
certain chance chances check choice choices choose chosen cinema cinematic cinematography clear clearly close closely
closer come comes coming common companion company comparable connect connected connects consistent constant content
continue continues core corner could count counts credit credits day days decade decades deep deeply definite deliver
delivers deserve deserves did different direct directed directing direction directly director director's directors
directs distinct do does doing done dose down draw drawing drawn draws due each easily easy echo echoes either enjoy
enjoyable enjoyed enjoying enough entire equal equally especially essential even evening ever every everyone exact
exactly explore explores exploring extend extends fair fairly familiar fan fans far favour feature features featuring
feel feels felt film film's filmmaker filmmaker's films find finding finds fine firm firmly fit fits fitting flavor
flavour follow following follows for form forward found fresh friendly from full fully further gather gave general
generally genre genres gentle genuine get gets getting give given gives giving glad go goes going good grab grabs
ground grow had hand hands handy happy has have having he heart help helps hence her here here's him hint his hold
holds home honest hour hours how i'd idea ideal if immediate in included including indeed inside interest interested
interesting interests into is it it's its itself join joins just keen keep keeping keeps key keyword kind kinds know
known knows land lands language lead leading leads lean leans leave leaves let let's lets lie lies light likable like
liked likely likes likewise liking line lines link linked links list little live lives local logical look looked
looking looks lot lots made main mainly make maker makers makes making many mark marked match matched matches matching
may maybe mean means meet meeting meets mention middle might mild mind mix mixes modest moment mood moods more mostly
move moves movie movies much must natural naturally nature near nearby neat need needs neighbor neighbour next nice
night note now odd of off offer offering offers often on once one ones only onto open opens or other others otherwise
out outright over overall overlap overlaps own pair paired pairs part particular particularly parts pass path people
perhaps personal pick picked picking picks piece place places plain plainly play played playing plays pleasant pleased
plenty plus point points possible prefer preferred present probably promise promises proper pull pulls put puts queue
quiet quite rather reach reaches read ready real really reason reasonable reasons recall recalls recommend
recommendation recommended regular related relative relatives reliable remain remains remember remind reminds rest
return returns right round run running runs sake same satisfy satisfying scratch screen search searched searching see
seeing seek seeking seem seems sense sensible series set sets several shall share shared shares sharing she shelf
should show shows sibling side sign similar similarly simple simply since sit sits slice slight slightly slot small
smart smooth so solid some somebody someone something sometimes somewhere soon sort sorts sound sounds spare speak
speaks specific spend spirit spot stand stands star starred starring stars start starting starts stay stays steady
step steps stick still stories story straight strong strongly style subject subjects subtle such suggest suggestion
suggests suit suitable suited suits sure surely sweet take taken takes taking tale talk taste tastes tell telling
tells tend tends term terms territory than thanks that that's the their them theme themed themes then there there's
these they they're thing things think thinking this those though thread threads through throughout thus tie tied ties
time times title titles to today together told tone tonight too topic topics touch touched touches toward towards
trace track tradition trait traits true truly try turn turning turns twin typical under unmistakable until up use used
usual usually various vein version very vibe viewing want wanted wants warm was watch watched watching way ways
weekend welcome well went were what what's whatever when where whether which while who who's whole whom whose why wide
widely will with wonder wondering work worked working works world worlds worth would write writes year years yes yet
you you'd you'll you're you've your yours
"""

PLAIN_WORDS = frozenset(_TEXT.split())

# Words of the list that make a claim, and further words that only evidence allows.
LIKING = frozenset(
    ("like", "likes", "liked", "liking", "enjoy", "enjoyed", "enjoying", "prefer", "preferred", "fan", "fans")
)
LIKED = frozenset(("liked", "enjoyed", "preferred"))
WATCHED = frozenset(("watched", "seen", "saw"))
LOOKED = frozenset(("looked", "looking"))
MAYBE = frozenset(("may", "might", "could", "should", "will", "would", "you'll"))
ASKED = frozenset(("ask", "asked", "asking", "search", "searched", "searching", "seek", "seeking", "wanted"))
FAMOUS = frozenset(("known", "popular", "best-known", "well-known", "widely-known"))
DIRECTING = frozenset(
    ("directed", "directs", "directing", "direction", "director", "directors", "director's", "filmmaker",
     "filmmaker's", "filmmakers", "maker", "makers", "made", "by", "hand")
)  # fmt: skip
ACTING = frozenset(
    ("star", "stars", "starring", "starred", "cast", "actor", "actors", "actress", "play", "plays", "played", "playing",
     "feature", "features", "featuring", "with", "has")
)  # fmt: skip
