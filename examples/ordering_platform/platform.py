"""The platform's API: twelve things a restaurant needs to take orders, each of which can be read back.

POST /_faults switches a fault on, DELETE /_faults all of them off; GET /_calls tells who asked for what how often.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from examples.ordering_platform.accounts import Account, Accounts, post_part, put_part
from examples.ordering_platform.faults import STEP_OF_PART, Fault, Faults

PUT_PARTS = ("owner", "location", "images", "item-tags", "website", "services", "payments")
POST_PARTS = ("menu", "option-sets", "go-live")


def create_platform(token: str | None = None) -> FastAPI:
    """A platform of its own, empty; `app.state` has its `accounts` and `faults`. `token`: what callers must send."""
    app = FastAPI(title="An ordering platform")
    accounts, faults = Accounts(), Faults()
    app.state.accounts, app.state.faults = accounts, faults

    async def answer(
        request: Request, step: str, restaurant: str, status: int, effect: Callable[[], Any], success: Any
    ) -> JSONResponse:
        """Have the effect once for each Idempotency-Key; the same key gets the same answer."""
        if token and request.headers.get("authorization") != f"Bearer {token}":
            raise HTTPException(401, "this token is not known")
        key = request.headers.get("idempotency-key", "")
        faults.calls.append((key, step, restaurant))
        faults.called.set()
        await faults.strike_before(step, restaurant)
        if faults.take(step, restaurant, ("silent_loss",)):
            return JSONResponse(success, status)
        if key not in accounts.answers:
            accounts.answers[key] = (status, effect())
        if fault := faults.take(step, restaurant, ("hold",)):
            await asyncio.sleep(fault.seconds)
        status, body = accounts.answers[key]
        return JSONResponse(body, status)

    @app.post("/accounts")
    async def open_account(request: Request) -> JSONResponse:
        sent = await read_object(request)
        name, reference = str(sent.get("name")), str(sent.get("reference"))

        def effect() -> dict[str, Any]:
            return accounts.open(reference, name).shown()

        return await answer(request, "account", name, 201, effect, {"id": "acc_0"})

    @app.get("/accounts")
    async def list_accounts(reference: str | None = None) -> dict[str, Any]:
        return {"items": [a.shown() for a in accounts.opened if reference in (None, a.reference)]}

    @app.put("/accounts/{account_id}/{part}")
    async def put(account_id: str, part: str, request: Request) -> JSONResponse:
        account, sent = find(account_id, part, PUT_PARTS), await read_object(request)
        effect = lambda: put_part(account, part, sent)  # noqa: E731
        return await answer(request, STEP_OF_PART[part], account.name, 200, effect, {"ok": True})

    @app.post("/accounts/{account_id}/test-orders")
    async def place_test_order(account_id: str, request: Request) -> JSONResponse:
        account = accounts.get(account_id)

        def effect() -> dict[str, Any]:
            orders = account.parts.setdefault("test-orders", {})
            order = {"id": f"order_{len(orders) + 1}", "status": "accepted"}
            orders[order["id"]] = order
            return order

        return await answer(request, "test_order", account.name, 201, effect, {"id": "order_0"})

    @app.get("/accounts/{account_id}/test-orders/{order_id}")
    async def read_test_order(account_id: str, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = accounts.get(account_id).parts.get("test-orders", {}).get(order_id, {})
        return order

    @app.post("/accounts/{account_id}/{part}")
    async def post(account_id: str, part: str, request: Request) -> JSONResponse:
        account, content = find(account_id, part, POST_PARTS), await request.body()
        effect = lambda: post_part(account, part, content)  # noqa: E731
        return await answer(request, STEP_OF_PART[part], account.name, 202, effect, {"ok": True})

    @app.get("/accounts/{account_id}/{part}")
    async def read(account_id: str, part: str) -> dict[str, Any]:
        return accounts.get(account_id).parts.get(part, {})

    @app.post("/_faults", status_code=201)
    async def switch_on(fault: Fault) -> Fault:
        faults.active.append(fault)
        return fault

    @app.delete("/_faults", status_code=204)
    async def switch_off() -> None:
        faults.active.clear()

    @app.get("/_calls")
    async def list_calls() -> dict[str, Any]:
        calls = [{"key": key, "step": step, "restaurant": restaurant} for key, step, restaurant in faults.calls]
        return {"per_key": faults.per_key(), "calls": calls}

    def find(account_id: str, part: str, parts: tuple[str, ...]) -> Account:
        if part not in parts:
            raise HTTPException(404, f"there is no {part}")
        return accounts.get(account_id)

    return app


async def read_object(request: Request) -> dict[str, Any]:
    try:
        sent = json.loads(await request.body() or b"{}")
    except ValueError:
        raise HTTPException(400, "this is no JSON") from None
    if not isinstance(sent, dict):
        raise HTTPException(400, "send an object")
    return sent
