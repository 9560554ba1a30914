"""Bluesky on loopback: sessions, search, look-ups, threads and records; the doors and tests come in."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from demo.platforms.bluesky_posts import POST, Posts, author_of, content_id
from demo.platforms.platform import Answer, LoopbackPlatform, Window, answer_json
from demo.platforms.shelf import native
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from demo.platforms.platform import Request
    from demo.platforms.shelf import Shelf

HANDLE = "the-brand.bsky.social"
APP_PASSWORD = "loop-back-pass-word"  # noqa: S105 - of a server on this machine
DID = "did:plc:thebrand2222222222222222"
_LARGEST, _LOOKED_UP, _SHOWN, _DEEPEST = 100, 25, 10_000, 80
_ACCESS, _REFRESH = timedelta(hours=2), timedelta(days=60)
_LONGEST_TEXT = 300
_TID = "234567abcdefghijklmnopqrstuvwxyz"


class LoopbackBluesky(LoopbackPlatform):
    """`createSession` and `refreshSession`, `searchPosts`, `getPosts`, `getPostThread`, and the records of one account.

    The search counts posts that it then does not show (`hidden`), so that a page may be short with more to come. Posts of
    accounts in `blocking` are not shown to the one that is signed in. A session ends after two hours; `end_sessions` ends
    all at once. `pds` is the server that the account's identity document names, "" for none.
    """

    name = "bluesky"
    usual_window: ClassVar[tuple[int, int]] = (3000, 300)

    def __init__(
        self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None, *, pds: str = "", most: int = 30
    ) -> None:
        super().__init__(shelf, clock, window)
        self.hidden, self.blocking, self.pds = set[str](), set[str](), pds
        self.posts, self.sign_ins = Posts(shelf), Window(most, 300)
        self._era = 0
        shelf.know([Account(f"bluesky:{DID}", HANDLE, clock(), "The brand")])

    def end_sessions(self) -> None:
        """Let no token count that was given so far."""
        self._era += 1

    def limit_headers(self) -> Mapping[str, str]:
        """What each answer says of the window."""
        return _headers(self.window)

    def limited(self, *, says_when: bool) -> Answer:
        """The answer to one request too many: it names no time to wait, only the end of the window."""
        headers = self.limit_headers() if says_when else {}
        return _refusal("RateLimitExceeded", "Rate Limit Exceeded", 429, headers)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        method = request.path.removeprefix("/xrpc/")
        if method == "com.atproto.server.createSession":
            return self._sign_in(request)
        if method == "com.atproto.server.refreshSession":
            return self._refused(request, "refresh") or answer_json(self._session())
        calls = {
            "com.atproto.server.getSession": self._whoami,
            "app.bsky.feed.searchPosts": self._search,
            "app.bsky.feed.getPosts": self._look_up,
            "app.bsky.feed.getPostThread": self._thread,
            "com.atproto.repo.getRecord": self._get_record,
            "com.atproto.repo.putRecord": self._put_record,
            "com.atproto.repo.createRecord": self._create_record,
        }
        if method not in calls:
            return _refusal("MethodNotImplemented", "Method Not Implemented", 501)
        return self._refused(request, "access") or calls[method](request)

    def _sign_in(self, request: Request) -> Answer:
        if not self.sign_ins.take(self.clock()):
            return _refusal("RateLimitExceeded", "Rate Limit Exceeded", 429, _headers(self.sign_ins))
        asked = _body(request)
        if (asked.get("identifier"), asked.get("password")) not in {(HANDLE, APP_PASSWORD), (DID, APP_PASSWORD)}:
            return _refusal("AuthenticationRequired", "Invalid identifier or password", 401, _headers(self.sign_ins))
        return answer_json(self._session(), headers=_headers(self.sign_ins))

    def _session(self) -> dict[str, Any]:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.pds}
        document = {"@context": ["https://www.w3.org/ns/did/v1"], "id": DID, "service": [service]}
        tokens = {"accessJwt": self._token("access", _ACCESS), "refreshJwt": self._token("refresh", _REFRESH)}
        return {"did": DID, "handle": HANDLE, "active": True, **tokens, **({"didDoc": document} if self.pds else {})}

    def _token(self, scope: str, lasting: timedelta) -> str:
        now = self.clock()
        claims = {"scope": scope, "sub": DID, "iat": int(now.timestamp()), "exp": int((now + lasting).timestamp())}
        parts = [{"typ": "at+jwt", "alg": "HS256"}, claims]
        signed = ".".join(_packed(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{self._signature(signed)}"

    def _signature(self, signed: str) -> str:
        return _packed(hmac.digest(f"era {self._era}".encode(), signed.encode(), "sha256"))

    def _refused(self, request: Request, scope: str) -> Answer | None:
        """What is wrong with the token of a request, in Bluesky's words."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            return _refusal("AuthMissing", "Authentication Required", 401)
        signed, _, signature = token.rpartition(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        except (binascii.Error, ValueError):
            claims = {}
        if claims.get("scope") != scope or not hmac.compare_digest(signature, self._signature(signed)):
            return _refusal("InvalidToken", "Token could not be verified")
        if claims["exp"] <= self.clock().timestamp():
            return _refusal("ExpiredToken", "Token has expired")
        return None

    def _whoami(self, request: Request) -> Answer:  # noqa: ARG002 - all calls take the request
        return answer_json({"did": DID, "handle": HANDLE, "active": True})

    def _search(self, request: Request) -> Answer:
        size, start = request.query.get("limit", "25"), request.query.get("cursor", "0")
        if not size.isdecimal() or not 1 <= int(size) <= _LARGEST:
            return _refusal("InvalidRequest", f"Error: limit must be between 1 and {_LARGEST}")
        if not start.isdecimal() or int(start) > _SHOWN or not request.query.get("q"):
            return _refusal("InvalidRequest", "Error: bad query or cursor")
        end = min(int(start) + int(size), _SHOWN)
        found = list(islice(self._hits(request), int(start), end + 1))
        shown = [mention for mention in found[: end - int(start)] if self._shows(mention)]
        body: dict[str, Any] = {"posts": [self.posts.view(mention, self.clock()) for mention in shown]}
        if len(found) > end - int(start) and end < _SHOWN:
            body["cursor"] = str(end)
        return answer_json(body, tuple(mention.id for mention in shown))

    def _hits(self, request: Request) -> Iterator[Mention]:
        words = request.query["q"].lower().split()
        until, since = (_time(request.query.get(name)) for name in ("until", "since"))
        for mention in self.shelf.newest(self.clock(), until):
            if since is not None and mention.posted_at < since:
                return
            below = until is None or mention.posted_at < until
            if below and mention.kind is not Kind.REPOST and all(word in mention.text.lower() for word in words):
                yield mention

    def _shows(self, mention: Mention) -> bool:
        return mention.id not in self.hidden and mention.author not in self.blocking

    def _look_up(self, request: Request) -> Answer:
        uris = request.queries.get("uris", ())
        if not 0 < len(uris) <= _LOOKED_UP:
            return _refusal("InvalidRequest", f"Error: uris must not have more than {_LOOKED_UP} elements")
        found = [self.shelf.find(f"bluesky:{uri}", self.clock()) for uri in uris]
        shown = [mention for mention in found if mention is not None and self._shows(mention)]
        views = [self.posts.view(mention, self.clock()) for mention in shown]
        return answer_json({"posts": views}, tuple(mention.id for mention in shown))

    def _thread(self, request: Request) -> Answer:
        uri, depth = request.query.get("uri", ""), request.query.get("depth", "6")
        mention = self.shelf.find(f"bluesky:{uri}", self.clock())
        if mention is None or mention.id in self.hidden:
            return _refusal("NotFound", f"Post not found: {uri}")
        if mention.author in self.blocking:
            author = {"did": native(mention.author), "viewer": {"blockedBy": True}}
            hidden = {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri, "blocked": True, "author": author}
            return answer_json({"thread": hidden})
        items: list[str] = []
        tree = self._tree(mention, min(int(depth) if depth.isdecimal() else 6, _DEEPEST), items)
        return answer_json({"thread": tree}, tuple(items))

    def _tree(self, mention: Mention, depth: int, items: list[str]) -> dict[str, Any]:
        items.append(mention.id)
        below = self.shelf.answers(mention.id, self.clock()) if depth else ()
        replies = [self._tree(one, depth - 1, items) for one in below if self._shows(one) and one.kind is not Kind.QUOTE]
        view = self.posts.view(mention, self.clock())
        return {"$type": "app.bsky.feed.defs#threadViewPost", "post": view, "replies": replies}

    def _get_record(self, request: Request) -> Answer:
        repo, collection, key = (request.query.get(name, "") for name in ("repo", "collection", "rkey"))
        uri = f"at://{DID if repo == HANDLE else repo}/{collection}/{key}"
        mention = self.shelf.find(f"bluesky:{uri}", self.clock())
        if mention is None:
            return _refusal("RecordNotFound", f"Could not locate record: {uri}")
        record = self.posts.record(mention)
        return answer_json({"uri": uri, "cid": content_id(record), "value": record}, (mention.id,))

    def _create_record(self, request: Request) -> Answer:
        """A key of the client's own that is taken is a bare 500, as on the real servers."""
        key = _body(request).get("rkey") or self._new_key()
        if self.shelf.find(f"bluesky:at://{DID}/{POST}/{key}", self.clock()) is not None:
            return _refusal("InternalServerError", "Internal Server Error", 500)
        return self._write(_body(request), str(key))

    def _put_record(self, request: Request) -> Answer:
        asked = _body(request)
        if not asked.get("rkey"):
            return _refusal("InvalidRequest", 'Input must have the property "rkey"')
        return self._write(asked, str(asked["rkey"]))

    def _write(self, asked: Mapping[str, Any], key: str) -> Answer:
        record = asked.get("record")
        if asked.get("repo") not in {DID, HANDLE} or asked.get("collection") != POST or not isinstance(record, dict):
            return _refusal("InvalidRequest", "Could not find repo or record")
        if len(record.get("text", "")) > _LONGEST_TEXT:
            return _refusal("InvalidRequest", f"Record/text must not be longer than {_LONGEST_TEXT} graphemes")
        uri = f"at://{DID}/{POST}/{key}"
        self._store(f"bluesky:{uri}", record)
        return answer_json({"uri": uri, "cid": content_id(record), "validationStatus": "valid"})

    def _store(self, own_id: str, record: dict[str, Any]) -> None:
        """Put a record on the shelf; the same one again changes nothing, another one takes the place of the first."""
        known = self.shelf.find(own_id, self.clock())
        reply = record.get("reply") or {}
        parent, root = (f"bluesky:{reply[name]['uri']}" if name in reply else None for name in ("parent", "root"))
        author, now = f"bluesky:{DID}", self.clock()
        answered = [(How.REPLY, author_of(parent))] if parent else []
        said = Mention(
            id=own_id,
            author=author,
            posted_at=known.posted_at if known else now,
            collected_at=now,
            text=record.get("text", ""),
            kind=Kind.REPLY if parent else Kind.POST,
            parent=parent,
            thread=root or own_id,
            addressed=address(answered, author),
        )
        if known is None or self.posts.written.get(own_id) != record:
            self.posts.written[own_id] = record
            self.shelf.add(said)

    def _new_key(self) -> str:
        """A key made of the time, in the protocol's alphabet."""
        left = int(self.clock().timestamp() * 1_000_000) << 10 | len(self.posts.written)
        return "".join(_TID[left >> shift & 31] for shift in range(60, -1, -5))


def _headers(window: Window) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(window.limit),
        "RateLimit-Remaining": str(window.left()),
        "RateLimit-Reset": str(int(window.resets_at().timestamp())),
        "RateLimit-Policy": f"{window.limit};w={window.seconds}",
    }


def _refusal(name: str, words: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Answer:
    """An error in the protocol's form."""
    return answer_json({"error": name, "message": words}, headers=headers, status=status)


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _time(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
