"""What the layout promises, read from the source itself."""

import ast
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from jinja2 import meta, nodes
from jinja2.ext import babel_extract

from moderation import problem_words, rendering, words
from moderation.drafts import Problem
from moderation.language import Language
from moderation.lifecycle import Action, Reason, Status
from moderation.markup import findings
from moderation.settings import Settings
from moderation.wording import Wording

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "moderation").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 50
Kind = TypeVar("Kind", bound=ast.AST)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def found(kind: type[Kind]) -> Iterator[tuple[str, Kind]]:
    for file in MODULES:
        for node in ast.walk(tree(file)):
            if isinstance(node, kind):
                yield name_of(file), node


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    yield from found(ast.FunctionDef)
    yield from found(ast.AsyncFunctionDef)


def calls(*names: str) -> list[tuple[str, str]]:
    """Where something of that name is called, bare or as somebody's method."""
    places = []
    for place, node in found(ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in names:
            places.append((place, called))
    return places


def sources() -> Iterator[tuple[str, str]]:
    return ((name_of(file), file.read_text(encoding="utf-8")) for file in TEMPLATES)


# Modules


def test_imports_point_down() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout


def test_only_the_edge_commits() -> None:
    edge = {"moderation/database.py", "moderation/migrations.py"}
    assert {place for place, _ in calls("commit", "rollback")} <= edge
    assert {place for place, _ in calls("begin")} <= edge


def test_the_web_and_the_command_line_build_no_query() -> None:
    built = calls("select", "update", "delete", "insert", "exec", "execute", "text")
    assert [call for call in built if call[0].startswith(("moderation/web/", "moderation/cli/"))] == []


def test_a_status_changes_in_one_place() -> None:
    places = []
    for file in MODULES:
        for function in ast.walk(tree(file)):
            if not isinstance(function, Function):
                continue
            for node in ast.walk(function):
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                places += [
                    (name_of(file), function.name)
                    for target in targets
                    if isinstance(target, ast.Attribute)
                    and target.attr == "status"
                    and not (isinstance(target.value, ast.Name) and target.value.id == "self")
                ]
    assert places == [("moderation/moves.py", "move")]


def test_there_is_one_way_to_decide_and_one_to_send_whatever_the_door() -> None:
    doors = {"moderation/web/desk.py", "moderation/web/review.py", "moderation/web/api_desk.py"}
    doors |= {"moderation/cli/desk.py", "moderation/bulk.py"}
    assert {place for place, _ in calls("speak")} - {"moderation/decisions.py"} == doors
    sends = {"moderation/web/submit.py", "moderation/web/api_public.py", "moderation/demo/load.py"}
    assert {place for place, _ in calls("submit")} == sends
    rows = calls("Comment", "Version", "Decision", "Publication")
    assert [call for call in rows if call[0].startswith(("moderation/web/", "moderation/cli/"))] == []


def test_errors_are_caught_by_their_names() -> None:
    broad = [
        place
        for place, node in found(ast.ExceptHandler)
        if node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}
    ]
    # Each says beside it what whoever it serves is better off with, whatever went wrong.
    assert broad == [
        "moderation/delivery.py",
        "moderation/markup/article.py",
        "moderation/markup/rendering.py",
    ]


def test_the_time_is_asked_of_the_clock() -> None:
    asked = [call for call in calls("now", "utcnow", "today") if call[0] != "moderation/clock.py"]
    assert asked == []


def imported() -> set[tuple[str, str]]:
    """Each module with what it imports, by every name that leads there."""
    names = {(place, alias.name) for place, node in found(ast.Import) for alias in node.names}
    for place, node in found(ast.ImportFrom):
        names |= {(place, node.module or "")} | {
            (place, f"{node.module}.{alias.name}") for alias in node.names
        }
    return names


def test_no_program_is_started_but_its_own_workers() -> None:
    ways = {
        "Popen",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "system",
        "popen",
        "fork",
        "forkpty",
    }
    ways |= {name for name in dir(os) if name.startswith(("exec", "spawn", "posix_spawn"))}
    assert calls(*ways) == [("moderation/parent.py", "create_subprocess_exec")]
    assert {place for place, name in imported() if name == "subprocess"} == set()


def test_nothing_fetches_an_address() -> None:
    ways = ("urllib.request", "http.client", "httpx", "requests", "aiohttp", "urllib3", "ftplib", "socket")
    asks = {(place, name) for place, name in imported() if name in ways}
    # Where a server listens, and which kind of socket a mail server is spoken to by.
    assert {place for place, _ in asks} == {
        "moderation/mail.py",
        "moderation/parent.py",
        "moderation/serving.py",
    }
    assert {name for _, name in asks} == {"socket"}
    assert [call for call in calls("create_connection", "connect") if call[1] == "create_connection"] == []


