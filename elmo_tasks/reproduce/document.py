"""A page of headings, text, tables, pictures and commands, as Markdown and as one HTML file."""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "-"
"""A cell in which nothing can stand."""

_ABSENT = "not run"
"""So a cell begins that says why there is nothing; on the HTML page it takes the place of the empty ones behind it."""

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Liberation Sans", Arial, sans-serif; color: #1b1b1b; background: #fff;
  max-width: 76rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; }
h2 { font-size: 1.35rem; margin-top: 2.5rem; padding-bottom: .2rem; border-bottom: 2px solid #1b1b1b; }
h3 { font-size: 1.05rem; margin-top: 1.5rem; }
p { max-width: 48rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
a { color: #004f8c; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; }
th { text-align: left; vertical-align: bottom; border-bottom: 2px solid #1b1b1b; }
th, td { padding: .3rem .6rem; }
td { border-bottom: 1px solid #ccc; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td.absent { color: #595959; font-style: italic; }
td:first-child { min-width: 7rem; }
tr.first td { border-top: 1px solid #1b1b1b; }
pre, code { font: .86rem/1.45 ui-monospace, "Liberation Mono", monospace; background: #f3f3f3; }
code { padding: 0 .2rem; }
pre { padding: .7rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1rem 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: .92rem; max-width: 48rem; }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none; }
  nav { display: none; }
  table { font-size: 8pt; } th, td { padding: .12rem .35rem; }
  tr, pre { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""


@dataclass(frozen=True)
class Heading:
    """Of a section (level 2) or of a part of one (level 3)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; `code` between backticks."""

    text: str


@dataclass(frozen=True)
class Table:
    """
    # Parameters

    header : `Sequence[str]`
    rows : `Sequence[Sequence[str]]`
    numbers : `Sequence[int]`
        The columns that are set flush right.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()


@dataclass(frozen=True)
class Picture:
    """
    # Parameters

    file : `str`
        Its name beside the page.
    svg : `bytes`
    caption : `str`
        Also for those who do not see it.
    """

    file: str
    svg: bytes
    caption: str


@dataclass(frozen=True)
class Code:
    """Commands or a log, as they are."""

    text: str


Block = Heading | Text | Table | Picture | Code


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """The page in Markdown (with GitHub's tables); it shows the pictures that lie beside it."""
    return "\n\n".join([f"# {title}", *map(_markdown, blocks)]) + "\n"


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """The page as one HTML file that loads nothing."""
    sections = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    links = "\n".join(f'<a href="#{_anchor(text)}">{html.escape(_short(text))}</a>' for text in sections)
    body = "\n".join(map(_html, blocks))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{html.escape(title)}</h1>
<nav>
{links}
</nav>
{body}
</body>
</html>
"""


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Text():
            return block.text
        case Table():
            rule = ["---:" if column in block.numbers else "---" for column in range(len(block.header))]
            rows = [list(block.header), rule, *([cell.replace("|", "\\|") for cell in row] for row in block.rows)]
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
        case Picture():
            return f"![{block.caption}]({block.file})\n\n*{block.caption}*"
        case Code():
            return "\n".join(f"    {line}".rstrip() for line in block.text.splitlines())


def _html(block: Block) -> str:
    match block:
        case Heading():
            anchor = f' id="{_anchor(block.text)}"' if block.level == 2 else ""
            return f"<h{block.level}{anchor}>{_inline(block.text)}</h{block.level}>"
        case Text():
            return f"<p>{_inline(block.text)}</p>"
        case Table():
            return _html_table(block)
        case Picture():
            data = base64.b64encode(block.svg).decode()
            caption = html.escape(block.caption, quote=True)
            return (
                f'<figure><img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )
        case Code():
            return f"<pre>{html.escape(block.text)}</pre>"


def _html_table(table: Table) -> str:
    head = "".join(_html_cell("th", column, text, table) for column, text in enumerate(table.header))
    lines = [f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>']
    before = None
    for row in table.rows:
        start = "<tr class=first>" if before not in (None, row[0]) else "<tr>"
        lines.append(f"{start}{_html_row(row, table)}</tr>")
        before = row[0]
    return "\n".join([*lines, "</tbody></table></div>"])


def _html_row(row: Sequence[str], table: Table) -> str:
    cells = []
    for column, text in enumerate(row):
        if text.startswith(_ABSENT) and set(row[column + 1 :]) <= {NOTHING}:
            cells.append(f'<td class="absent" colspan="{len(row) - column}">{_inline(text)}</td>')
            break
        cells.append(_html_cell("td", column, text, table))
    return "".join(cells)


def _html_cell(tag: str, column: int, text: str, table: Table) -> str:
    kind = ' class="number"' if column in table.numbers else ""
    return f"<{tag}{kind}>{_inline(text)}</{tag}>"


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _short(heading: str) -> str:
    return heading.partition(":")[0]


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _short(heading).lower()).strip("-")
