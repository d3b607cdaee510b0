"""Commands that do what an exchange shows: what the copy button of a request puts on the clipboard.

They ask port 5000, Flask's; the site's script puts Django's there where Django is shown. A request
whose `Host` names a port of this machine is for a server that the page has started there. Each
visitor has a cookie jar, a file in the folder where the commands are typed. A request that sends
the hidden fields of a form fetches the form first; a value that an answer gives as `$NAME` becomes
a variable of the shell. The programs are those of POSIX, and `curl`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tandem.blocks.http import REQUEST, STATUS

from tandem_site.values import NAME, extract, quote

SERVER = "http://127.0.0.1:5000"
LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1):\d{1,5}")
FORM = "application/x-www-form-urlencoded"
# Reads a page split at each `<` and writes the hidden fields of a form that posts `to` a path,
# else of the only form that posts. HTML 5, section 4.10.18.4: a form without an action posts to
# its own page. FIELD is how a field is written.
HIDDEN = r"""
function a(n) {
  if (!match($0, "[ \t\n]" n "=\"[^\"]*\"")) return ""
  return substr($0, RSTART + length(n) + 3, RLENGTH - length(n) - 4)
}
/^form[ \t\n>]/ {
  f++; t = a("action"); sub(/[?#].*/, "", t); if (t == "") t = page
  open = tolower(a("method")) == "post"
  if (open) { posts++; last = f; if (t == to && !hit) hit = f }
}
/^\/form/ { open = 0 }
/^input/ && open && a("type") == "hidden" && !index(typed, "&" a("name") "&") {
  n = a("name"); v = a("value"); gsub(/&lt;/, "<", v); gsub(/&gt;/, ">", v)
  gsub(/&(#34|quot);/, "\"", v); gsub(/&#(39|x27);/, "\047", v); gsub(/&amp;/, "\\&", v)
  FIELD
}
END { if (!hit && posts == 1) hit = last; printf "%s", fields[hit] }
""".strip()
AS_FORM = r"""gsub(/[\\"]/, "\\\\&", v)
  fields[f] = fields[f] "data-urlencode = \"" n "=" v "\"\n" """
AS_PART = r"""fields[f] = fields[f] "--" edge "\r\nContent-Disposition: form-data; name=\"" n "\""
  fields[f] = fields[f] "\r\n\r\n" v "\r\n" """


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and what is sent along: the visitor's jar, and the path of a form or ""."""

    jar: str = "jar"
    form: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the page shows it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str:
        """The value of the first header of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def server(self) -> str:
        """Where the request goes: the origin of a server on this machine."""
        host = self.header("host")
        return f"http://{host}" if LOCAL.fullmatch(host) else SERVER

    @property
    def boundary(self) -> str:
        """The boundary of a body of type multipart (RFC 2046, section 5.1.1), else ""."""
        found = re.match(r"multipart/.*\bboundary=\"?([^\";]+)", self.header("content-type"))
        return found[1] if found else ""


def jar_of(title: str) -> str:
    """The cookie jar of a visitor: `Grace's browser` keeps hers in `graces-browser.jar`."""
    words = re.sub(r"[^a-z0-9]+", "-", re.sub("['’]", "", title.lower())).strip("-")
    return f"{words}.jar" if words else "jar"


def messages(source: str) -> list[str]:
    """An `http` block cut before each request and each status line that follows a blank line."""
    found: list[list[str]] = []
    blank = True
    for line in source.split("\n"):
        first = STATUS if found and REQUEST.match(found[-1][0]) else REQUEST
        if not found or (blank and first.match(line)):
            found.append([])
        found[-1].append(line)
        blank = not line.strip()
    return [re.sub(r"\n+\Z", "", "\n".join(lines)) for lines in found]


def commands(
    shown: str, answer: str = "", sender: Sender = Sender(), names: frozenset[str] = frozenset()
) -> str:
    """What a reader types to send the request `shown` to a development server.

    The answer is printed with its headers. `names` are those that answers of the page give: a
    `$NAME` in the request is the shell's variable then, anything else stands as it is.
    """
    request = _read(shown)
    sent = _send(request, sender, names)
    wanted = dict.fromkeys(NAME.findall(answer))
    if not wanted:
        return sent
    lines = [f"answer=$({sent} | tr -d '\\r')", "printf '%s\\n' \"$answer\""]
    lines += [f"{name}={extract(answer, name)}" for name in wanted]
    return "\n".join(lines)


def _read(shown: str) -> Request:
    head, _, body = shown.partition("\n\n")
    first, *lines = head.split("\n")
    method, target, _ = first.split(" ")
    parts = (line.partition(":") for line in lines)
    return Request(method, target, tuple((name, value.strip()) for name, _, value in parts), body)


def _send(request: Request, sender: Sender, names: frozenset[str]) -> str:
    head = "-I" if request.method == "HEAD" else "-i"
    words = ["curl", head, *_jar(request, sender)]
    filled = bool(request.body or sender.form)
    if request.method not in {"HEAD", "POST" if filled else "GET"}:
        words += ["-X", request.method]
    for name, value in request.headers:
        if name.lower() == "host" and LOCAL.fullmatch(value):
            continue
        if not filled or (name.lower(), value) != ("content-type", FORM):
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if request.body and not request.header("content-type"):
        words += ["-H", "Content-Type:"]  # curl would call it a form
    body = _body(request)
    if request.boundary:
        words += ["--data-binary", "@-"]
    elif sender.form:
        words += ["-K", "-", "--data-raw", body]
    elif request.body:
        words += ["--data-raw", body]
    if re.search(r"[][{}]", request.target):
        words.append("--globoff")
    if re.search(r"/\.\.?(?:[/?]|$)", request.target):
        words.append("--path-as-is")
    target = request.target
    if target == "*":
        words, target = [*words, "--request-target", "*"], ""
    line = " ".join(quote(word, names) for word in [*words, request.server + target])
    return _before(request, sender, names) + line


def _jar(request: Request, sender: Sender) -> list[str]:
    """The options of the jar: a request that shows its cookies sends no others, and keeps what
    the answer sets."""
    return [*([] if request.header("cookie") else ["-b", sender.jar]), "-c", sender.jar]


def _body(request: Request) -> str:
    """The body as it is sent: text ends with a line end, a form or JSON does not."""
    kind = request.header("content-type").partition(";")[0].lower()
    lines = kind.startswith("text/") or kind in {"application/x-ndjson", "application/jsonl"}
    return f"{request.body}\n" if lines and request.body else request.body


def _before(request: Request, sender: Sender, names: frozenset[str]) -> str:
    """What goes into the request through a pipe: a form's hidden fields, a body with CRLF."""
    typing = ""
    if request.boundary:
        lines = (quote(line, names) for line in request.body.split("\n"))
        typing = f"printf '%s\\r\\n' {' '.join(lines)}"
    if not sender.form:
        return f"{typing} |\n  " if typing else ""
    host = "" if request.server != SERVER else request.header("host")
    words = ["curl", "-s", *_jar(request, sender), *(["-H", f"Host: {host}"] if host else [])]
    words.append(request.server + sender.form)
    page, to = (path.partition("?")[0] for path in (sender.form, request.target))
    if request.boundary:
        typed = re.findall(r'(?mi)^content-disposition:.*?\bname="([^"]*)"', request.body)
    else:
        typed = [name for name, _ in parse_qsl(request.body, keep_blank_values=True)]
    options = ["-v", "RS=<", "-v", f"page={page}", "-v", f"to={to}"]
    options += ["-v", f"typed=&{'&'.join(typed)}&"]
    if request.boundary:
        options += ["-v", f"edge={request.boundary}"]
    program = HIDDEN.replace("FIELD", (AS_PART if request.boundary else AS_FORM).rstrip())
    fetch = " ".join(quote(word, names) for word in words)
    pick = " ".join(quote(word, names) for word in ["awk", *options])
    pipe = f"{fetch} |\n  {pick} '\n{program}' "
    return f"{{ {pipe}; {typing}; }} |\n  " if typing else f"{pipe}|\n  "
