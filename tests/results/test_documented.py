"""What openapi.json says of a shared result."""

from __future__ import annotations

from tests.conftest import Api


async def test_csv_is_documented_beside_json(api: Api) -> None:
    openapi = (await api.get("/openapi.json")).json()
    answer = openapi["paths"]["/api/results/{code}"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", "text/csv"}
