"""Made-up revisions: documents as the server fetches them, and a wiki that answers with them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from liftwing_serving.mediawiki import Documents, Page, Revision, User
from support.vocabulary import Vocabulary

NEWCOMER = User("Newcomer", ["*", "user"], "2026-05-01T12:00:00Z", 3, "unknown")
PATROLLER = User("Patroller", ["*", "user", "sysop"], "2011-03-01T12:00:00Z", 41_000, "female")
ANONYMOUS = "192.0.2.7"

HEADING = "== {} =="
SUBHEADING = "=== {} ==="
BOX = "{{{{Infobox {}\n| name = {}\n| image = [[File:{}.jpg|thumb|{}]]\n}}}}"
REFERENCE = "<ref>{{{{cite book |title={} |last={} |year=1987}}}}</ref>"
ELSEWHERE = "[[{}|{}]] ''{}'' [https://example.org/{} {}]"
CATEGORY = "[[Category:{}]]"


def text_of(vocabularies: Sequence[Vocabulary], dice: random.Random, insults: int) -> str:
    """Wikitext of some hundred words, with `insults` strings of each list that is matched.

    Texts of different dice differ in all words.
    """
    main = vocabularies[0]

    def words(count: int, of: Vocabulary = main) -> str:
        return " ".join(dice.choices([*of.known, *of.stopwords], k=count))

    lines = [BOX.format(words(1), words(2), words(1), words(3)), "'''" + words(2) + "'''"]
    for vocabulary in vocabularies:
        line = [*dice.choices(vocabulary.known, k=12 + insults)]
        line += dice.choices(vocabulary.unknown, k=4 + insults)
        for strings in vocabulary.matched.values():
            line += dice.choices(strings, k=insults) if strings else []
        dice.shuffle(line)
        lines.append(", ".join(line) + ".")
        lines.append(
            words(16, vocabulary).capitalize() + "!" + REFERENCE.format(words(2), words(1))
        )
    lines.insert(3, HEADING.format(words(2)))
    # What few words are: shouting, in Chinese, entities, and a template that asks for a source.
    lines.append(
        SUBHEADING.format(words(1)) + "\n" + words(1 + insults).upper() + " 漢字 &nbsp;{{cn}}"
    )
    lines.append(
        "* " + ELSEWHERE.format(words(1), words(1), words(2), dice.randint(1, 99), words(2))
    )
    lines.append(CATEGORY.format(words(1)))
    return "\n\n".join(lines)


def item_of(dice: random.Random, claims: int) -> str:
    """A Wikidata item as JSON, with labels, site links and claims, some with references."""

    def snak(number: int, target: int) -> dict[str, Any]:
        value = {"entity-type": "item", "numeric-id": target, "id": f"Q{target}"}
        return {
            "snaktype": "value",
            "property": f"P{number}",
            "datatype": "wikibase-item",
            "datavalue": {"type": "wikibase-entityid", "value": value},
        }

    def statement(number: int) -> dict[str, Any]:
        made: dict[str, Any] = {
            "mainsnak": snak(number, dice.randint(5, 400)),
            "type": "statement",
            "id": f"Q42${dice.getrandbits(64):x}",
            "rank": dice.choice(["normal", "preferred"]),
        }
        if dice.random() < 0.6:
            source, target = dice.choice([(143, 328), (248, 36578)])
            cited = {f"P{source}": [snak(source, target)]}
            made["references"] = [{"hash": f"{dice.getrandbits(64):x}", "snaks": cited}]
        return made

    def texts(languages: Sequence[str]) -> dict[str, Any]:
        return {
            code: {"language": code, "value": f"{code} {dice.randint(1, 999)}"}
            for code in languages
        }

    codes = ["en", "de", "fr", "es", "ru", "zh", "ar", "nl", "ja", "sv", "hu", "ko"]
    properties = sorted(dice.sample([18, 21, 27, 31, 54, 109, 373, 569, 570, 856, 17, 131], claims))
    sites = [f"{code}wiki" for code in dice.sample(codes, 4)]
    item: dict[str, Any] = {
        "type": "item",
        "id": "Q42",
        "labels": texts(dice.sample(codes, 6)),
        "descriptions": texts(dice.sample(codes, 5)),
        "aliases": {"en": [{"language": "en", "value": f"alias {dice.randint(1, 999)}"}]},
        "claims": {
            f"P{number}": [statement(number) for _ in range(dice.randint(1, 3))]
            for number in properties
        },
        "sitelinks": {
            site: {"site": site, "title": f"Title {dice.randint(1, 99)}", "badges": []}
            for site in sites
        },
    }
    return json.dumps(item)


def revisions_of(
    wiki: str, texts: Sequence[tuple[str | None, str]], comment: str
) -> list[Documents]:
    """A revision for each pair of texts, its parent's (or None) and its own, by various users."""
    page = Page(7, 0, "Page")
    if wiki == "translatewiki":
        page = Page(7, 8, "MediaWiki:Page/de")
    model = "wikibase-item" if wiki == "wikidatawiki" else "wikitext"
    made = []
    for index, (parent_text, text) in enumerate(texts):
        user = (PATROLLER, NEWCOMER, None)[index % 3]
        rev_id = 1000 + 10 * index
        parent = None
        if parent_text is not None:
            parent = Revision(
                rev_id=rev_id - 1,
                parent_id=0,
                page=page,
                timestamp="2026-05-02T08:00:00Z",
                user=ANONYMOUS,
                user_id=0,
                size=len(parent_text.encode(errors="surrogatepass")),
                comment="",
                text=parent_text,
                content_model=model,
            )
        revision = Revision(
            rev_id=rev_id,
            parent_id=parent.rev_id if parent else 0,
            page=page,
            timestamp=f"2026-05-0{3 + index % 6}T1{index % 10}:30:00Z",
            user=user.name if user else ANONYMOUS,
            user_id=17 if user else 0,
            size=len(text.encode(errors="surrogatepass")),
            comment=comment,
            text=text,
            content_model=model,
        )
        made.append(Documents(revision, parent, user))
    return made


