"""Writes the requests that the rule engines are compared on: benign, seeded, and many of each kind,
so that a cache of whole values gains no more than it would from real clients.

    python3 corpus.py FOLDER

FOLDER gets a file a kind, KIND.requests. In it, each request is its length in bytes in decimal, a
line feed, and the HTTP/1.1 message as on the wire, body included:

    min    GET / with three headers
    get    a browser's page load: a path, 3 or 4 arguments, 10 to 14 headers, 2 to 4 cookies
    form   a browser's post of 12 urlencoded fields
    json   an API client's post of 10 KiB with about 290 leaves

Invariant: the bytes depend on nothing but this file; only Random.random is used, whose sequence
Python keeps. Non-goal: attacks; the hostile cases are measured where the engine is.
"""

import json
import pathlib
import sys
from random import Random
from urllib.parse import quote_plus

COUNTS = {"min": 500, "get": 4000, "form": 2000, "json": 300}
JSON_BYTES = 10 * 1024

WORDS = """about above after again along also always among amount animal another answer apple around
autumn balance basket because before behind better between black blue board boat book bottle bread
bright bring brother brown butter button camera candle carpet center chair change cheese child circle
clean clear clock cloud coffee color corner cotton country couple cover credit crossing current
daughter december delivery design dinner distance double dress early earth eight enough evening every
family farmer father favorite feather figure finger finish flower follow forest fresh friday friend
front garden gentle glass gold grain green ground group guitar happy harbor heavy height holiday
honey house hundred island jacket january journey kitchen ladder large later leather lemon length
letter light little lively longer lunch machine market material matter meadow medium member metal
middle minute modern monday month morning mother mountain music narrow nature needle neighbor nine
north notice number ocean office orange orchard outside package paper parcel pattern pencil people
pepper picture piece plain planet plenty pocket pretty quality quarter quick quiet rabbit rather
ready reason record region rest return river round saturday school season second seven shelf shirt
short silver simple sister small smooth soft south spring square station steel still stone story
street strong summer sunday sweater table thank their third thousand ticket today together tomorrow
towel town travel twelve under until valley value very village violet voice walnut warm water weather
week weight west wheat white whole window winter wonder wooden world writer yellow young""".split()
# Words of ordinary text that shells and SQL have as well.
SHARED = "and the from with for like find order group table set cat make who top last it's".split()
FIRST = "Anna Ben Carla David Emma Felix Grace Henry Ida Jonas Karin Lukas Maria Nora Oscar Paula".split()
LAST = "Adams Baker Clarke Diaz Evans Fischer Garcia Hansen Ivanova Jones Keller Lopez Meyer Novak".split()
CITIES = "Berlin Bristol Denver Dublin Graz Lisbon Lyon Malmo Oslo Porto Turin Utrecht Vienna Zurich".split()
AGENTS = [
    form.format(version)
    for version in range(128, 143)
    for form in (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    )
]
LANGUAGES = ["en-US,en;q=0.9", "en-GB,en;q=0.8", "de-DE,de;q=0.9,en;q=0.7", "fr-FR,fr;q=0.9,en;q=0.6"]
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
HOST = "shop.example.com"


class Draw:
    """Choices out of one seed."""

    def __init__(self, seed):
        self.random = Random(seed).random

    def below(self, count):
        return int(self.random() * count)

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def of(self, options):
        return options[self.below(len(options))]

    def text(self, alphabet, length):
        return "".join(self.of(alphabet) for _ in range(length))

    def words(self, low, high):
        return [self.of(WORDS) for _ in range(self.between(low, high))]

    def sentence(self, low, high):
        words = self.words(low, high)
        for place, word in enumerate(words):
            chance = self.below(8)
            if chance == 0:
                words[place] = word + ","
            elif chance < 3 and place > 0:
                words[place] = self.of(SHARED)
        return " ".join(words).rstrip(",").capitalize() + self.of(".....?!")

    def token(self, length):
        return self.text("0123456789abcdef", length)

    def uuid(self):
        return "-".join(self.token(length) for length in (8, 4, 4, 4, 12))

    def date(self):
        return f"20{self.between(20, 29)}-{self.between(1, 12):02}-{self.between(1, 28):02}"

    def person(self):
        return self.of(FIRST), self.of(LAST)


def message(method, target, headers, body=b""):
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def path(draw):
    return "/" + "/".join("-".join(draw.words(1, 3)) for _ in range(draw.between(2, 4)))


