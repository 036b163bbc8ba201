"""Regular expressions with a bound on the time they take, for patterns that technicians write.

A backtracking engine can be sent into hours by one careless pattern and one unlucky line. Here a pattern is compiled
to a small program and all its threads are walked in step over the text (R. Cox, "Regular Expression Matching: the
Virtual Machine Approach", 2009): the time is at most length × program size, whatever the pattern says. The language is
the part of Python's `re` that instrument lines need: literals, `.`, classes, escapes d w s D W S, groups `(…)`
`(?:…)` `(?P<name>…)`, alternatives, and greedy `* + ? {m,n}`. A pattern always covers the whole line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

LARGEST = 2000
"""Instructions a compiled pattern may have."""
DEEPEST = 30
"""Groups that may stand inside each other."""


class PatternError(ValueError):
    """A pattern outside the language; `column` counts from 0."""

    def __init__(self, column: int, zh: str, en: str) -> None:
        self.column, self.zh, self.en = column, zh, en
        super().__init__(f"{zh}（第 {column + 1} 个字符）")


Test = Callable[[str], bool]

_DIGITS = frozenset("0123456789")
_WORD = frozenset("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SPACE = frozenset(" \t\r\n\f\v")
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": "\t", "r": "\r", "n": "\n", "f": "\f", "v": "\v"}


@dataclass(frozen=True)
class Step:
    """One instruction: consume a character, branch (first target preferred), or note a position."""

    kind: Literal["take", "split", "jump", "save", "match"]
    test: Test | None = None
    first: int = 0
    second: int = 0


class Pattern:
    """A compiled pattern. Raises PatternError."""

    def __init__(self, text: str) -> None:
        self.text = text
        parser = _Parser(text)
        program = parser.whole()
        self.names = tuple(parser.names)
        self._program = (*program, Step("match"))
        if len(self._program) > LARGEST:
            raise PatternError(0, "表达式展开后太大", "The expression is too large once expanded")

    def match(self, line: str) -> dict[str, str] | None:
        """The named groups when the pattern covers the whole line; a group that took no part is left out."""
        threads: list[tuple[int, tuple[int, ...]]] = []
        blank = (-1,) * (2 * len(self.names))
        self._follow(0, blank, 0, threads, set())
        for position, character in enumerate(line):
            following: list[tuple[int, tuple[int, ...]]] = []
            seen: set[int] = set()
            for at, marks in threads:
                step = self._program[at]
                if step.kind == "take" and step.test is not None and step.test(character):
                    self._follow(at + 1, marks, position + 1, following, seen)
            threads = following
        for at, marks in threads:
            if self._program[at].kind == "match":
                return {
                    name: line[marks[2 * index] : marks[2 * index + 1]]
                    for index, name in enumerate(self.names)
                    if marks[2 * index + 1] >= 0
                }
        return None

    def _follow(
        self, at: int, marks: tuple[int, ...], position: int, into: list[tuple[int, tuple[int, ...]]], seen: set[int]
    ) -> None:
        """Add every thread reachable without consuming a character, most preferred first."""
        stack = [(at, marks)]
        while stack:
            at, marks = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._program[at]
            if step.kind == "jump":
                stack.append((step.first, marks))
            elif step.kind == "split":
                stack.append((step.second, marks))
                stack.append((step.first, marks))
            elif step.kind == "save":
                stack.append((at + 1, (*marks[: step.first], position, *marks[step.first + 1 :])))
            else:
                into.append((at, marks))


class _Parser:
    """Recursive descent to relocatable instruction lists (targets relative to the list's start)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.names: list[str] = []

    def whole(self) -> list[Step]:
        if self.text.startswith("^"):
            self.at = 1
        program = self.alternatives()
        if self.text[self.at :] == "$":
            return program
        if self.at < len(self.text):
            raise self.wrong("多余的右括号", "Unmatched closing bracket")
        return program

    def wrong(self, zh: str, en: str) -> PatternError:
        return PatternError(self.at, zh, en)

    def alternatives(self) -> list[Step]:
        program = self.sequence()
        while self.at < len(self.text) and self.text[self.at] == "|":
            self.at += 1
            other = self.sequence()
            program = [
                Step("split", first=1, second=len(program) + 2),
                *_moved(program, 1),
                Step("jump", first=len(program) + len(other) + 2),
                *_moved(other, len(program) + 2),
            ]
        return program

    def sequence(self) -> list[Step]:
        program: list[Step] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self.text[self.at] == "$" and self.at == len(self.text) - 1:
                break
            program += _moved(self.repeated(), len(program))
            if len(program) > LARGEST:
                raise self.wrong("表达式展开后太大", "The expression is too large once expanded")
        return program

    def repeated(self) -> list[Step]:
        item = self.item()
        mark = self.text[self.at : self.at + 1]
        if mark not in ("*", "+", "?", "{") or not mark:
            return item
        low, high = self.counts(mark)
        if self.text[self.at : self.at + 1] in ("?", "+", "*", "{"):
            raise self.wrong("不支持非贪婪或重复的量词", "Lazy, possessive or doubled quantifiers are not supported")
        if (low + (high or 0)) * max(1, len(item)) > LARGEST:
            raise self.wrong("表达式展开后太大", "The expression is too large once expanded")
        program: list[Step] = []
        for _ in range(low):
            program += _moved(item, len(program))
        if high is None:
            start = len(program)
            program += [
                Step("split", first=start + 1, second=start + len(item) + 2),
                *_moved(item, start + 1),
                Step("jump", first=start),
            ]
            return program
        end = low * len(item) + (high - low) * (len(item) + 1)
        for _ in range(high - low):
            start = len(program)
            program += [Step("split", first=start + 1, second=end), *_moved(item, start + 1)]
        return program

    def counts(self, mark: str) -> tuple[int, int | None]:
        self.at += 1
        if mark != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        end = self.text.find("}", self.at)
        low, comma, high = self.text[self.at : max(end, self.at)].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise self.wrong("量词应写作 {m}、{m,} 或 {m,n}", "A count is written {m}, {m,} or {m,n}")
        self.at = end + 1
        bounds = int(low), int(high) if high else None if comma else int(low)
        if bounds[1] is not None and bounds[1] < bounds[0]:
            raise self.wrong("量词上限小于下限", "The upper count is below the lower one")
        return bounds

    def item(self) -> list[Step]:
        character = self.text[self.at]
        self.at += 1
        if character == "(":
            return self.group()
        if character == "[":
            return [Step("take", self.character_class())]
        if character == ".":
            return [Step("take", lambda one: one != "\n")]
        if character == "\\":
            return [Step("take", _within(*self.escape()))]
        if character in "*+?{^$":
            self.at -= 1
            raise self.wrong(f"“{character}” 不能出现在此处", f"'{character}' cannot stand here")
        return [Step("take", _within(frozenset(character), False))]

    def group(self) -> list[Step]:
        name = None
        if self.text.startswith("?P<", self.at):
            end = self.text.find(">", self.at)
            name = self.text[self.at + 3 : max(end, self.at)]
            if end < 0 or not name.isidentifier() or name in self.names:
                raise self.wrong("组名缺失、不合法或重复", "The group name is missing, malformed or used twice")
            self.names.append(name)
            self.at = end + 1
        elif self.text.startswith("?:", self.at):
            self.at += 2
        elif self.text.startswith("?", self.at):
            raise self.wrong("只支持 (?:…) 和 (?P<名>…)", "Only (?:…) and (?P<name>…) are supported")
        index = len(self.names) - 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong("括号嵌套过深", "Groups are nested too deeply")
        program = self.alternatives()
        self.depth -= 1
        if self.text[self.at : self.at + 1] != ")":
            raise self.wrong("缺少右括号", "A closing bracket is missing")
        self.at += 1
        if name is None:
            return program
        return [Step("save", first=2 * index), *_moved(program, 1), Step("save", first=2 * index + 1)]

    def escape(self) -> tuple[frozenset[str], bool]:
        """The set named by the escape under the cursor, and whether its complement is meant."""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in _CLASSES:
            return _CLASSES[letter], False
        if letter and letter.lower() in _CLASSES:
            return _CLASSES[letter.lower()], True
        if letter in _CONTROLS and letter:
            return frozenset(_CONTROLS[letter]), False
        if not letter or letter.isalnum():
            self.at -= 1
            raise self.wrong(f"不支持的转义 \\{letter}", f"Unsupported escape \\{letter}")
        return frozenset(letter), False

    def character_class(self) -> Test:
        negated = self.text.startswith("^", self.at)
        self.at += negated
        tests: list[tuple[frozenset[str], bool]] = []
        first = True
        while first or self.text[self.at : self.at + 1] != "]":
            first = False
            if self.at >= len(self.text):
                raise self.wrong("缺少 ]", "] is missing")
            low = self.class_member()
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.class_member()
                if low[1] or high[1] or len(low[0]) != 1 or len(high[0]) != 1:
                    raise self.wrong("范围两端应为单个字符", "A range needs a single character at each end")
                ends = ord(next(iter(low[0]))), ord(next(iter(high[0])))
                if ends[1] < ends[0] or ends[1] > 0x2FFF:
                    raise self.wrong("范围不合法", "The range is not valid")
                low = frozenset(chr(code) for code in range(ends[0], ends[1] + 1)), False
            tests.append(low)
        self.at += 1
        members = [_within(*one) for one in tests]
        return lambda character: any(test(character) for test in members) != negated

    def class_member(self) -> tuple[frozenset[str], bool]:
        character = self.text[self.at]
        self.at += 1
        return self.escape() if character == "\\" else (frozenset(character), False)


def _within(characters: frozenset[str], negated: bool) -> Test:
    return lambda character: (character in characters) != negated


def _moved(program: list[Step], by: int) -> list[Step]:
    """The instructions with their branch targets shifted."""
    return [
        Step(step.kind, step.test, step.first + by, step.second + by) if step.kind in ("split", "jump") else step
        for step in program
    ]
