"""What tells that a phrase is about people: nouns for persons, and given names.

Faces are found in people only, and a capitalised name may be a town's, a firm's or a ship's. So a phrase is
about a person where a word says so, and not because nothing speaks against it.
"""

from __future__ import annotations

import re

from visprog.nouns import singular
from visprog.planner.examples import word_classes
from visprog.planner.examples.phrases import head, is_proper


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSONS = word_classes.ROLES | _words(
    """
    acrobat actor actress adult agent ambassador astronaut athlete attorney audience aunt author baby
    baker ballerina barber barista bartender batter biker bishop bloke boss boxer boy boyfriend bride
    bridegroom bridesmaid brother builder butcher buyer bystander cameraman captain carpenter cashier
    catcher cellist ceo chancellor cheerleader chef chemist chief child clerk client climber clown coach
    colleague colonel commuter conductor cook cop couple courier cousin cowboy coworker criminal crowd
    customer cyclist dad dancer daughter dentist detective diver dj doctor driver drummer duchess dude
    duke elder electrician employee employer engineer fan farmer father fiance fiancee firefighter fireman
    fisherman founder friend gal gardener gentleman girl girlfriend goalie goalkeeper golfer graduate
    grandfather grandma grandmother grandpa grandparent granny groom guard guest guitarist guy gymnast
    hairdresser hiker host hostess human hunter husband imam infant jockey jogger journalist judge juggler
    juror kid king knight lady lawyer lord magician mailman major man manager mayor mechanic minister
    model moderator mom monk mother mum musician neighbor neighbour nephew niece nun nurse officer
    onlooker owner painter paramedic parent passenger passer-by pastor patient pedestrian pensioner people
    person photographer pianist pilot pitcher plumber poet policeman policewoman politician pope postman
    presenter president priest prince princess prisoner professor programmer protester pupil queen rabbi
    rapper receptionist referee relative reporter rider runner sailor salesman salesperson santa schoolboy
    schoolgirl scientist sculptor secretary seller senator senior sergeant shepherd sibling singer sister
    skater skier snowboarder soldier son speaker spectator spouse spy steward stewardess stranger striker
    student surfer surgeon suspect swimmer tailor taxi-driver teacher teenager therapist thief toddler
    tourist trumpeter twin umpire uncle vendor vet veteran victim viewer violinist visitor waiter waitress
    wife witness woman worker wrestler writer youngster
    """
)
"""Nouns for persons, in the singular."""

_PERSON = re.compile(r"..(?:woman|man|person|boy|girl|mother|father|ist|players?)$")
_NO_PERSON = _words("mist fist list wrist twist talisman ottoman cayman")

