"""The application that is built twice: what its specification promises, asked of both servers.

The steps are written from the specification (https://github.com/realworld-apps/realworld), in
words of our own; each runs against Flask and against Django as readers have them at the end.
Then the script that compares the two: that it counts right, without measuring any time.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "tools"))

import realworld  # noqa: E402

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
MISSING = {"errors": {"token": ["is missing"]}}
INVALID = {"errors": {"token": ["is invalid"]}}
BLANK = ["can't be blank"]
PASSWORD = "correct horse"
ORIGIN = "http://localhost:4200"
numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Api:
    """A server that runs one of the two applications; `key` signs its tokens."""

    port: int
    key: str

    def send(
        self, method: str, path: str, token: str = "", body: Any = None, **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        if token:
            headers["Authorization"] = f"Token {token}"
        content = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, f"/api/{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
            kind = answer.headers.get_content_type()
            found = json.loads(text) if text and kind == "application/json" else text
            return answer.status, found, answer.headers
        finally:
            connection.close()

    def __call__(
        self, method: str, path: str, token: str = "", body: Any = None
    ) -> tuple[int, Any]:
        status, found, _ = self.send(method, path, token, body)
        return status, found


@pytest.fixture(scope="module", params=["flask", "django"])
def api(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    archive = site / "projects" / f"tutorial-realworld-collection-{request.param}.zip"
    folder = tmp_path_factory.mktemp(request.param)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    env = realworld.environment()
    project = folder / "notes"
    realworld.empty(project, env)
    with realworld.served(project, env) as (port, _):
        yield Api(port, env["SECRET_KEY"])


def person(api: Api, name: str = "") -> tuple[str, str]:
    """Register somebody with a name that nobody has; the name and the token."""
    name = name or f"person{next(numbers)}"
    user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    status, found = api("POST", "users", body={"user": user})
    assert status == 201, found
    return name, found["user"]["token"]


def article(api: Api, token: str, **fields: Any) -> dict[str, Any]:
    texts = {"title": f"Title {next(numbers)}", "description": "Short", "body": "Long"}
    status, found = api("POST", "articles", token, {"article": texts | fields})
    assert status == 201, found
    made: dict[str, Any] = found["article"]
    return made


def slugs(found: dict[str, Any]) -> list[str]:
    return [one["slug"] for one in found["articles"]]


def test_registration_answers_with_the_user(api: Api) -> None:
    name = f"new{next(numbers)}"
    user = {"username": name, "email": f"{name}@Example.COM", "password": PASSWORD}
    status, found = api("POST", "users", body={"user": user})
    assert status == 201
    token = found["user"].pop("token")
    assert found["user"] == {
        "username": name, "email": f"{name}@example.com", "bio": None, "image": None,
    }  # fmt: skip
    assert api("GET", "user", token)[1]["user"]["username"] == name


@pytest.mark.parametrize("field", ["username", "email", "password"])
@pytest.mark.parametrize("value", ["", "  ", None, ...])
def test_registration_needs_three_fields(api: Api, field: str, value: Any) -> None:
    user = {"username": "blank", "email": "blank@example.com", "password": PASSWORD}
    user = (
        user | {field: value} if value is not ... else {k: user[k] for k in user.keys() - {field}}
    )
    assert api("POST", "users", body={"user": user}) == (422, {"errors": {field: BLANK}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a/b"), ("username", "x" * 151), ("username", 5), ("email", "nobody"),
        ("email", "x" * 250 + "@example.com"), ("password", "short"), ("password", "1234567890"),
        ("password", "null\0null\0"), ("image", "x" * 501), ("bio", ["text"]),
    ],
)  # fmt: skip
def test_registration_refuses_what_it_cannot_store(api: Api, field: str, value: Any) -> None:
    user = {"username": "fine", "email": "fine@example.com", "password": PASSWORD}
    status, found = api("POST", "users", body={"user": user | {field: value}})
    assert status == 422
    assert set(found["errors"]) == {field}
    assert all(isinstance(text, str) for text in found["errors"][field])


def test_names_and_addresses_are_taken_once(api: Api) -> None:
    name, _ = person(api)
    for other, email, wrong in [
        (name, "free@example.com", {"username"}),
        ("free", f"{name.upper()}@EXAMPLE.com", {"email"}),
        (name, f"{name}@example.com", {"username", "email"}),
    ]:
        user = {"username": other, "email": email, "password": PASSWORD}
        status, found = api("POST", "users", body={"user": user})
        assert status == 409
        assert found["errors"] == {key: ["has already been taken"] for key in wrong}


def test_only_one_of_several_wins_a_name_at_once(api: Api) -> None:
    name = f"race{next(numbers)}"
    user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: api("POST", "users", body={"user": user})[0], range(4)))
    assert sorted(said) == [201, 409, 409, 409]


def test_login(api: Api) -> None:
    name, _ = person(api)
    login = {"email": f"{name}@EXAMPLE.com", "password": PASSWORD}
    status, found = api("POST", "users/login", body={"user": login})
    assert (status, found["user"]["username"]) == (200, name)
    # A token that has become invalid does not stand in the way.
    assert api("POST", "users/login", "old.token", {"user": login})[0] == 200
    for wrong in ({"password": "wrong horse"}, {"email": "nobody@example.com"}):
        refused = api("POST", "users/login", body={"user": login | wrong})
        assert refused == (401, {"errors": {"credentials": ["invalid"]}})
    for field in login:
        refused = api("POST", "users/login", body={"user": login | {field: ""}})
        assert refused == (422, {"errors": {field: BLANK}})


def test_a_user_changes_what_is_sent_alone(api: Api) -> None:
    name, token = person(api)
    change = {"bio": "Writes.", "image": "https://example.com/a.png", "token": "x", "more": 1}
    status, found = api("PUT", "user", token, {"user": change})
    assert (status, found["user"]["bio"], found["user"]["username"]) == (200, "Writes.", name)
    for empty in ("", None):
        api("PUT", "user", token, {"user": {"bio": "Writes."}})
        assert api("PUT", "user", token, {"user": {"bio": empty}})[1]["user"]["bio"] is None
    for field, empty in itertools.product(("username", "email", "password"), ("", None)):
        refused = api("PUT", "user", token, {"user": {field: empty}})
        assert refused == (422, {"errors": {field: BLANK}})
    other, _ = person(api)
    assert api("PUT", "user", token, {"user": {"username": other}})[0] == 409
    assert api("GET", "user", token)[1]["user"]["username"] == name
    api("PUT", "user", token, {"user": {"password": "another horse"}})
    login = {"email": f"{name}@example.com", "password": PASSWORD}
    assert api("POST", "users/login", body={"user": login})[0] == 401
    login["password"] = "another horse"
    assert api("POST", "users/login", body={"user": login})[0] == 200


GUARDED = [
    "GET user", "PUT user", "GET articles/feed", "POST articles", "PUT articles/any",
    "DELETE articles/any", "POST articles/any/favorite", "DELETE articles/any/favorite",
    "POST articles/any/comments", "DELETE articles/any/comments/1", "POST profiles/any/follow",
    "DELETE profiles/any/follow",
]  # fmt: skip


@pytest.mark.parametrize("address", GUARDED)
def test_a_token_is_asked_for_before_anything_else(api: Api, address: str) -> None:
    method, path = address.split()
    status, found, headers = api.send(method, path)
    assert (status, found) == (401, MISSING)
    assert headers["WWW-Authenticate"].startswith("Token")
    assert api(method, path, "not.a.token") == (401, INVALID)
    _, token = person(api)
    status, found, _ = api.send(method, path, Authorization=f"Bearer {token}")
    assert (status, found) == (401, MISSING)


def test_tokens_expire_after_a_day_and_cannot_be_forged(api: Api) -> None:
    _, token = person(api)
    claims = jwt.decode(token, api.key, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 24 * 60 * 60
    past = claims | {"iat": claims["iat"] - 90_000, "exp": claims["exp"] - 90_000}
    for forged in (
        jwt.encode(past, api.key, algorithm="HS256"),
        jwt.encode(claims, "another key, as long as this one", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
    ):
        assert api("GET", "user", forged) == (401, INVALID)
        assert api("GET", "articles", forged) == (401, INVALID)


def test_following(api: Api) -> None:
    name, _ = person(api)
    _, token = person(api)
    path = f"profiles/{name}"
    nobody = {"username": name, "bio": None, "image": None, "following": False}
    assert api("GET", path) == (200, {"profile": nobody})
    for _ in "12":
        assert api("POST", f"{path}/follow", token)[1]["profile"]["following"]
    assert api("GET", path, token)[1]["profile"]["following"]
    assert not api("GET", path)[1]["profile"]["following"]
    for _ in "12":
        assert api("DELETE", f"{path}/follow", token) == (200, {"profile": nobody})
    unknown = (404, {"errors": {"profile": ["not found"]}})
    assert api("GET", "profiles/nobody") == unknown
    assert api("POST", "profiles/nobody/follow", token) == unknown
    assert api("DELETE", "profiles/nobody/follow", token) == unknown


def test_an_article_from_its_first_day_to_its_last(api: Api) -> None:
    name, token = person(api)
    title = f"Über Ada's engine {next(numbers)}"
    made = article(api, token, title=title, tagList=["weaving", "engines", "weaving"])
    slug = made["slug"]
    assert slug == re.sub("[^a-z0-9]+", "-", title.lower().replace("ü", "u").replace("'", ""))
    assert TIME.fullmatch(made["createdAt"])
    assert TIME.fullmatch(made["updatedAt"])
    now = datetime.now(UTC)
    assert abs((now - datetime.fromisoformat(made["createdAt"])).total_seconds()) < 3600
    assert made == {
        "slug": slug, "title": title, "description": "Short", "body": "Long",
        "tagList": ["engines", "weaving"], "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"], "favorited": False, "favoritesCount": 0,
        "author": {"username": name, "bio": None, "image": None, "following": False},
    }  # fmt: skip
    assert api("GET", f"articles/{slug}") == (200, {"article": made})
    status, found = api("PUT", f"articles/{slug}", token, {"article": {"body": "Longer"}})
    changed = found["article"]
    assert status == 200
    assert changed["updatedAt"] > made["updatedAt"]
    assert changed == made | {"body": "Longer", "updatedAt": changed["updatedAt"]}
    title = f"Another title {next(numbers)}"
    found = api("PUT", f"articles/{slug}", token, {"article": {"title": title}})[1]["article"]
    assert found["slug"] == title.lower().replace(" ", "-")
    unknown = (404, {"errors": {"article": ["not found"]}})
    assert api("GET", f"articles/{slug}") == unknown
    path = f"articles/{found['slug']}"
    comment = {"comment": {"body": "Yes"}}
    assert api("POST", f"{path}/comments", token, comment)[0] == 201
    assert api("POST", f"{path}/favorite", token)[0] == 200
    assert api("DELETE", path, token)[0] == 204
    for method, rest in itertools.product(("GET", "PUT", "DELETE"), ("", "/comments", "/favorite")):
        if (method, rest) in {("GET", ""), ("GET", "/comments"), ("DELETE", "/favorite")}:
            assert api(method, path + rest, token) == unknown
    assert api("PUT", path, token, {"article": {"body": "Late"}}) == unknown
    assert api("DELETE", path, token) == unknown


@pytest.mark.parametrize("field", ["title", "description", "body"])
def test_an_article_needs_three_texts(api: Api, field: str) -> None:
    _, token = person(api)
    texts = dict.fromkeys(("title", "description", "body"), "Text")
    refused = (422, {"errors": {field: BLANK}})
    for value in ("", " ", None):
        body = {"article": texts | {field: value}}
        assert api("POST", "articles", token, body) == refused
        made = article(api, token)
        path = f"articles/{made['slug']}"
        assert api("PUT", path, token, {"article": {field: value}}) == refused


def test_slugs_stay_unique_also_at_once(api: Api) -> None:
    _, token = person(api)
    title = f"Equal {next(numbers)}"
    with ThreadPoolExecutor(4) as pool:
        made = [*pool.map(lambda _: article(api, token, title=title, tagList=["new"]), range(6))]
    found = {one["slug"] for one in made}
    assert len(found) == 6
    assert {slug[: len(title)] for slug in found} == {title.lower().replace(" ", "-")}
    for title in ("Feed", "日本", "!?"):
        assert article(api, token, title=title)["slug"].startswith("article")


def test_others_may_not_change_an_article(api: Api) -> None:
    _, owner = person(api)
    _, other = person(api)
    made = article(api, owner)
    path = f"articles/{made['slug']}"
    forbidden = (403, {"errors": {"article": ["forbidden"]}})
    assert api("PUT", path, other, {"article": {"body": "Mine"}}) == forbidden
    assert api("DELETE", path, other) == forbidden
    assert api("GET", path)[1]["article"] == made


def test_lists_come_in_pages_with_the_newest_first(api: Api) -> None:
    name, token = person(api)
    made = [article(api, token)["slug"] for _ in range(3)]
    status, found = api("GET", f"articles?author={name}")
    assert (status, slugs(found), found["articlesCount"]) == (200, made[::-1], 3)
    assert all("body" not in one for one in found["articles"])
    found = api("GET", f"articles?author={name}&limit=1&offset=1")[1]
    assert (slugs(found), found["articlesCount"]) == ([made[1]], 3)
    assert api("GET", "articles?author=nobody")[1] == {"articles": [], "articlesCount": 0}
    assert len(api("GET", "articles")[1]["articles"]) <= 20


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "offset=-1"])
@pytest.mark.parametrize("path", ["articles", "articles/feed"])
def test_limits_have_limits(api: Api, path: str, query: str) -> None:
    _, token = person(api)
    status, found = api("GET", f"{path}?{query}", token)
    assert status == 422
    assert set(found["errors"]) == {query.partition("=")[0]}


def test_tags(api: Api) -> None:
    _, token = person(api)
    one, two = (f"tag{next(numbers)}" for _ in "12")
    made = article(api, token, tagList=[two, one])
    path = f"articles/{made['slug']}"
    assert made["tagList"] == sorted([one, two])
    assert slugs(api("GET", f"articles?tag={one}")[1]) == [made["slug"]]
    assert {one, two} <= set(api("GET", "tags")[1]["tags"])
    kept = api("PUT", path, token, {"article": {"body": "Same tags"}})[1]["article"]
    assert kept["tagList"] == made["tagList"]
    for wrong in (None, "text", [""], ["x" * 51], [5]):
        status, found = api("PUT", path, token, {"article": {"tagList": wrong}})
        assert (status, set(found["errors"])) == (422, {"tagList"})
    assert api("PUT", path, token, {"article": {"tagList": []}})[1]["article"]["tagList"] == []
    assert not {one, two} & set(api("GET", "tags")[1]["tags"])


def test_comments(api: Api) -> None:
    name, token = person(api)
    _, other = person(api)
    made, elsewhere = article(api, token), article(api, token)
    path = f"articles/{made['slug']}/comments"
    status, found = api("POST", path, token, {"comment": {"body": "First"}})
    first = found["comment"]
    assert (status, first["body"], first["author"]["username"]) == (201, "First", name)
    assert TIME.fullmatch(first["createdAt"])
    api("POST", path, other, {"comment": {"body": "Second"}})
    listed = api("GET", path)[1]["comments"]
    assert [one["body"] for one in listed] == ["Second", "First"]
    assert api("POST", path, token, {"comment": {"body": " "}}) == (
        422,
        {"errors": {"body": BLANK}},
    )
    forbidden = (403, {"errors": {"comment": ["forbidden"]}})
    assert api("DELETE", f"{path}/{first['id']}", other) == forbidden
    unknown = (404, {"errors": {"comment": ["not found"]}})
    assert api("DELETE", f"{path}/999999", token) == unknown
    wrong = f"articles/{elsewhere['slug']}/comments/{first['id']}"
    assert api("DELETE", wrong, token) == unknown
    assert api("DELETE", f"{path}/99999999999999999999", token)[0] == 404
    assert api("DELETE", f"{path}/{first['id']}", token)[0] == 204
    assert [one["body"] for one in api("GET", path)[1]["comments"]] == ["Second"]


def test_favourites(api: Api) -> None:
    _, owner = person(api)
    name, token = person(api)
    made = article(api, owner)
    path = f"articles/{made['slug']}"
    for _ in "12":
        found = api("POST", f"{path}/favorite", token)[1]["article"]
        assert (found["favorited"], found["favoritesCount"]) == (True, 1)
    assert api("POST", f"{path}/favorite", owner)[1]["article"]["favoritesCount"] == 2
    assert api("GET", path)[1]["article"]["favorited"] is False
    assert slugs(api("GET", f"articles?favorited={name}")[1]) == [made["slug"]]
    for _ in "12":
        found = api("DELETE", f"{path}/favorite", token)[1]["article"]
        assert (found["favorited"], found["favoritesCount"]) == (False, 1)
    assert api("GET", f"articles?favorited={name}")[1]["articlesCount"] == 0


def test_the_feed_has_those_who_are_followed(api: Api) -> None:
    name, author = person(api)
    _, token = person(api)
    made = [article(api, author)["slug"] for _ in range(3)]
    article(api, token)
    assert api("GET", "articles/feed", token)[1] == {"articles": [], "articlesCount": 0}
    api("POST", f"profiles/{name}/follow", token)
    found = api("GET", "articles/feed?limit=2", token)[1]
    assert (slugs(found), found["articlesCount"]) == (made[:0:-1], 3)
    assert all(one["author"]["following"] for one in found["articles"])
    assert all("body" not in one for one in found["articles"])


@pytest.mark.parametrize("body", [b"{bad", b"\xff\xfe", [1], {}, {"user": []}, {"user": None}])
def test_no_body_is_a_fault_of_the_server(api: Api, body: Any) -> None:
    status, found = api("POST", "users", body=body)
    assert 400 <= status < 500
    assert all(isinstance(text, str) for one in found["errors"].values() for text in one)


def test_other_addresses_and_methods_have_errors_of_the_same_form(api: Api) -> None:
    assert api("GET", "nowhere") == (404, {"errors": {"request": ["not found"]}})
    refused = (405, {"errors": {"request": ["method not allowed"]}})
    assert api("PATCH", "tags", person(api)[1]) == refused


def test_front_ends_on_known_origins_may_ask(api: Api) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("http://example.org", None)):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        status, _, headers = api.send("OPTIONS", "user", **asked)
        assert status == 200
        assert headers["Access-Control-Allow-Origin"] == allowed
        _, _, headers = api.send("GET", "tags", Origin=origin)
        assert headers["Access-Control-Allow-Origin"] == allowed


def test_it_counts_files_and_lines(tmp_path: Path) -> None:
    files = {
        "app.py": "import os\n\n# A remark.\nprint(os.name)  # another\n",
        "part/__init__.py": "",
        "part/models.py": '"""Words."""\n\n\nclass Model:\n    pass\n',
        "part/migrations/0001.py": "print(1)\n",
        "tests/test_app.py": "print(2)\n",
        "notes.txt": "no code\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert realworld.size(tmp_path) == realworld.Size(files=2, lines=5)


def test_it_counts_packages() -> None:
    assert realworld.with_needs({"Flask"}) >= {"flask", "werkzeug", "jinja2", "markupsafe", "click"}
    assert realworld.with_needs({"sqlparse"}) == {"sqlparse"}
    assert realworld.named("flask") >= {"flask", "flask-migrate", "flask-smorest", "gunicorn"}
    assert realworld.named("django") == {
        "django", "djangorestframework", "djangorestframework-simplejwt", "django-cors-headers",
        "gunicorn",
    }  # fmt: skip


def test_it_writes_a_table() -> None:
    text = realworld.table([("files", "1", "2")], datetime(2026, 11, 8, tzinfo=UTC))
    assert text.startswith("Measured on 8 November 2026 with Flask 3.")
    assert text.endswith("| measured | Flask | Django |\n| --- | ---: | ---: |\n| files | 1 | 2 |")


def test_the_page_has_its_table() -> None:
    page = realworld.PAGE.read_text()
    between = page.partition(realworld.BEGIN)[2].partition(realworld.END)[0]
    rows = re.findall(r"^\| ([^|]+) \| ([\d.,]+[^|]*) \| ([\d.,]+[^|]*) \|$", between, re.MULTILINE)
    labels = [label for label, _, _ in rows]
    for path in realworld.READS:
        assert f"queries for {path}" in labels
        assert f"requests a second, {path}" in labels
