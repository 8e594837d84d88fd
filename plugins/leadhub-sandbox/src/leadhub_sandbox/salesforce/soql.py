"""SOQL read into a tree. It takes the subset that the README lists and refuses everything else with MALFORMED_QUERY.

Mixing AND and OR without parentheses is refused, as Salesforce does.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from leadhub_sandbox.salesforce.errors import ApiError, malformed_query

MAX_JOINS = 2

GRAMMAR = r"""
start: _SELECT select _FROM NAME where? order? limit? offset?
select: item ("," item)*
item: NAME "(" NAME? ")" -> call
    | NAME               -> path
where: _WHERE condition
?condition: unary | unary (_AND unary)+ -> all_of | unary (_OR unary)+ -> any_of
?unary: _NOT unary -> negation | "(" condition ")" | comparison
comparison: NAME OP value          -> compare
          | NAME LIKE value        -> compare
          | NAME IN list           -> membership
          | NAME _NOT IN list      -> absence
          | NAME IN inner          -> join
          | NAME _NOT IN inner     -> anti_join
          | NAME INCLUDES list     -> membership
          | NAME EXCLUDES list     -> membership
list: "(" value ("," value)* ")"
inner: "(" _SELECT NAME _FROM NAME where? ")"
value: STRING | DATETIME | DATE | NUMBER | TRUE | FALSE | NULL | RELATIVE
order: _ORDER _BY ordering ("," ordering)*
ordering: NAME (ASC | DESC)? (_NULLS (FIRST | LAST))?
limit: _LIMIT INTEGER
offset: _OFFSET INTEGER

OP: "!=" | "<>" | "<=" | ">=" | "=" | "<" | ">"
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.5: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)(?![\w.])/i
DATE.4: /\d{4}-\d\d-\d\d(?![\w:.-])/
NUMBER.3: /[+-]?\d+(\.\d+)?(?![\w:.-])/
INTEGER.3: /\d+(?![\w:.-])/
RELATIVE.3: /(TODAY|YESTERDAY|TOMORROW|(LAST|NEXT)_N_DAYS:\d{1,4})(?![\w:.])/i
TRUE.2: /true\b/i
FALSE.2: /false\b/i
NULL.2: /null\b/i
LIKE.2: /like\b/i
IN.2: /in\b/i
INCLUDES.2: /includes\b/i
EXCLUDES.2: /excludes\b/i
ASC.2: /asc\b/i
DESC.2: /desc\b/i
FIRST.2: /first\b/i
LAST.2: /last\b/i
_SELECT.2: /select\b/i
_FROM.2: /from\b/i
_WHERE.2: /where\b/i
_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
_ORDER.2: /order\b/i
_BY.2: /by\b/i
_NULLS.2: /nulls\b/i
_LIMIT.2: /limit\b/i
_OFFSET.2: /offset\b/i
NAME: /[A-Za-z]\w*(\.[A-Za-z]\w*)*/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal: its kind (string, datetime, date, number, boolean, null, relative) and its text, unescaped if a string."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path op literal`; op is upper case, and `literals` has one entry except for IN, NOT IN, INCLUDES and EXCLUDES."""

    path: str
    op: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """`path IN (SELECT field FROM source WHERE …)`, or NOT IN."""

    path: str
    field: str
    source: str
    where: "Condition | None"
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """AND or OR over its parts, or NOT over its only part."""

    op: str
    parts: tuple["Condition", ...]


Condition = Comparison | Join | Group


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of ORDER BY; nulls come first unless LAST is asked for, in either direction."""

    path: str
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A whole query. `select` holds paths as text, and calls as (function, argument) pairs."""

    select: tuple[str | tuple[str, str], ...]
    source: str
    where: Condition | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def unescape(text: str, *, like: bool = False) -> str:
    """Return a quoted literal's text; LIKE keeps its own two escapes. Raises MALFORMED_QUERY for an escape that SOQL has not."""

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code in _ESCAPES:
            return "\\\\" if like and code == "\\" else _ESCAPES[code]
        if code in "%_":
            return f"\\{code}" if like else code
        raise malformed_query(f"Invalid string literal {text}. Illegal character sequence '\\{code}' in string literal")

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", one, text[1:-1], flags=re.DOTALL)


