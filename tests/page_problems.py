"""The problems of a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request


class PageProblems(list[str]):
    """Errors, violations of the page's policy, and requests to other hosts."""

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.append(message.text))
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("dialog", lambda dialog: self.append(dialog.message))
        page.on("request", self._request)

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "about:")):
            self.append(request.url)
