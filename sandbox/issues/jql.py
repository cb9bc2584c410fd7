"""JQL, read: a subset of Jira's language as a tree, with Jira's sentences for what is not in it.

Source: Atlassian, "Advanced search reference - JQL operators / keywords / fields".
"""

import re
from dataclasses import dataclass

EMPTY = "EMPTY"
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<property>issue\.property\[[^\]]+\](?:\.[\w.-]+)?)
    | (?P<operator>!=|>=|<=|!~|=|>|<|~|\(|\)|,|!)
    | (?P<word>[^\s=!<>~(),"']+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_RESERVED = re.compile(r"[+;?|*/%^$#@{}]")
_COMPARISONS = {"=", "!=", ">", ">=", "<", "<=", "~", "!~"}
_ESCAPE = re.compile(r"\\(.)")


class JqlError(ValueError):
    """The query is not one that Jira takes; the text is what Jira answers with 400."""


@dataclass(frozen=True, slots=True)
class Function:
    """`currentUser()` and its like."""

    name: str
    arguments: tuple[str, ...] = ()


Operand = str | Function


@dataclass(frozen=True, slots=True)
class Clause:
    """`operator` is one of _COMPARISONS, "in", "not in", "is", "is not"."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Tree"


@dataclass(frozen=True, slots=True)
class Joined:
    """`word` is "and" or "or"."""

    word: str
    parts: tuple["Tree", ...]


Tree = Clause | Not | Joined


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`where` None: no restriction at all."""

    where: Tree | None
    order: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words

    def is_operator(self, *texts: str) -> bool:
        return self.kind == "operator" and self.text in texts


def parse(text: str) -> Query:
    """JqlError where it is no JQL."""
    return _Parser(text).query()


def clauses_of(tree: Tree | None) -> list[Clause]:
    """Every single restriction in the tree."""
    if tree is None:
        return []
    if isinstance(tree, Clause):
        return [tree]
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return [clause for part in parts for clause in clauses_of(part)]


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise JqlError(
                f"Error in the JQL Query: The quoted string '{text[at:].strip()[1:]}' has not been "
                f"completed. (line 1, character {at + 1})"
            )
        kind = match.lastgroup or ""
        raw = match[kind]
        found.append(_Token(kind, _unquoted(raw) if kind == "string" else raw, match.start(kind)))
        at = match.end()
    return found


def _unquoted(raw: str) -> str:
    return _ESCAPE.sub(r"\1", raw[1:-1])


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def query(self) -> Query:
        where = None
        if self._peek() is not None and not self._peek_word("order"):
            where = self._or()
        order = self._order() if self._peek_word("order") else ()
        rest = self._peek()
        if rest is not None:
            raise self._unexpected("Expecting either 'OR' or 'AND'")
        return Query(where, order)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _peek_word(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.is_word(*words)

    def _take(self, expecting: str) -> _Token:
        token = self._peek()
        if token is None:
            raise self._unexpected(expecting)
        self._at += 1
        return token

    def _unexpected(self, expecting: str) -> JqlError:
        token = self._peek()
        if token is None:
            return JqlError(f"Error in the JQL Query: {expecting} before the end of the query.")
        return JqlError(
            f"Error in the JQL Query: {expecting} but got '{token.text}'. "
            f"(line 1, character {token.at + 1})"
        )

    def _taken_operator(self, *texts: str) -> bool:
        token = self._peek()
        if token is None or not token.is_operator(*texts):
            return False
        self._at += 1
        return True

    def _taken_word(self, *words: str) -> bool:
        if not self._peek_word(*words):
            return False
        self._at += 1
        return True

    def _or(self) -> Tree:
        parts = [self._and()]
        while self._taken_word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Joined("or", tuple(parts))

    def _and(self) -> Tree:
        parts = [self._not()]
        while self._taken_word("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def _not(self) -> Tree:
        if self._taken_word("not") or self._taken_operator("!"):
            return Not(self._not())
        if self._taken_operator("("):
            inside = self._or()
            if not self._taken_operator(")"):
                raise self._unexpected("Expecting ')'")
            return inside
        return self._clause()

    def _clause(self) -> Clause:
        token = self._take("Expecting a field name")
        if token.kind == "operator":
            self._at -= 1
            raise self._unexpected("Expecting a field name")
        operator = self._operator()
        operands = self._list() if operator in ("in", "not in") else (self._operand(),)
        if operator in ("is", "is not") and operands != (EMPTY,):
            raise JqlError(
                f"The operator '{operator}' is only for the values EMPTY and NULL, "
                f"as in: {token.text} {operator} EMPTY."
            )
        return Clause(token.text, operator, operands)

    def _operator(self) -> str:
        token = self._peek()
        if token is not None and token.is_operator(*_COMPARISONS):
            self._at += 1
            return token.text
        if self._taken_word("in"):
            return "in"
        if self._taken_word("is"):
            return "is not" if self._taken_word("not") else "is"
        if self._taken_word("not"):
            if self._taken_word("in"):
                return "not in"
            raise self._unexpected("Expecting 'IN'")
        raise self._unexpected(
            "Expecting operator: the valid operators are '=', '!=', '<', '>', '<=', '>=', '~', "
            "'!~', 'IN', 'NOT IN', 'IS' and 'IS NOT',"
        )

    def _list(self) -> tuple[Operand, ...]:
        if not self._taken_operator("("):
            raise self._unexpected("Expecting '('")
        operands = [self._operand()]
        while self._taken_operator(","):
            operands.append(self._operand())
        if not self._taken_operator(")"):
            raise self._unexpected("Expecting ')' or ','")
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self._take("Expecting either a value, list or function")
        if token.kind == "string":
            return token.text
        if token.kind != "word":
            self._at -= 1
            raise self._unexpected("Expecting either a value, list or function")
        if self._taken_operator("("):
            return self._function(token.text)
        reserved = _RESERVED.search(token.text)
        if reserved is not None:
            raise JqlError(
                f"Error in the JQL Query: The character '{reserved[0]}' is a reserved JQL "
                "character. You must enclose it in a string or use the escape "
                f"'\\u{ord(reserved[0]):04x}' instead. "
                f"(line 1, character {token.at + reserved.start() + 1})"
            )
        return EMPTY if token.text.lower() in ("empty", "null") else token.text

    def _function(self, name: str) -> Function:
        arguments: list[str] = []
        while not self._taken_operator(")"):
            token = self._take("Expecting ')'")
            if not token.is_operator(","):
                arguments.append(token.text)
        return Function(name.lower(), tuple(arguments))

    def _order(self) -> tuple[Order, ...]:
        self._at += 1
        if not self._taken_word("by"):
            raise self._unexpected("Expecting 'BY'")
        found = []
        while True:
            field = self._take("Expecting a field name").text
            descending = self._peek_word("desc")
            if descending or self._peek_word("asc"):
                self._at += 1
            found.append(Order(field, descending))
            if not self._taken_operator(","):
                return tuple(found)