class MadeUpWiki:
    """Stands for mwapi's session: answers the stock extractor's queries with these documents."""

    def __init__(self, documents: Sequence[Documents]) -> None:
        self._revisions: dict[int, Revision] = {}
        self._users: dict[str, User] = {}
        for of_one in documents:
            for revision in (of_one.revision, of_one.parent):
                if isinstance(revision, Revision):
                    self._revisions[revision.rev_id] = revision
            if isinstance(of_one.user, User):
                self._users[of_one.user.name] = of_one.user

    def get(self, **query: Any) -> Mapping[str, Any]:
        """What MediaWiki says to a query for revisions or users. Raises KeyError for any other."""
        if query.get("list") == "users":
            users = [self._users[name] for name in query["ususers"]]
            return {"query": {"users": [_user(user) for user in users]}}
        revisions = [self._revisions[rev_id] for rev_id in query["revids"]]
        return {"query": {"pages": {str(it.rev_id): _page(it) for it in revisions}}}


def _user(user: User) -> dict[str, Any]:
    return {
        "userid": 17,
        "name": user.name,
        "groups": user.groups,
        "registration": user.registration,
        "editcount": user.editcount,
        "gender": user.gender,
    }


def _page(revision: Revision) -> dict[str, Any]:
    page = revision.page
    main = {"contentmodel": revision.content_model, "*": revision.text}
    of_page = {"pageid": page.page_id, "ns": page.namespace, "title": page.title}
    of_revision = {
        "revid": revision.rev_id,
        "parentid": revision.parent_id,
        "user": revision.user,
        "userid": revision.user_id,
        "timestamp": revision.timestamp,
        "comment": revision.comment,
        "size": revision.size,
        "slots": {"main": main},
    }
    if revision.user_id == 0:
        of_revision["anon"] = ""
    return {**of_page, "revisions": [of_revision]}
