"""What a form said when the database could not take it: shown again, to be sent again with one button."""

from dataclasses import dataclass

from fastapi import Request

# Forms made of these are done once however often they are sent: a nonce or a revision sees to it. Any other
# field, a password above all, is never written into a page.
KNOWN = frozenset(
    {
        *("author", "email", "text", "token", "nobot", "parent", "step"),
        *("action", "revision", "reason", "note", "decision", "internal", "passages"),
        *("ground", "good_faith", "place", "passage"),
    }
)
# Of a notice and of a right of reply: that the same came a moment ago.
ONCE = frozenset({"token", "revision", "decision", "ground", "place"})
WORDS = ("passage", "text", "note", "internal", "passages")


@dataclass(frozen=True)
class Typed:
    """`words` is what somebody wrote, by field; `rest` what the form says besides."""

    words: dict[str, str]
    rest: dict[str, str]
    # The article the words are sent to, if they are a whole contribution.
    slug: str


async def typed(request: Request) -> Typed | None:
    """None for a request that is no form of ours, or that would be done twice."""
    if request.method != "POST":
        return None
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    if not form.keys() <= KNOWN or not (form.keys() & ONCE or form.get("step") == "preview"):
        return None
    words = {name: form.pop(name) for name in WORDS if form.get(name)}
    whole = "text" in words and {"author", "email"} <= form.keys()
    return Typed(words, form, request.path_params.get("slug", "") if whole else "")


def origin(request: Request) -> str:
    """The page of the desk a form was on."""
    comment = request.path_params.get("comment_id")
    return f"/desk/comments/{comment}" if comment else "/desk"
