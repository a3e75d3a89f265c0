"""Header fields, parsed as strictly as their standards allow: whatever is no such field is an AssertionError."""

import re

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
URI = re.compile(r"<((?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)>")
LINK_PARAMETER = re.compile(rf'[ \t]*;[ \t]*({TOKEN})=(?:({TOKEN})|"((?:[^"\\]|\\.)*)")')
COMMA = re.compile(r"[ \t]*,[ \t]*")
STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
NUMBER_PARAMETER = re.compile(r"; *([a-z*][a-z0-9_.*-]*)=(0|[1-9][0-9]{0,14})")


def _take(pattern, text, at):
    found = pattern.match(text, at)
    assert found, f"no {pattern.pattern} at {at} of {text!r}"
    return found, found.end()


def _members(text, member):
    """What stands between commas; member(text, at) says what it is and where it ends."""
    found, at = [], 0
    while True:
        value, at = member(text, at)
        found.append(value)
        if at == len(text):
            return found
        _, at = _take(COMMA, text, at)


def _link(text, at):
    uri, at = _take(URI, text, at)
    parameters = []
    while parameter := LINK_PARAMETER.match(text, at):
        name, bare, quoted = parameter.groups()
        parameters.append((name.lower(), bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)))
        at = parameter.end()
    relations = [value for name, value in parameters if name == "rel"]
    assert len(relations) == 1, f"rel has to be there once: {text!r}"
    return (relations[0], uri.group(1)), at


def links(text):
    """Link (RFC 8288 section 3): URIs by their relation, each of which is there once."""
    found = _members(text, _link)
    assert len(dict(found)) == len(found), f"a relation twice: {text!r}"
    return dict(found)


def _string_with_numbers(text, at):
    name, at = _take(STRING, text, at)
    parameters = {}
    while parameter := NUMBER_PARAMETER.match(text, at):
        assert parameter.group(1) not in parameters, text
        parameters[parameter.group(1)] = int(parameter.group(2))
        at = parameter.end()
    return (name.group(1), parameters), at


def quotas(text):
    """A structured list (RFC 9651) of strings whose parameters are integers: RateLimit and RateLimit-Policy."""
    found = _members(text, _string_with_numbers)
    assert len(dict(found)) == len(found), f"a policy twice: {text!r}"
    return dict(found)
