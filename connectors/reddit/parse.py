"""What Reddit says, as facts: posts, comments and whole threads of its API and of dumps; the composition root comes in.

What was decided:

- Without an author there is no mention: what "[deleted]" wrote is told as a fault with that reason, or by the live source
  as a deletion, never as a person who wrote everything that was ever deleted. Where the author is shown and the text is
  gone ("[removed]", or taken down by moderators or by Reddit) it is a deleted mention: no text, the rest kept.
- An account is `reddit:t2_...` (author_fullname). Answers from before 2018 do not have it; Reddit's names never change and
  are never given twice, so there the account is `reddit:u_<name>` in lower case. Someone seen in both ways is two accounts
  until they are linked.
- Reddit writes `&`, `<` and `>` as HTML entities unless asked with raw_json=1, and does not say which. In files they are
  read as entities: a text that spells out "&amp;amp;" under raw_json=1 loses one level. Our own client always asks with
  raw_json=1, and there they are what the author wrote.
- A parent's author is addressed only where the parent stands in the same answer, or where our client asked who wrote it:
  Reddit does not tell it otherwise.
- The original that a crosspost carries along was posted elsewhere and is not what was asked for: it is told as a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connectors.reddit.things import CROSSPOSTED, MISSHAPEN, count_of, is_thing, moment, plain, things
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address, natural_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    # What one piece of input becomes: mentions, accounts, and (reason, piece) for each part that could not become a fact.
    Parsed: TypeAlias = tuple[Sequence[Mention], Sequence[Account], Sequence[tuple[str, Any]]]

    Thing: TypeAlias = tuple[str, str, Mapping[str, Any]]

__all__ = ["authors_of", "looks_like_reddit", "parse_answer", "parse_reddit", "sealed_answer"]

_NOBODY = frozenset({"", "[deleted]", "[removed]"})
_GONE = frozenset({"[deleted]", "[removed]", "[deleted by user]", "[ removed by reddit ]"})
_POST, _COMMENT = "t3", "t1"


def looks_like_reddit(raw: object) -> bool:
    """Whether a JSON value is a listing, a thing (t1, t3, more), a bare post or comment, or an array of them."""
    if isinstance(raw, list):
        return bool(raw) and looks_like_reddit(raw[0])
    return isinstance(raw, dict) and is_thing(raw)


def parse_reddit(raw: object, collected_at: datetime) -> Parsed:
    """A listing, a thing, a bare post or comment, a comment with its tree of replies, or an array of them (a thread).

    Raises Invalid when there is nothing of Reddit's in it, and when it is one single thing that cannot be a fact.
    """
    found = list(things(raw))
    if not found and not looks_like_reddit(raw):
        raise Invalid("not a listing, post or comment of Reddit")
    parsed = _facts(found, {}, collected_at, escaped=True)
    if parsed[2] and len(found) == 1:
        raise Invalid(parsed[2][0][0])
    return parsed


def sealed_answer(answer: bytes, parents: Mapping[str, str]) -> bytes:
    """An answer together with the accounts that wrote what it answers, by full name: as `parse_answer` reads it."""
    return b'{"parents":%b,"answer":%b}' % (orjson.dumps(dict(parents)), answer)


def parse_answer(raw: object, collected_at: datetime, gone: list[str]) -> Parsed:
    """What our client was answered to a request with raw_json=1, as sealed_answer puts it.

    The ids of what is shown as deleted are added to `gone`. Stubs of comments that were not sent are left out: our client
    asks for them. Raises Invalid when it is not an answer to our client.
    """
    try:
        answer, parents = raw["answer"], dict(raw["parents"])  # type: ignore[index] # whatever has no names raises
    except MISSHAPEN as error:
        raise Invalid("the archive holds an answer that is not one of Reddit's") from error
    told = []
    for thing in things(answer):
        if (own := _shown_as_deleted(*thing)) is not None:
            gone.append(own)
        elif thing[0] != "more":
            told.append(thing)
    return _facts(told, parents, collected_at, escaped=False)


def authors_of(answer: object) -> dict[str, str]:
    """The accounts that wrote the posts and comments of an answer, by full name."""
    return {name: author for _, name, data in things(answer) if name and (author := _author(data)) is not None}


def _facts(found: Sequence[Thing], parents: Mapping[str, str], collected_at: datetime, *, escaped: bool) -> Parsed:
    here = {name: author for _, name, data in found if (author := _author(data)) is not None}
    authors = {**parents, **here}
    mentions: list[Mention] = []
    accounts: dict[str, Account] = {}
    faults: list[tuple[str, Any]] = []
    for kind, name, data in found:
        try:
            mention = _mention(kind, name, data, authors, collected_at, escaped=escaped)
        except Invalid as error:
            faults.append((error.message, data))
        else:
            mentions.append(mention)
            _note(accounts, mention, data)
    return mentions, tuple(accounts.values()), faults


def _shown_as_deleted(kind: str, name: str, data: Mapping[str, Any]) -> str | None:
    """The id of a post or comment that Reddit plainly shows as deleted; one without an author alone is only broken."""
    author = data.get("author")
    named = isinstance(author, str) and author.lower() in _NOBODY - {""}
    if kind not in {_POST, _COMMENT} or not (named or (not author and _is_gone(kind, data))):
        return None
    return f"reddit:{name}" if name and name.isprintable() else None


def _mention(
    kind: str,
    name: str,
    data: Mapping[str, Any],
    authors: Mapping[str, str],
    collected_at: datetime,
    *,
    escaped: bool,
) -> Mention:
    if kind not in {_POST, _COMMENT}:
        raise Invalid(_why_not(kind, data))
    try:
        own = natural_id("reddit", name)
        author = _author(data)
        if author is None:
            raise Invalid(f"{name}: the author is deleted: a mention needs an account")
        gone = _is_gone(kind, data)
        return Mention(
            own,
            author,
            moment(data.get("created_utc"), "created_utc"),
            collected_at,
            "" if gone else _text(kind, data, escaped=escaped),
            Kind.POST if kind == _POST else Kind.COMMENT,
            natural_id("reddit", data["parent_id"]) if data.get("parent_id") else None,
            natural_id("reddit", name if kind == _POST else _link(data)),
            _addressed(data, authors, author),
            _metrics(kind, data),
            "",
            _url(kind, name, data),
            moment(data["edited"], "edited") if type(data.get("edited")) in {int, float} else None,
            collected_at if gone else None,
        )
    except MISSHAPEN as error:
        raise Invalid(f"{name}: not a post or comment of Reddit: {type(error).__name__} {error}"[:200]) from error


def _why_not(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "more":
        return f"{count_of(data.get('count')) or 'some'} more comments were not loaded: load them before exporting"
    if kind == "t4":
        return "a private message is not a mention"
    if kind == CROSSPOSTED:
        return "the original of a crosspost was posted elsewhere: only the crosspost itself is taken"
    return f"a thing of kind {kind!r:.20} is neither a post (t3) nor a comment (t1)"


def _author(data: Mapping[str, Any]) -> str | None:
    name, fullname = data.get("author"), data.get("author_fullname")
    if not isinstance(name, str) or name.lower() in _NOBODY or not name.isprintable():
        return None
    if isinstance(fullname, str) and fullname.startswith("t2_") and fullname.isprintable():
        return f"reddit:{fullname}"
    return f"reddit:u_{name.lower()}"


def _is_gone(kind: str, data: Mapping[str, Any]) -> bool:
    body = data.get("body") if kind == _COMMENT else data.get("selftext")
    return bool(data.get("removed_by_category")) or (isinstance(body, str) and body.strip().lower() in _GONE)


def _text(kind: str, data: Mapping[str, Any], *, escaped: bool) -> str:
    """A comment's body; a post's title and, below it, what it says."""
    if kind == _COMMENT:
        return plain(data.get("body"), "body", escaped=escaped)
    title = plain(data.get("title"), "title", escaped=escaped)
    said = plain(data.get("selftext") or "", "selftext", escaped=escaped)
    return f"{title}\n\n{said}" if said else title


def _link(data: Mapping[str, Any]) -> str:
    """The post that a comment stands under: an inbox item tells it only in the path of its context."""
    if data.get("link_id"):
        return str(data["link_id"])
    _, _, rest = str(data.get("permalink") or data.get("context") or "").partition("/comments/")
    bare = rest.partition("/")[0]
    if not bare:
        raise Invalid("a comment without link_id: no post that it stands under")
    return f"{_POST}_{bare}"


def _addressed(data: Mapping[str, Any], authors: Mapping[str, str], author: str) -> tuple[tuple[How, str], ...]:
    parent = authors.get(str(data.get("parent_id")))
    return address([(How.REPLY, parent)], author) if parent else ()


def _metrics(kind: str, data: Mapping[str, Any]) -> dict[str, int]:
    """The score, which may be negative, and of a post how many comments it has (an inbox item tells its post's)."""
    names = (("score", "score"), ("comments", "num_comments"))[: 2 if kind == _POST else 1]
    return {ours: n for ours, theirs in names if (n := count_of(data.get(theirs))) is not None}


def _url(kind: str, name: str, data: Mapping[str, Any]) -> str:
    path = data.get("permalink") or data.get("context")
    if isinstance(path, str) and path.startswith("/"):
        return f"https://www.reddit.com{path.partition('?')[0]}"  # the inbox adds how much to show around it
    bare = name.partition("_")[2]
    return f"https://www.reddit.com/comments/{bare if kind == _POST else f'{_link(data)[3:]}/_/{bare}'}/"


def _note(accounts: dict[str, Account], mention: Mention, data: Mapping[str, Any]) -> None:
    known = accounts.get(mention.author)
    if known is None or known.observed_at < mention.posted_at:
        handle = data["author"]
        url = f"https://www.reddit.com/user/{handle}"
        accounts[mention.author] = Account(mention.author, handle, mention.posted_at, url=url)