GIVEN_NAMES = _words(
    """
    aaron abigail abraham adam adele adrian agatha agnes ahmed aisha akira alan albert alejandro
    alessandro alexander alexandra alexei alfred alice alicia alison amanda amelia amy ana anastasia
    andrea andreas andrei andrew andy angela angelina anita ann anna anne annette annie anthony antoine
    anton antonio aretha ariana arnold arthur audrey auguste ava barack barbara barbra beatrice ben
    benedict benjamin bernard bernie bert beth betty beyonce bill bjorn bob boris brad bradley brandon
    brenda brian brigitte britney bruce bruno bryan calvin cameron camille carl carla carlos carmen carol
    caroline cate catherine cecilia charles charlie charlotte cher chloe chris christian christina
    christine christopher claire clara claude claudia clint colin cristiano cynthia daniel daniela danny
    david dean deborah denise dennis denzel diana diane diego dmitri dolly dominic donald donna doris
    dorothy douglas dustin dwayne ed eddie edgar edith edmund eduardo edward edwin eleanor elena eleonora
    elijah elisabeth elizabeth ella ellen elon elton elvis emanuel emil emily emma emmanuel enrico eric
    erik ernest erwin esther ethan eugene eva evelyn fatima federico felix ferdinand fernando fidel fiona
    francesca francesco francis francois frank franz fred freddie frederic frida friedrich fyodor gabriel
    gabriela gareth gary geoffrey george gerard gerhard gianni gina giorgio giovanni giuseppe gloria greg
    greta guido gustav hannah hans harald harriet harrison harry harvey heather heidi heinrich helen
    helena helmut henri henry herbert hermann hillary hugh hugo humphrey ian igor indira ingrid irene
    isaac isabel isabella ivan jacob jacqueline jacques jakob jamal james jamie jan jane janet jared
    javier jean jeff jeffrey jennifer jenny jeremy jerry jessica jill jim jimi jimmy joachim joan joanna
    joanne joe joel johan johann johannes john johnny jon jonas jonathan jorge jose josef joseph joshua
    juan judith judy jules julia julian julie juliet juliette julius justin kamala karen karin karl kate
    katharina katharine katherine kathleen kathy katie katrin keanu keith kelly ken kenneth kevin kim kofi
    konrad kristen kurt kylie lara larry laura lauren laurence leah leila lena leo leon leonard leonardo
    leonhard leonid leslie lewis liam linda lionel lisa liza lorenzo loretta louis louisa louise luca
    lucas lucia lucy ludwig luigi luis luisa lukas luke mahatma malala malcolm marc marcel marco marcus
    margaret margarita margot maria mariah marie marilyn mario marion marlene marlon martha martin martina
    mary mateo matt matteo matthew matthias maurice max maximilian megan melanie melissa meryl mia michael
    michel michelle mick miguel mike mikhail miranda miriam mohamed mohammed monica morgan muhammad nadia
    naomi natalia natalie natasha neil nelson niccolo nicholas nick nicolas nicole niels nigel nikita
    nikola nikolai nina noah nora norman oleg olga oliver olivia omar oprah oscar oskar otto pablo pamela
    patricia patrick paul paula pauline pedro penelope peter philip philippe phoebe phyllis pierre placido
    priscilla quentin rachel rafael ralph raphael raymond rebecca renate rene ricardo richard rihanna rita
    robert roberto robin rodrigo roger roland ron ronald rosa rosalind rosie ruth ryan sabrina salma
    salvador sam samantha samuel sandra sarah saskia scarlett sean sebastian serena sergei sergey sharon
    sheila shirley sigmund silvia simon simone sonia sophia sophie stanley stefan stefanie stella
    stephanie stephen steve steven stuart susan suzanne sven svetlana sylvia tatiana ted teresa terry theo
    theodore theresa thomas tilda tim timothy tina tobias tom tommy tony tracy ulrich uma umberto ursula
    usain valentina valeria vanessa veronica viktor vincent vittorio vivien vladimir walter wayne wendy
    werner whitney wilhelm willem william willy winston wolfgang xavier yasmin yoko yuri yves yvonne
    zinedine zoe
    """
)
"""Given names that are not, in small letters, words as well."""

FAMILY_NAMES = _words(
    """
    beckham beethoven biden chaplin churchill clinton curie darwin djokovic einstein federer gandhi hawking
    hitchcock kennedy lennon macron mandela maradona mccartney merkel messi mozart nadal napoleon neymar obama
    picasso presley putin rembrandt ronaldo roosevelt schumacher shakespeare spielberg tarantino trump zidane
    """
)
"""Family names under which persons are known without another."""

_PLACES = _words(
    """
    street road avenue lane square place park garden gardens plaza station airport port harbour harbor beach
    bay valley canyon falls hill hall house hotel hospital school college university library centre center
    vineyard island islands gate arch dome abbey basilica chapel
    """
)
"""Last words of the names of places."""

_TITLES = _words(
    "mr mrs ms dr sir dame lord lady prof professor president queen king prince princess pope saint"
)


def is_person(phrase: str) -> bool:
    """Whether a phrase is about a person or persons, or is a name: 'bride with the red hat', 'Obama'."""
    noun = singular(head(phrase).casefold())
    if noun in PERSONS or _suffixed(noun):
        return True
    return is_person_name(phrase) if phrase.isupper() else is_proper(phrase)


def _suffixed(noun: str) -> bool:
    return noun not in _NO_PERSON and _PERSON.search(noun) is not None


def is_person_name(name: str) -> bool:
    """Whether a capitalised name is a person's: with a given name, a title or a well-known family name."""
    first = name.replace("'s", "").split()[0].strip(".").casefold()
    last = name.split()[-1].casefold()
    if last in word_classes.NAMED or last in _PLACES:
        return False  # "Charles Bridge"
    return first in _TITLES or first.split("-")[0] in GIVEN_NAMES or last in FAMILY_NAMES
