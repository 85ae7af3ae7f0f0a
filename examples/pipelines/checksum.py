"""A whole workload in one file. Put it into the folder that TRANCHE_PIPELINES_DIR names, and start the service."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.pipelines import Params, Pipeline, StepContext, Stop


class ChecksumParams(Params):
    algorithm: Literal["sha256", "sha512", "blake2b"] = "sha256"


pipeline = Pipeline("checksum", title="Checksum every file", label="Checksum", params=ChecksumParams, accepts=("file",))


@pipeline.step(max_retries=3, timeout=30)
async def hash_file(ctx: StepContext) -> Stop | dict[str, Any]:
    if not ctx.job.file_size:
        return Stop("EMPTY_FILE", "The file has no content.")
    digest = hashlib.new(ctx.params.algorithm)
    async for chunk in ctx.input.chunks():
        digest.update(chunk)
    await ctx.save_file("checksum.txt", f"{digest.hexdigest()}  {ctx.job.filename}\n".encode())
    return {"algorithm": ctx.params.algorithm, "digest": digest.hexdigest()}


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    digests = [job["result"]["digest"] for job in jobs if job["status"] == "completed"]
    return {"files": len(digests), "different": len(set(digests))}
