"""Walks through lists: by index, by cursor, there and back."""

from urllib.parse import urlencode

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def ids(answer):
    return [resource["id"] for resource in answer["Resources"]]


def query(scim, path, **parameters):
    return scim.get(f"{path}?{urlencode(parameters)}" if parameters else path, expect=200)


def search(scim, path, expect=200, **parameters):
    return scim.post(f"{path}/.search", {"schemas": [SEARCH], **parameters}, expect=expect)


def by_index(scim, path, count, **parameters):
    """The pages by startIndex, to the end."""
    pages, start = [], 1
    while True:
        page = query(scim, path, startIndex=start, count=count, **parameters)
        assert page["startIndex"] == start
        pages.append(page)
        start += page["itemsPerPage"]
        if start > page["totalResults"] or not page["Resources"]:
            return pages


def by_cursor(scim, path, count, most=100000, **parameters):
    """The pages by nextCursor, to the end."""
    pages, cursor = [], ""
    while cursor is not None and len(pages) < most:
        page = query(scim, path, cursor=cursor, count=count, **parameters)
        pages.append(page)
        cursor = page.json.get("nextCursor")
    return pages


def back(scim, path, count, page, **parameters):
    """The pages in front of one, the nearest first."""
    pages = []
    while "previousCursor" in page.json:
        page = query(scim, path, cursor=page["previousCursor"], count=count, **parameters)
        pages.append(page)
    return pages


def all_ids(pages):
    return [id for page in pages for id in ids(page)]
