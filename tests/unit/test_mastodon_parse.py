"""What a Mastodon server says becomes facts, or rejects that say why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.mastodon.parse import parse_status
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind
from tests.raw_statuses import a_status, an_account

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERVER = "mastodon.example"


def parsed(**changes: Any):
    return parse_status(a_status(**changes), SERVER, NOW)


def test_a_status_is_a_post_by_its_author():
    mention, accounts = parsed()
    assert mention.id == mention.thread == "mastodon:mastodon.example/100"
    assert mention.author == "mastodon:mastodon.example/7"
    assert mention.posted_at == datetime(2026, 3, 1, 10, 11, 12, 345_000, tzinfo=UTC)
    assert (mention.text, mention.kind, mention.language) == ("I like acme", Kind.POST, "en")
    assert (mention.parent, mention.addressed, mention.edited_at) == (None, (), None)
    assert mention.url == "https://elsewhere.example/@person7/100"
    assert mention.metrics == {"likes": 3, "reposts": 2, "replies": 1, "author_followers": 12}
    (author,) = accounts
    assert (author.id, author.handle, author.name) == (mention.author, "person7@elsewhere.example", "Person 7")
    assert (author.followers, author.created_at) == (12, datetime(2020, 5, 6, tzinfo=UTC))


def test_the_same_number_on_two_servers_is_two_mentions():
    one, _ = parse_status(a_status(), "one.example", NOW)
    other, _ = parse_status(a_status(), "other.example", NOW)
    assert one.id != other.id
    assert one.author != other.author


def test_a_reply_addresses_whom_it_answers_and_whom_it_names():
    named = [{"id": "8", "acct": "eight", "username": "eight", "url": ""}, {"id": "9", "acct": "nine", "username": "nine"}]
    mention, _ = parsed(in_reply_to_id="90", in_reply_to_account_id="8", mentions=named)
    assert mention.kind is Kind.REPLY
    assert mention.parent == "mastodon:mastodon.example/90"
    assert mention.addressed == (
        (How.MENTION, "mastodon:mastodon.example/9"),
        (How.REPLY, "mastodon:mastodon.example/8"),
    )


@pytest.mark.parametrize("answered", ["90", None], ids=["there", "gone"])
def test_the_thread_of_a_reply_is_not_guessed(answered: str | None):
    mention, _ = parsed(in_reply_to_id=answered, in_reply_to_account_id="8")
    assert mention.kind is Kind.REPLY
    assert mention.thread is None
    known, _ = parse_status(a_status(in_reply_to_id=answered, in_reply_to_account_id="8"), SERVER, NOW, "the root")
    assert known.thread == "the root"


def test_a_reply_to_oneself_addresses_nobody():
    mention, _ = parsed(in_reply_to_id="90", in_reply_to_account_id="7")
    assert (mention.kind, mention.addressed) == (Kind.REPLY, ())


def test_a_boost_has_the_words_of_what_it_boosts_and_none_of_its_counts():
    original = a_status(50, account=an_account(9), content="<p>acme is fine</p>", mentions=[{"id": "11"}])
    mention, accounts = parsed(reblog=original, content="<p>acme is fine</p>")
    assert (mention.kind, mention.text) == (Kind.REPOST, "acme is fine")
    assert mention.parent == "mastodon:mastodon.example/50"
    assert mention.addressed == ((How.REPOST, "mastodon:mastodon.example/9"),)
    assert mention.metrics == {"author_followers": 12}
    assert [account.id.rpartition("/")[2] for account in accounts] == ["7", "9"]


@pytest.mark.parametrize("whole", [True, False], ids=["in a frame", "as other software has it"])
def test_a_quote_addresses_the_quoted_author_and_leaves_the_servers_link_out(whole: bool):
    original = a_status(50, account=an_account(9))
    quote = {"state": "accepted", "quoted_status": original} if whole else original
    content = '<p class="quote-inline">RE: <a href="https://x.example/50">x.example/50</a></p><p>Well said on acme</p>'
    mention, accounts = parsed(quote=quote, content=content)
    assert (mention.kind, mention.text) == (Kind.QUOTE, "Well said on acme")
    assert mention.parent == "mastodon:mastodon.example/50"
    assert mention.addressed == ((How.QUOTE, "mastodon:mastodon.example/9"),)
    assert len(accounts) == 2


@pytest.mark.parametrize(
    ("quote", "parent"),
    [
        ({"state": "accepted", "quoted_status_id": "50"}, "mastodon:mastodon.example/50"),
        ({"state": "revoked", "quoted_status": None}, None),
    ],
)
def test_a_quote_of_what_is_not_shown_is_still_a_quote(quote: dict[str, Any], parent: str | None):
    mention, accounts = parsed(quote=quote)
    assert (mention.kind, mention.parent, mention.addressed, len(accounts)) == (Kind.QUOTE, parent, (), 1)


def test_html_reads_as_its_author_wrote_it():
    content = (
        '<p><span class="h-card" translate="no"><a href="https://m.example/@acme" class="u-url">@<span>acme</span></a>'
        '</span> 3 &lt; 4 &amp; more<br />see <a href="https://shop.example/lamps/long"><span class="invisible">https://'
        '</span><span class="ellipsis">shop.example/lam</span><span class="invisible">ps/long</span></a></p>'
        '<p><a href="https://m.example/tags/acme" class="mention hashtag" rel="tag">#<span>acme</span></a></p>'
    )
    mention, _ = parsed(content=content)
    assert mention.text == "@acme 3 < 4 & more\nsee https://shop.example/lamps/long\n\n#acme"


def test_a_content_warning_stands_before_the_text():
    assert parsed(spoiler_text="Spoilers for acme")[0].text == "Spoilers for acme\n\nI like acme"
    assert parsed(spoiler_text="Just this", content="")[0].text == "Just this"


def test_an_answer_to_a_deletion_holds_the_source_instead():
    raw = a_status(text="I like acme < all")
    del raw["content"]
    assert parse_status(raw, SERVER, NOW)[0].text == "I like acme < all"


def test_an_edit_tells_when():
    assert parsed(edited_at="2026-03-01T12:00:00.000Z")[0].edited_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("visibility", ["private", "direct", "limited", "mutuals_only", None, 3, [], {}])
def test_what_was_not_said_to_all_is_no_mention(visibility: object):
    with pytest.raises(Invalid, match="not public"):
        parsed(visibility=visibility)


@pytest.mark.parametrize("field", ["id", "created_at", "account", "visibility", "content"])
@pytest.mark.parametrize("value", [None, 3.5, [], {}, True, "\ud800", ""])
def test_a_needed_field_of_the_wrong_shape_is_a_reason(field: str, value: object):
    if field == "content" and value == "":
        assert parsed(content="")[0].text == ""
        return
    with pytest.raises(Invalid):
        parsed(**{field: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"mentions": [3]},
        {"mentions": "nobody"},
        {"reblog": "50"},
        {"quote": 3},
        {"in_reply_to_id": {"id": 3}},
        {"language": 3},
        {"language": "\ud800"},
        {"edited_at": "yesterday"},
        {"account": an_account(acct=None, username=None)},
        {"account": an_account(id="../../admin")},
        {"account": an_account(display_name="\udfff")},
        {"id": "1" * 65},
        {"created_at": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_misshapen_field_is_a_reason(changes: dict[str, Any]):
    with pytest.raises(Invalid):
        parsed(**changes)


def test_counts_that_are_none_are_left_out():
    mention, (author,) = parsed(
        favourites_count=2**70, reblogs_count=-1, replies_count="3", account=an_account(followers_count=-1)
    )
    assert mention.metrics == {}
    assert author.followers is None
