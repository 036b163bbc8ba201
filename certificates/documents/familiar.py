"""Which parts a document is made of, so that a part the PDF/A validator approved once need not be judged again.

A part is an object in its role (the keys that lead to it), with everything that PDF/A has a rule about: keys, names, types, flags,
boxes, filters, colour spaces. Left out are only the words and amounts that differ from one certificate to the next, and what
rules depend on those is checked here, each time: lengths, counts, glyphs and their widths, operators and their operands, nesting,
which resources and which attached files are named. Whatever is not understood here raises Unfamiliar, and the whole validator decides.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from . import glyphs
from .glyphs import Unfamiliar
from .structure import Malformed, Number, Object, Ref, Structure, Text, Value

# Dictionaries whose keys are names given by the writer.
_MAPS = {"/Font", "/XObject"}
# Amounts and words that differ between certificates; each is checked here, or no rule depends on it.
_FILE = "Catalog /Names /EmbeddedFiles /Names *"
_FREE = {
    "Catalog /Pages /Count", "/Font * /FirstChar", "/Font * /LastChar", "/Font * /Name", "/Font * /FontDescriptor /FontFile2 /Length1",
    "Info /Title", "Info /Author", "Info /Subject", "Info /Keywords", f"{_FILE} /F", f"{_FILE} /UF", f"{_FILE} /Desc",
    f"{_FILE} /EF * /Params /Size",
}  # fmt: skip
_TAGGED = {"/BaseFont", "/FontName"}  # AAAAAA+Name: the tag of a subset
_SINGLE = {"/Kids", "/AF"}  # lists of parts that are alike
_EDITED = re.compile(rb"<(rdf:li|pdf:Keywords)([^<>]*)>([^<>]*)</")
_DATED = re.compile(rb"<(xmp:CreateDate|xmp:ModifyDate)>\d{4}-\d\d-\d\dT00:00:00\+00:00</")
_NUMBER = rb"-?+(?:\d{1,9}+(?:\.\d{0,9}+)?+|\.\d{1,9}+)"
# An operation: array of numbers, numbers, name with a number, string or marked text, operator.
_OPERATION = re.compile(
    rb"((\[(?:%(n)s\s+)*%(n)s\]\s+)?((?:%(n)s\s+)*+)(?:/([A-Za-z0-9+.]++)\s+((?:%(n)s\s+)?))?"
    rb"(?:(\([^()\\]*+(?:\\(?:[0-7]{3}|[()\\nrtbf])[^()\\]*+)*+\)|<</ActualText <[0-9A-F]*+>>>)\s+)?([A-Za-z]++\*?)(?:\s++|\Z))"
    % {b"n": _NUMBER}
)
# A run of operations on paths and matrices, which need nothing but their numbers of numbers: most of a drawing or a QR code.
_PLAIN = re.compile(rb"(?:(?:(?:%(n)s\s+){4}re|(?:%(n)s\s+){6}cm?|(?:%(n)s\s+){2}[lm])(?:\s++|\Z))++" % {b"n": _NUMBER})
# A line of text as it is mostly written: colour, place, and pieces that each name their font.
_PIECE = rb"/([A-Za-z0-9+.]++)\s+%(n)s\s+Tf\s+\(([^()\\]*+(?:\\(?:[0-7]{3}|[()\\nrtbf])[^()\\]*+)*+)\)\s+Tj\s+" % {
    b"n": _NUMBER
}
_PIECES = re.compile(_PIECE)
_LINE = re.compile(
    rb"BT\s+(?:%(n)s\s+){3}rg\s+(?:%(n)s\s+){2}Td\s+((?:%(piece)s)++)ET(?:\s++|\Z)" % {b"n": _NUMBER, b"piece": _PIECE}
)
_CHARACTER = re.compile(rb"\\[0-7]{3}|\\.|[^\\]", re.DOTALL)
_ESCAPED = {b"n": 10, b"r": 13, b"t": 9, b"b": 8, b"f": 12, b"(": 40, b")": 41, b"\\": 92}
# Operators with their operands: a number of numbers, and a for an array of numbers, N for a name, s for a string, m for marked text.
# What is not here (patterns, images, states, invisible text …) is not drawn by this house.
_ANYWHERE = {b"rg": "3", b"RG": "3", b"g": "1", b"G": "1", b"BDC": "0Nm", b"EMC": "0"}
_OUTSIDE = {
    **_ANYWHERE,
    b"q": "0", b"Q": "0", b"cm": "6", b"w": "1", b"J": "1", b"j": "1", b"M": "1", b"d": "1a", b"m": "2", b"l": "2", b"c": "6", b"v": "4",
    b"y": "4", b"h": "0", b"re": "4", b"S": "0", b"s": "0", b"f": "0", b"f*": "0", b"B": "0", b"B*": "0", b"b": "0", b"b*": "0", b"n": "0",
    b"W": "0", b"W*": "0", b"BT": "0", b"Do": "0N",
}  # fmt: skip
_INSIDE = {
    **_ANYWHERE,
    b"ET": "0", b"Td": "2", b"TD": "2", b"Tm": "6", b"TL": "1", b"T*": "0", b"Tf": "0N1", b"Tc": "1", b"Tw": "1", b"Tz": "1", b"Ts": "1",
    b"Tj": "0s",
}  # fmt: skip
# Those that change what is drawn with, or draw something that has to be there.
_NOTED = {b"Tj", b"Tf", b"BT", b"ET", b"q", b"Q", b"Do", b"BDC", b"EMC"}
_DRAWINGS = 1000  # of forms, remembered by their digests
_drawn: set[str] = set()
_NESTED = 12  # far below the 28 that PDF/A allows for page and form together


def parts(structure: Structure) -> frozenset[str]:
    """The parts of a document. Raises Unfamiliar or Malformed with what keeps them from being told."""
    walk = _Walk(structure)
    walk.visit(Ref(structure.root), "Catalog")
    walk.visit(Ref(structure.info), "Info")
    walk.finish()
    return frozenset(walk.found)


@dataclass
class _Walk:
    structure: Structure
    roles: dict[int, str] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    shown: dict[int, list[bytes]] = field(default_factory=dict)

    def visit(self, ref: Ref, role: str) -> None:
        number = ref.number
        if number not in self.structure.objects:
            raise Unfamiliar(f"object {number} is not there")
        if number in self.roles:
            if self.roles[number] != role:
                raise Unfamiliar(f"object {number} is both {self.roles[number]} and {role}")
            return
        self.roles[number] = role
        one = self.structure.objects[number]
        shape = self.shape(one.value, role)
        if one.stored is not None:
            shape += self.stream(one, role)
        self.found.add(f"{role} {shape}")

    def shape(self, value: Value, role: str) -> str:
        last = role.rpartition(" ")[2]
        if isinstance(value, Ref):
            if last != "/Parent":  # it leads back
                self.visit(value, role)
            return "R"
        if isinstance(value, dict):
            return self.dictionary(value, role, last)
        if isinstance(value, list):
            return self.list(value, role, last)
        if role in _FREE or last == "/Length":
            return "n" if isinstance(value, Number) else "s" if isinstance(value, Text) else "N"
        if isinstance(value, Text):
            return re.sub(r"\d", "0", repr(bytes(value))) if value.startswith(b"(D:") else repr(bytes(value))
        return value.partition("+")[2] if last in _TAGGED and value[7:8] == "+" else value

    def dictionary(self, value: dict[str, Value], role: str, last: str) -> str:
        if last in _MAPS:
            shapes = {self.shape(one, f"{role} *") for one in value.values()}
            return f"<<* {' '.join(sorted(shapes))}>>"
        if last == "/EF":  # the same stream under two names
            return f"<<{' '.join(sorted(value))} {' '.join(sorted({self.shape(one, f'{role} *') for one in value.values()}))}>>"
        # Pages and forms share fonts and forms, whichever of them leads there.
        above = "" if last == "/Resources" else f"{role} "
        shapes = [f"{key} {self.shape(value[key], above + key)}" for key in sorted(value)]
        return f"<<{' '.join(shapes)}>>"

    def list(self, value: list[Value], role: str, last: str) -> str:
        if last == "/Widths":
            if not all(isinstance(one, Number) for one in value):
                raise Unfamiliar("a width that is no number")
            return "[n]"
        if last == "/Names":
            if not value or len(value) % 2 or not all(isinstance(one, Text) for one in value[::2]):
                raise Unfamiliar("a tree of names")
            return f"[s {' '.join(sorted({self.shape(one, f'{role} *') for one in value[1::2]}))}]"
        if last in _SINGLE:
            return f"[{' '.join(sorted({self.shape(one, self.alike(role)) for one in value}))}]"
        return f"[{' '.join(self.shape(one, f'{role} [{place}]') for place, one in enumerate(value))}]"

    @staticmethod
    def alike(role: str) -> str:
        """An attached file is the same part whether the catalogue or the tree of names leads to it."""
        return _FILE if role == "Catalog /AF" else f"{role} *"

    def stream(self, one: Object, role: str) -> str:
        last = role.rpartition(" ")[2]
        value = one.value
        assert isinstance(value, dict)
        if role == f"{_FILE} /EF *":
            one.data()  # any file may be attached
            return ""
        if last == "/FontFile2":
            return ""  # together with the font that uses it
        data = one.data()
        if last == "/ToUnicode":
            lines = {re.sub(rb"<[0-9A-F]+>", b"<>", line) for line in data.splitlines()}
            return f" {sorted(re.sub(rb'[0-9]+|/CMapName.*', b'', line) for line in lines)}"
        if last == "/Metadata":
            return f" {_metadata(data)}"
        if last == "/Contents":
            return ""  # together with the page
        if value.get("/Subtype") == "/Form":
            digest = _digest(data)
            if digest not in _drawn:  # a form may name nothing, so its bytes alone decide
                self.draw(data, value, form=True)
                if len(_drawn) > _DRAWINGS:
                    _drawn.clear()
                _drawn.add(digest)
            return f" {digest}"
        return f" {_digest(data)}"

    def finish(self) -> None:
        """The rules that join several objects."""
        objects = self.structure.objects
        if unreached := objects.keys() - self.roles.keys():
            raise Unfamiliar(f"nothing leads to object {min(unreached)}")
        pages = self.of("Catalog /Pages")
        kids, count = pages.get("/Kids"), pages.get("/Count")
        if not isinstance(kids, list) or not kids or count != str(len(kids)):
            raise Unfamiliar("the number of pages")
        catalog = self.of("Catalog")
        if "/AF" in catalog or "/Names" in catalog:
            self.attached(catalog)
        for number, role in self.roles.items():
            if role == "Catalog /Pages /Kids *":
                page = objects[number].value
                contents = page.get("/Contents") if isinstance(page, dict) else None
                if not isinstance(page, dict) or not isinstance(contents, Ref):
                    raise Unfamiliar("a page without one stream of contents")
                self.draw(objects[contents.number].data(), page, form=False)
        for number, role in self.roles.items():
            if role == "/Font *":
                self.font(number)

    def of(self, role: str) -> dict[str, Value]:
        found = [self.structure.objects[number].value for number, each in self.roles.items() if each == role]
        if len(found) != 1 or not isinstance(found[0], dict):
            raise Unfamiliar(f"{role} is not one dictionary")
        return found[0]

    def attached(self, catalog: dict[str, Value]) -> None:
        listed, tree = self.resolved(catalog.get("/AF")), self.resolved(catalog.get("/Names"))
        files = self.resolved(tree.get("/EmbeddedFiles")) if isinstance(tree, dict) else None
        names = files.get("/Names") if isinstance(files, dict) else None
        if not isinstance(listed, list) or not isinstance(names, list) or names[1::2] != listed:
            raise Unfamiliar("attached files that are not associated with the document, one for one")

    def resolved(self, value: Value | None) -> Value | None:
        return self.structure.objects[value.number].value if isinstance(value, Ref) else value

    def draw(self, data: bytes, owner: dict[str, Value], *, form: bool) -> None:
        """Checks the operators of a page or form, and notes what is shown with which font."""
        resources = self.resolved(owner.get("/Resources"))
        if not isinstance(resources, dict):
            raise Unfamiliar("a page or form without resources")
        fonts, forms = self.resolved(resources.get("/Font")), self.resolved(resources.get("/XObject"))
        font: Value | None = None
        kept: list[Value | None] = []
        allowed, marked, read = _OUTSIDE, False, 0
        data = data.lstrip()
        while read < len(data):
            if allowed is _OUTSIDE and (plain := _PLAIN.match(data, read)):
                read = plain.end()
                continue
            if allowed is _OUTSIDE and not form and (line := _LINE.match(data, read)):
                for name, string in _PIECES.findall(line[1]):
                    font = self.named(fonts, name)
                    self.shown.setdefault(font.number, []).append(string)
                read = line.end()
                continue
            found = _OPERATION.match(data, read)
            if not found:
                raise Unfamiliar("contents that cannot be read")
            _, array, numbers, name, size, string, token = found.groups(b"")
            read = found.end()
            operands = str(len(numbers.split()))
            if array or name or string:
                operands += _further(array, name, size, string)
            if operands != allowed.get(token):
                raise Unfamiliar(f"operator {token!r} with {operands}")
            if token not in _NOTED:
                continue
            if token == b"Tj":
                if form or not isinstance(font, Ref):
                    raise Unfamiliar("text without a font of its own")
                self.shown.setdefault(font.number, []).append(string[1:-1])
            elif token == b"Tf":
                if form:
                    raise Unfamiliar("a font in a form")
                font = self.named(fonts, name)
            elif token in (b"BT", b"ET"):
                allowed = _INSIDE if token == b"BT" else _OUTSIDE
            elif token == b"q":
                kept.append(font)
                if len(kept) > _NESTED:
                    raise Unfamiliar("deeply nested states")
            elif token == b"Q":
                if not kept:
                    raise Unfamiliar("Q without q")
                font = kept.pop()
            elif token == b"Do":
                if form or not isinstance(forms, dict) or not isinstance(forms.get(f"/{name.decode()}"), Ref):
                    raise Unfamiliar(f"form {name!r} is not among the resources")
            elif token in (b"BDC", b"EMC"):
                if marked != (token == b"EMC") or name not in (b"Span", b""):
                    raise Unfamiliar("marked contents")
                marked = not marked
        if kept or marked or allowed is _INSIDE:
            raise Unfamiliar("a page or form that does not end what it began")

    @staticmethod
    def named(fonts: Value | None, name: bytes) -> Ref:
        font = fonts.get(f"/{name.decode()}") if isinstance(fonts, dict) else None
        if not isinstance(font, Ref):
            raise Unfamiliar(f"font {name!r} is not among the resources")
        return font

    def font(self, number: int) -> None:
        font = self.structure.objects[number].value
        if not isinstance(font, dict) or font.get("/Subtype") != "/TrueType":
            raise Unfamiliar("a font that is not TrueType")
        descriptor = self.resolved(font.get("/FontDescriptor"))
        program = descriptor.get("/FontFile2") if isinstance(descriptor, dict) else None
        widths, first, last = font.get("/Widths"), font.get("/FirstChar"), font.get("/LastChar")
        if not isinstance(program, Ref) or not isinstance(widths, list):
            raise Unfamiliar("a font without its program or widths")
        if not (isinstance(first, Number) and isinstance(last, Number) and int(last) - int(first) + 1 == len(widths)):
            raise Unfamiliar("a font with more or fewer widths than codes")
        stream = self.structure.objects[program.number]
        data = stream.data()
        if not isinstance(stream.value, dict) or stream.value.get("/Length1") != str(len(data)):
            raise Unfamiliar("a font program of another length than it says")
        if not isinstance(descriptor, dict) or descriptor.get("/FontName") != font.get("/BaseFont"):
            raise Unfamiliar("a font and its descriptor of different names")
        codes = _codes(self.shown.get(number, []))
        self.found.add(glyphs.check(data, codes, int(first), tuple(str(one) for one in widths)))


def _further(array: bytes, name: bytes, size: bytes, string: bytes) -> str:
    """The operands beside plain numbers, as the tables of operators write them."""
    kind = ("m" if string[:1] == b"<" else "s") if string else ""
    return ("a" if array else "") + (("N1" if size else "N") if name else "") + kind


def _codes(strings: list[bytes]) -> set[int]:
    """The bytes of literal strings (ISO 32000-1, 7.3.4.2), each once."""
    found = set(_CHARACTER.findall(b"".join(strings)))
    return {one[0] if len(one) == 1 else int(one[1:], 8) & 255 if len(one) == 4 else _ESCAPED[one[1:]] for one in found}


def _metadata(data: bytes) -> str:
    """The mark-up of the XMP packet with the words of title, author, subject and keywords left out."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("6.6.2.1: the metadata are not UTF-8") from error
    words = b"".join(found[3] for found in _EDITED.finditer(data))
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&(?!(?:amp|lt|gt);)", words):
        raise Unfamiliar("characters in the metadata")
    return repr(_DATED.sub(rb"<\1></", _EDITED.sub(rb"<\1\2></", data)))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
