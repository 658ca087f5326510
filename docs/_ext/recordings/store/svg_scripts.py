"""Take out of SVG pictures what runs in a browser, if there is any."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET
from xml.parsers import expat

from recordings.model import Output, Recording
from recordings.store.images import SVG

_ACTIVE = {"script", "foreignobject", "iframe", "object", "embed", "handler"}
_CHANGES = {"set", "animate", "animatetransform", "animatemotion"}
"""Elements that give an attribute another value."""
_ADDRESSES = {"href", "src", "action", "formaction"}
_HARMLESS = re.compile(r"#|https?://|mailto:|data:image/(?!svg)|[^:]*$", re.IGNORECASE)
"""How an address begins that leads to no code."""
_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"


def without_scripts(recording: Recording) -> Recording:
    """Return a recording whose pictures run nothing."""
    blocks = (
        replace(block, outputs=tuple(map(_output, block.outputs)))
        for block in recording.blocks
    )
    return replace(recording, blocks=tuple(blocks))


def _output(output: Output) -> Output:
    data = output.get("data", {})
    return (
        {**output, "data": {**data, SVG: still(data[SVG])}} if SVG in data else output
    )


def still(svg: str) -> str:
    """Return a picture without scripts; one that has none, as it is.

    Args:
        svg: A picture that can be parsed.
    """
    if not _runs_something(svg):
        return svg
    ET.register_namespace("", _NAMESPACE)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)  # noqa: S314 - expat itself bounds what entities expand to
    for parent in root.iter():
        for name in [it for it in parent.attrib if _is_active(it, parent.attrib[it])]:
            del parent.attrib[name]
        before: ET.Element | None = None
        for child in [*parent]:
            if not _runs(_local(child.tag), child.attrib):
                before = child
                continue
            # The text behind an element belongs to it, and stays.
            if before is None:
                parent.text = (parent.text or "") + (child.tail or "")
            else:
                before.tail = (before.tail or "") + (child.tail or "")
            parent.remove(child)
    return ET.tostring(root, "unicode")


def _runs_something(svg: str) -> bool:
    found = []
    parser = expat.ParserCreate(namespace_separator="}")

    def start(tag: str, attributes: dict[str, str]) -> None:
        actives = (_is_active(*each) for each in attributes.items())
        found.append(_runs(_local(tag), attributes) or any(actives))

    parser.StartElementHandler = start
    # A style sheet of XSLT makes any element.
    parser.ProcessingInstructionHandler = lambda *_: found.append(True)
    parser.Parse(svg, True)  # noqa: FBT003 - it takes no keyword: this is all
    return any(found)


def _local(name: str) -> str:
    return name.rpartition("}")[2].lower()


def _runs(tag: str, attributes: dict[str, str]) -> bool:
    """Return whether an element runs something, or makes another do so."""
    changed = attributes.get("attributeName", "").rpartition(":")[2].lower()
    changes = changed in _ADDRESSES or changed.startswith("on")
    return tag in _ACTIVE or (tag in _CHANGES and changes)


def _is_active(name: str, value: str) -> bool:
    local = _local(name)
    if local in _ADDRESSES:
        return not _HARMLESS.match(re.sub(r"[\0-\x20]", "", value))
    return local.startswith("on")