def cookies(draw):
    found = [
        ("session", draw.token(32)),
        ("theme", draw.of(["dark", "light", "system"])),
        ("last_seen", str(1_700_000_000 + draw.below(100_000_000))),
        ("cart", draw.uuid()),
    ]
    return "; ".join(f"{name}={value}" for name, value in found[: draw.between(2, 4)])


def browser(draw, extra):
    """The headers of a browser; some of them only now and then."""
    headers = [
        ("Host", HOST),
        ("User-Agent", draw.of(AGENTS)),
        ("Accept", PAGE),
        ("Accept-Language", draw.of(LANGUAGES)),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Referer", f"https://{HOST}{path(draw)}"),
        ("Cookie", cookies(draw)),
        ("Sec-Fetch-Dest", "document"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"),
    ]
    sometimes = [
        ("Sec-Fetch-User", "?1"),
        ("Upgrade-Insecure-Requests", "1"),
        ("DNT", "1"),
        ("Cache-Control", "max-age=0"),
    ]
    return headers + extra + sometimes[: draw.between(0, 4)]


def min_request(draw):
    headers = [("Host", HOST), ("User-Agent", draw.of(AGENTS)), ("Accept", "*/*")]
    return message("GET", "/", headers)


def get_request(draw):
    arguments = [
        ("q", "+".join(draw.words(1, 4))),
        ("page", str(draw.between(1, 99))),
        ("ref", draw.uuid()),
        ("since", draw.date()),
    ]
    query = "&".join(f"{name}={value}" for name, value in arguments[: draw.between(3, 4)])
    return message("GET", f"{path(draw)}?{query}", browser(draw, []))


def form_request(draw):
    first, last = draw.person()
    fields = [
        ("first_name", first),
        ("last_name", last),
        ("email", f"{first}.{last}{draw.below(1000)}@example.com".lower()),
        ("street", f"{draw.between(1, 200)} {draw.of(WORDS).capitalize()} Street"),
        ("city", draw.of(CITIES)),
        ("postcode", str(draw.between(10000, 99999))),
        ("phone", f"0{draw.between(100, 999)} {draw.between(1000000, 9999999)}"),
        ("born", draw.date()),
        ("newsletter", draw.of(["yes", "no"])),
        ("plan", draw.of(["basic", "family", "business"])),
        ("order", draw.uuid()),
        ("message", " ".join(draw.sentence(6, 12) for _ in range(draw.between(2, 4)))),
    ]
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields).encode()
    extra = [
        ("Origin", f"https://{HOST}"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
    ]
    return message("POST", path(draw), browser(draw, extra), body)


def json_item(draw):
    return {
        "id": draw.between(1000, 999999),
        "sku": draw.text("ABCDEFGHKLMNPRSTUVWXYZ", 3) + "-" + draw.text("0123456789", 6),
        "name": " ".join(draw.words(2, 5)),
        "quantity": draw.between(1, 12),
        "price": draw.between(100, 99999) / 100,
        "gift": draw.below(2) == 0,
        "color": draw.of(["black", "blue", "green", "red", "white"]),
        "tags": draw.words(2, 2),
        "note": draw.sentence(16, 26),
        "box": {"width": draw.between(1, 90), "height": draw.between(1, 90)},
    }


def json_request(draw):
    first, last = draw.person()
    document = {
        "order": draw.uuid(),
        "placed": draw.date(),
        "customer": {"first": first, "last": last, "city": draw.of(CITIES)},
        "items": [json_item(draw) for _ in range(23)],
        "remark": "",
    }
    # The remark takes up what is missing, so that all are of one size.
    missing = JSON_BYTES - len(json.dumps(document))
    remark = ""
    while len(remark) < missing:
        remark += draw.sentence(6, 12) + " "
    document["remark"] = remark[:missing]
    body = json.dumps(document).encode()
    headers = [
        ("Host", "api.example.com"),
        ("User-Agent", f"orders/{draw.between(1, 9)}.{draw.between(0, 20)}"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", draw.uuid()),
    ]
    return message("POST", f"/v1/orders/{draw.between(1, 99999)}", headers, body)


KINDS = {"min": min_request, "get": get_request, "form": form_request, "json": json_request}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (kind, make) in enumerate(KINDS.items()):
        draw = Draw(seed)
        with open(folder / f"{kind}.requests", "wb") as output:
            for _ in range(COUNTS[kind]):
                request = make(draw)
                output.write(b"%d\n%s" % (len(request), request))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
