"""What routes that count for themselves are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.kit.container import provided
from app.limits.guesses import Guesses
from app.limits.rates import Rates

RatesDep = Annotated[Rates, Depends(provided(Rates))]
GuessesDep = Annotated[Guesses, Depends(provided(Guesses))]
