"""Is checked with mypy --strict and never run. What must be refused says so."""

import os
from typing import Dict, List, Optional

import cos_emulator


def use(emulator: cos_emulator.Emulator, api: cos_emulator.Api) -> Dict[str, str]:
    emulator.inject("error", op="put_object", code="SlowDown", times=None)
    emulator.inject("explode")  # type: ignore[arg-type]
    emulator.inject("error", times="x")  # type: ignore[arg-type]
    log: List[cos_emulator.Request] = emulator.requests("put_object")
    status: Optional[int] = log[0].status
    content: bytes = emulator.bucket.get("a")
    emulator.bucket.put("a", content, {"x-cos-meta-status": str(status)})
    objects: List[cos_emulator.Object] = emulator.buckets["b"].list("a/")
    print(objects[0].headers, emulator.settings(latency_ms=1))
    return {**os.environ, **emulator.environment(api)}


options: cos_emulator.EmulatorOptions = {"buckets": ["a", {"name": "b", "public": True}], "port": 0}
with cos_emulator.Emulator(**options) as started:
    use(started, "v4")
    use(started, "v6")  # type: ignore[arg-type]
cos_emulator.Emulator(buckets=[{"nam": "b"}])  # type: ignore[list-item]
cos_emulator.Emulator(bucket="a")  # type: ignore[call-arg]
