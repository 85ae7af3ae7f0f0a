"""/docs in a browser, without the internet: "Authorize" takes a key, and the requests it sends then carry it."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.console.conftest import Service


def test_authorize_signs_in(browser: Browser, service: Service) -> None:
    context, key = browser.new_context(), service.server.admin_key
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service.url}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(key)
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close").last.click()
    operation = page.locator("#operations-auth-get_session")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda answer: answer.url.endswith("/api/session")) as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert answered.value.request.headers["authorization"] == f"Bearer {key}"
    expect(operation.locator(".live-responses-table")).to_contain_text("200")
    assert [url for url in asked if not url.startswith((service.url, "data:"))] == []
    context.close()
