"""What several moderators make of contributions together, much of it too long for any screen."""

from datetime import timedelta

from conftest import Sent, send

from browser.serving import Site
from moderation import articles, deciders, decisions, leases, notes, passes, vetoes, voices
from moderation.articles import Content
from moderation.lifecycle import Action, Reason
from moderation.policy import Policy

SECTION = "Conseil"
RULE = Policy(publish=2, refuse=2, veto=True)


def together(site: Site, wide: str) -> dict[str, Sent]:
    """By what was made of each, in a section where two voices decide and an objection pauses."""
    content = Content(title=f"Le conseil, {wide}", body="", section=SECTION)
    with site.parts.writing() as session:
        articles.put(session, "conseil", content, now=site.parts.clock())
        voices.set_policy(session, SECTION, RULE)
    fates = ("read", "voiced", "vetoed", "aside", "left")
    sent = {fate: send(site.parts, "conseil", f"{fate} {wide}", author=wide[:80]) for fate in fates}
    now, sami, ann = site.parts.clock(), site.sami.id, site.ann.id
    with site.parts.writing() as session:
        notes.write(session, sent["read"].id, f"@Ann {wide}, tu sais ?", by=sami, now=now)
        leases.take(session, sent["read"].id, by=sami, now=now)
        decisions.speak(
            session,
            sent["voiced"].id,
            Action.REFUSE,
            revision=1,
            by=sami,
            now=now,
            undo=timedelta(),
            reason=Reason.UNVERIFIABLE,
            note=wide,
        )
        vetoes.object_to(session, sent["vetoed"].id, revision=1, by=sami, now=now, note=wide)
        deciders.stand_aside(session, sent["aside"].id, by=ann, now=now)
        passes.leave(session, sent["left"].id, by=ann, now=now)
    return sent
