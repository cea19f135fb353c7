"""Metrics in CloudWatch's embedded metric format: a line of JSON on stdout is the whole client.

The format: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time

NAMESPACE = "Tollgate"


def emit(stage: str, **counts: int) -> None:
    """Write one line that CloudWatch reads as metrics: `emit("prod", Orphaned=2, Lost=0)`.

    A name is the metric's own, its unit Count, its only dimension Stage. One write a line, so
    that lines of two threads cannot interleave.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Stage"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
    }
    about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": about, "Stage": stage, **counts}, separators=(",", ":"))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