def test_html_is_trusted_by_one_module() -> None:
    assert {place for place, _ in calls("Markup")} == {"moderation/markup/rendering.py"}


def test_modules_and_functions_are_short() -> None:
    long = [name_of(file) for file in MODULES if len(file.read_text().splitlines()) > LONGEST_MODULE]
    long += [
        f"{place}: {node.name}"
        for place, node in functions()
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_owns() -> None:
    silent = [
        name_of(file)
        for file in MODULES
        if ast.get_docstring(tree(file)) is None and file.read_text().strip()
    ]
    assert silent == []


def test_everything_is_annotated() -> None:
    bare = []
    for place, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [argument for argument in (node.args.vararg, node.args.kwarg) if argument]
        missing = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
        if missing or node.returns is None:
            bare.append(f"{place}: {node.name} {missing}")
    assert bare == []


# Templates

# What the pages are given besides `page`, and the letters besides nothing.
GIVEN = {
    *("page", "status", "form", "preview", "notice", "person", "now", "problem"),
    *("next", "entry", "wrong", "unknown", "typed", "changed", "action"),
    *("picked", "team", "weeks", "party", "news", "stay", "picture", "scopes", "foreign", "usual"),
    *("on", "unusable", "shipped", "alone", "parent"),
    *("name", "link", "code", "kind", "at", "reference"),
    *("choices", "confirmed", "paragraphs"),
    *("of", "charts"),
    *("back", "here"),
    *("html", "newest", "seen", "longest", "clause", "fewest", "with_address"),
}


def test_templates_name_only_what_they_are_given() -> None:
    environment = rendering.environment(Settings(), Language("fr", "Europe/Paris"), Wording())
    named, shared = {}, set[str]()
    for name, source in sources():
        parsed = environment.parse(source)
        own = {node.target for node in parsed.find_all(nodes.Import)}
        own |= {macro.name for macro in parsed.find_all(nodes.Macro)}
        own |= {getattr(node.target, "name", "") for node in parsed.find_all(nodes.Assign)}
        own |= {getattr(node.target, "name", "") for node in parsed.find_all(nodes.AssignBlock)}
        named[name] = meta.find_undeclared_variables(parsed) - own
        shared |= own
    # A part sees what the page around it has named.
    parts = {name: names - shared if "/_" in name else names for name, names in named.items()}
    assert set().union(*parts.values()) == GIVEN
    mails = set().union(*(names for name, names in named.items() if "/mail/" in name))
    assert mails == {
        *("name", "link", "code", "kind", "at"),
        *("page", "clause", "choices", "confirmed", "paragraphs"),
    }


def test_no_template_trusts_what_it_shows() -> None:
    trusting = re.compile(r"""(?<!") \|\s*safe\b|\bautoescape\b|\bMarkup\b""")
    assert [name for name, source in sources() if trusting.search(source)] == []


def test_no_template_holds_a_style_or_a_script() -> None:
    inline = re.compile(
        r"<style|<script(?![^>]*\bsrc=)|\sstyle\s*=|\son\w+\s*=|javascript:|https?://(?!www\.w3\.org/2005/Atom|purl\.org/syndication/thread/1\.0|schema\.org/|www\.sitemaps\.org/)",
        re.IGNORECASE,
    )
    assert [(name, inline.findall(source)) for name, source in sources() if inline.search(source)] == []


def test_french_is_written_with_its_own_apostrophe() -> None:
    straight = re.compile(r"\w'\w|\.\.\.")
    said = [
        text
        for file in TEMPLATES
        for _, _, message, _ in babel_extract(io.BytesIO(file.read_bytes()), ["_", "ngettext"], [], {})
        for text in (message if isinstance(message, tuple) else (message,))
        if isinstance(text, str)
    ]
    assert len(said) > 100
    assert [text for text in said if straight.search(text)] == []


# Words


def test_every_code_word_has_its_words() -> None:
    assert set(words.STATUS) == set(Status)
    assert set(words.REASON) == set(Reason)
    assert set(words.BUTTON) == set(words.DONE) == set(words.MOVED) == set(Action)
    documented = re.findall(r"^(\w+) {2,}", findings.__doc__ or "", re.MULTILINE)
    assert set(words.FINDING) == set(documented)


def test_every_refusal_has_its_words() -> None:
    codes = {
        node.args[0].value
        for _, node in found(ast.Call)
        if getattr(node.func, "id", "") in {"Refused", Problem.__name__}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert codes == set(problem_words.PROBLEM)
