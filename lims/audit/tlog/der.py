"""Reading DER (ITU-T X.690), as much of it as a time stamp token needs. Lengths are checked, nothing is guessed."""

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, BITS, OCTETS, OID, TIME, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x18, 0x30, 0x31


class DerError(ValueError):
    """The bytes are not the DER expected here."""


@dataclass(frozen=True)
class Element:
    """One element. `raw` is the whole of it, `value` what stands behind tag and length."""

    tag: int
    value: bytes
    raw: bytes

    def parts(self) -> list["Element"]:
        """The elements inside, in their order."""
        return list(elements(self.value))

    def number(self) -> int:
        return int.from_bytes(self.of(INTEGER).value, "big", signed=True)

    def oid(self) -> str:
        """An object identifier in dotted notation."""
        arcs, arc = [], 0
        for octet in self.of(OID).value:
            arc = arc << 7 | octet & 0x7F
            if not octet & 0x80:
                arcs.append(arc)
                arc = 0
        if not arcs:
            raise DerError("an empty object identifier")
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    def of(self, tag: int) -> "Element":
        """This element. Raises DerError when it is of another kind."""
        if self.tag != tag:
            raise DerError(f"expected DER tag {tag:#04x}, found {self.tag:#04x}")
        return self


def read(data: bytes) -> Element:
    """The one element these bytes are. Raises DerError."""
    found = list(elements(data))
    if len(found) != 1:
        raise DerError("expected one DER element")
    return found[0]


def elements(data: bytes) -> Iterator[Element]:
    """The elements that stand side by side in these bytes. Raises DerError."""
    at = 0
    while at < len(data):
        head = data[at : at + 2]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise DerError("a DER element without a length, or with a long tag")
        start, length = at + 2, head[1]
        if length & 0x80:
            octets = length & 0x7F
            length = int.from_bytes(data[start : start + octets], "big")
            if not 1 <= octets <= 4 or length < 0x80 or length >> (8 * (octets - 1)) == 0:
                raise DerError("a DER length in an unusual spelling")
            start += octets
        end = start + length
        if end > len(data):
            raise DerError("a DER element ends behind the bytes there are")
        yield Element(head[0], data[start:end], data[at:end])
        at = end