@v_args(inline=True)
class _Builder(Transformer[Token, Select]):
    def start(self, *parts: Any) -> Select:
        select, source, *rest = parts
        found: dict[str, Any] = dict(rest)
        return Select(select, str(source), found.get("where"), found.get("order", ()), found.get("limit"), found.get("offset", 0))

    def select(self, *items: Any) -> tuple[Any, ...]:
        return items

    def path(self, name: Token) -> str:
        return str(name)

    def call(self, name: Token, argument: Token | None = None) -> tuple[str, str]:
        return name.upper(), str(argument or "").upper()

    def where(self, condition: Condition) -> tuple[str, Condition]:
        return "where", condition

    def all_of(self, *parts: Condition) -> Group:
        return Group("AND", parts)

    def any_of(self, *parts: Condition) -> Group:
        return Group("OR", parts)

    def negation(self, part: Condition) -> Group:
        return Group("NOT", (part,))

    def compare(self, path: Token, op: Token, token: Token) -> Comparison:
        name = op.upper().replace("<>", "!=")
        return Comparison(str(path), name, (_literal(token, like=name == "LIKE"),))

    def membership(self, path: Token, op: Token, tokens: tuple[Token, ...]) -> Comparison:
        return Comparison(str(path), op.upper(), tuple(_literal(t) for t in tokens))

    def absence(self, path: Token, _: Token, tokens: tuple[Token, ...]) -> Comparison:
        return Comparison(str(path), "NOT IN", tuple(_literal(t) for t in tokens))

    def inner(self, field: Token, source: Token, *where: tuple[str, Condition]) -> Join:
        return Join("", str(field), str(source), where[0][1] if where else None)

    def join(self, path: Token, _: Token, inner: Join) -> Join:
        return replace(inner, path=str(path))

    def anti_join(self, path: Token, _: Token, inner: Join) -> Join:
        return replace(inner, path=str(path), absent=True)

    def list(self, *tokens: Token) -> tuple[Token, ...]:
        return tokens

    def value(self, token: Token) -> Token:
        return token

    def order(self, *keys: Ordering) -> tuple[str, tuple[Ordering, ...]]:
        return "order", keys

    def ordering(self, path: Token, *words: Token) -> Ordering:
        said = {w.upper() for w in words}
        return Ordering(str(path), "DESC" in said, "LAST" in said)

    def limit(self, number: Token) -> tuple[str, int]:
        return "limit", int(number)

    def offset(self, number: Token) -> tuple[str, int]:
        return "offset", int(number)


def _literal(token: Token, *, like: bool = False) -> Literal:
    kind = {"TRUE": "boolean", "FALSE": "boolean"}.get(token.type, token.type.lower())
    text = unescape(str(token), like=like) if kind == "string" else str(token)
    return Literal(kind, text)


_PARSER = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


@lru_cache(maxsize=256)
def parse(text: str) -> Select:
    """Return the tree of a query; raises MALFORMED_QUERY."""
    try:
        tree = _Builder().transform(_PARSER.parse(text))
    except VisitError as problem:
        if isinstance(problem.orig_exc, ApiError):
            raise problem.orig_exc from None
        raise
    except LarkError as problem:
        column = getattr(problem, "column", "?")
        token = getattr(problem, "token", None) or getattr(problem, "char", "<EOF>")
        raise malformed_query(f"unexpected token: '{token}' (column {column})") from None
    _check_joins(tree.where)
    if tree.offset > 2000:
        raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", f"SOQL offset cannot be greater than 2000, but was: {tree.offset}")
    return tree


def _check_joins(condition: Condition | None) -> None:
    """Check where semi-joins stand: at the top, joined by AND, at most two, and none within another (SOQL guide, "Semi-Joins with IN")."""
    parts = condition.parts if isinstance(condition, Group) else (condition,)
    top = [part for part in parts if isinstance(part, Join)]
    if top and isinstance(condition, Group) and condition.op == "OR":
        raise malformed_query("Semi join sub-selects are not allowed with the 'OR' operator")
    if any(_has_join(join.where) for join in top):
        raise malformed_query("Nesting of semi join sub-selects is not supported")
    if any(_has_join(part) for part in parts if isinstance(part, Group)) or (top and isinstance(condition, Group) and condition.op == "NOT"):
        raise malformed_query("Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.")
    if len(top) > MAX_JOINS:
        raise malformed_query(f"at most {MAX_JOINS} semi join sub-selects a query")


def _has_join(condition: Condition | None) -> bool:
    return isinstance(condition, Join) or (isinstance(condition, Group) and any(_has_join(part) for part in condition.parts))
