"""The Work Item Query Language, as far as flat queries go: read, checked, turned into a test."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.process import BY_NAME, FIELDS
from sandbox.azure.rest.errors import AzureError
from sandbox.azure.state import WorkItem

Test = Callable[[WorkItem], bool]
TOKEN = re.compile(
    r"""\s*(?:(?P<field>\[[^\]]+\])|(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<number>-?\d+(?:\.\d+)?)|(?P<macro>@\w+)|(?P<sign><=|>=|<>|[=<>(),])|(?P<word>[\w.]+))""",
    re.VERBOSE,
)
ONLY_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}$")
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query may refer to; `read` gives a field of an item, `moment` reads a date."""

    project: str | None
    me: str
    read: Callable[[WorkItem, str], Any]
    moment: Callable[[str], str | None]
    precise: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`orders` are fields, each with whether it goes down; `fields` are those in conditions."""

    columns: list[str]
    test: Test
    orders: list[tuple[str, bool]]
    fields: set[str]


def wrong(message: str) -> AzureError:
    return AzureError(400, "WiqlSyntaxException", message)


def read_query(text: str, asked: Asked) -> Query:
    """Raises 400 for what is no flat query over work items."""
    return _Reader(text, asked).query()


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, text: str, asked: Asked) -> None:
        self.asked = asked
        self.fields: set[str] = set()
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        position, text = 0, text.strip()
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise wrong(
                    f"TF51006: The query statement is invalid near «{text[position:][:20]}»."
                )
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()

    def query(self) -> Query:
        self._expect("SELECT")
        columns = [self._field()]
        while self._take(","):
            columns.append(self._field())
        self._expect("FROM")
        if self._next()[1].lower() != "workitems":
            raise wrong("TF51006: Only flat queries, FROM WorkItems, are known here.")
        test: Test = self._either() if self._take("WHERE") else lambda _: True
        orders = []
        if self._take("ORDER"):
            self._expect("BY")
            orders.append(self._order())
            while self._take(","):
                orders.append(self._order())
        if self.at < len(self.tokens):
            raise wrong(f"TF51006: Expecting end of string. Found «{self.tokens[self.at][1]}».")
        return Query(columns, test, orders, self.fields)

    def _order(self) -> tuple[str, bool]:
        name = self._field()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        return name, descending

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("OR"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda item: any(test(item) for test in tests)

    def _both(self) -> Test:
        tests = [self._condition()]
        while self._take("AND"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)

    def _condition(self) -> Test:
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        if self._take("NOT"):
            refused = self._condition()
            return lambda item: not refused(item)
        name = self._field()
        self.fields.add(name)
        denied = self._take("NOT")
        test = self._comparison(name)
        return (lambda item: not test(item)) if denied else test

    def _comparison(self, name: str) -> Test:
        read = self._read(name)
        kind, word = self._next()
        word = word.upper()
        if kind == "sign" and word in SIGNS:
            compare, value = SIGNS[word], self._value(name)
            return lambda item: compare(read(item), value)
        if word == "IN":
            values = self._values(name)
            return lambda item: read(item) in values
        if word == "CONTAINS":
            self._take("WORDS")
            value = self._value(name)
            return lambda item: str(value) in str(read(item) or "")
        if word == "UNDER":
            root = str(self._value(name))
            return lambda item: f"{read(item)}\\".startswith(f"{root}\\")
        if word == "IS":
            denied = self._take("NOT")
            self._expect("EMPTY")
            return lambda item: (read(item) in (None, "")) != denied
        raise wrong(f"TF51006: An operator was expected. The error is caused by «{word}».")

    def _read(self, name: str) -> Callable[[WorkItem], Any]:
        """Texts compare without regard to case; dates by the day, unless asked for precision."""
        read, kind = self.asked.read, FIELDS[name].type
        if kind == "dateTime":
            if self.asked.precise:
                return lambda item: read(item, name)
            return lambda item: str(read(item, name) or "")[:10] or None
        if kind in ("integer", "double", "boolean"):
            return lambda item: read(item, name)
        return lambda item: str(read(item, name) or "").lower()

    def _values(self, name: str) -> list[Any]:
        self._expect("(")
        values = [self._value(name)]
        while self._take(","):
            values.append(self._value(name))
        self._expect(")")
        return values

    def _value(self, name: str) -> Any:
        kind, text = self._next()
        if kind == "macro":
            return self._macro(text.lower())
        if kind == "text":
            text = text[1:-1].replace(text[0] * 2, text[0])
        elif kind not in ("number", "word"):
            raise wrong(f"TF51006: A value was expected. The error is caused by «{text}».")
        return self._typed(name, text)

    def _macro(self, name: str) -> Any:
        if name == "@project":
            if self.asked.project is None:
                raise wrong("TF51006: @project is known only in a query within a project.")
            return self.asked.project.lower()
        if name == "@me":
            return self.asked.me.lower()
        if name == "@today":
            return str(self.asked.moment("today"))[: None if self.asked.precise else 10]
        raise wrong(f"TF51006: The macro {name} is not known.")

    def _typed(self, name: str, text: str) -> Any:
        kind = FIELDS[name].type
        if kind == "boolean":
            return text.lower() in ("true", "1")
        if kind in ("integer", "double"):
            try:
                return float(text)
            except ValueError:
                raise wrong(f"TF51006: «{text}» is no number.") from None
        if kind != "dateTime":
            return text.lower()
        if not self.asked.precise and not ONLY_DATE.match(text):
            raise wrong(
                "You cannot supply a time with the date when running a query using date "
                f"precision. The error is caused by «[{name}] '{text}'»."
            )
        moment = self.asked.moment(text)
        if moment is None:
            raise wrong(f"TF51006: «{text}» is no date.")
        return moment if self.asked.precise else moment[:10]

    def _field(self) -> str:
        kind, text = self._next()
        name = BY_NAME.get(text.strip("[]").lower())
        if kind not in ("field", "word") or name is None:
            raise wrong(
                "TF51005: The query references a field that does not exist. "
                f"The error is caused by «{text}»."
            )
        return name

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise wrong("TF51006: The query statement is incomplete.")
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].upper() == word:
            self.at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
            raise wrong(f"TF51006: Expecting {word}. Found «{found}».")
