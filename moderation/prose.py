"""What who administers writes for everybody: Markdown, through the safelist of articles. Pure."""

from markdown_it import MarkdownIt

from moderation import markup

MARKDOWN = MarkdownIt("commonmark", {"html": False})


def rendered(source: str) -> str:
    return markup.render_article(MARKDOWN.render(source))
