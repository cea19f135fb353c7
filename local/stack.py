"""The whole local stack: AWS, its resources, the provider simulator, and the gateway."""

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from chalicelib.settings import load_endpoints
from local import certificate, credentials, endpoints, project, resources
from local.aws import ENVIRON, Aws
from local.clients import Clients
from local.functions.client import FunctionsClient
from local.functions.service import PROCESSES
from local.gateway_process import GatewayProcess
from local.queue_delivery import QueueDelivery
from local.schedule import scheduled_event

Endpoints = Mapping[str, Mapping[str, Any]]


class Stack:
    """A context manager that runs everything; one at a time in a process.

    `urls` says where things are: gateway, aws, bedrock, sagemaker, control (the simulator's),
    the bucket of the reports, the region, and gateway_tls with the file of the authority that
    its certificate is by (ca). `environ` is what a client of the stack needs,
    `python -m ops` and the functions included. `functions` is its Lambda.
    """

    def __init__(
        self,
        port: int = 0,
        seed: int = 1,
        environ: Mapping[str, str] | None = None,
        endpoints: Endpoints | None = None,
        bedrock_url: str | None = None,
        sagemaker_url: str | None = None,
        app: str = "app",
        answers: str = "stream",
        processes: int = PROCESSES,
    ) -> None:
        """Take the gateway's port (0: any), the simulator's seed, and overrides of settings.

        `endpoints` replaces SAGEMAKER_ENDPOINTS, in the same shape; all of them run. With both
        provider URLs given, no simulator runs. With `answers` "buffered" the API runs
        in the gateway's process, with API Gateway's 29 seconds and Lambda's 6 MB. `processes`
        is how many each function may have: with one, every request finds what the last one left.
        """
        self._port = port
        self._seed = seed
        self._app = app
        self._answers = answers
        self._processes = processes
        self._settings = {**project.environment(), **(environ or {})}
        if endpoints is not None:
            self._settings["SAGEMAKER_ENDPOINTS"] = json.dumps(endpoints)
        self._providers = {"bedrock": bedrock_url, "sagemaker": sagemaker_url}
        self._running = ExitStack()
        self._gateways: list[GatewayProcess] = []
        self._deliveries: list[QueueDelivery] = []
        self.urls: dict[str, str] = {}
        self.environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        with self._running:
            project.STATE.mkdir(exist_ok=True)
            for log in project.LOGS:
                log.write_bytes(b"")
            folder = TemporaryDirectory(prefix="stack-", dir=project.STATE)  # others may run beside
            self._certificate = certificate.issue(Path(self._running.enter_context(folder)))
            self.aws = self._running.enter_context(Aws())
            self._locate(self._simulator())
            self._clients = self._running.enter_context(Clients(self._client_urls()))
            resources.create(self.client, project.STAGE, project.ACCOUNT)
            endpoints.create(self.client, load_endpoints(self._settings).values())
            self._create_topic()
            self._running.callback(self._stop_gateways)
            gateway = self.start_gateway(self._port)
            self.urls |= {
                "gateway": gateway.url,
                "gateway_tls": gateway.tls_url,
                "functions": gateway.functions_url,
            }
            self.functions = FunctionsClient(gateway.functions_url)
            self._running.callback(self.stop_queues)
            self.start_queues()
            self._running = self._running.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def start_gateway(
        self, port: int = 0, answers: str = "", environ: Mapping[str, str] | None = None
    ) -> GatewayProcess:
        """Start a gateway beside those that run; port 0 takes any. It ends with the stack.

        `answers` and `environ` are in place of, and besides, what the stack has.
        """
        gateway = GatewayProcess(
            {**self._child_environ, **(environ or {})},
            self._certificate.server,
            port,
            self._app,
            answers or self._answers,
            self._processes,
        )
        self._gateways.append(gateway)
        return gateway

    def start_queues(self) -> None:
        """Deliver the messages of the app's queues to its functions; a started stack does."""
        self._deliveries = [
            QueueDelivery(source, self.client("sqs"), self.functions, self.aws.end_long_polls)
            for source in self._gateways[0].queues
        ]

    def stop_queues(self) -> None:
        """Deliver nothing more: messages stay in their queues. What was received is worked off."""
        for delivery in self._deliveries:
            delivery.stop()
        self._deliveries = []

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run a function as its schedule would, and return its result.

        Keys that a scheduled event needs and `event` has not are filled in; give `time`.
        Raises FunctionError.
        """
        return self.functions.invoke(function, scheduled_event(event))

    def client(self, service: str) -> Any:
        """Return the stack's boto3 client of a service; it may be shared, and retries nothing."""
        return self._clients(service)

    def log_events(self) -> list[dict[str, Any]]:
        """Return every usage record written so far."""
        return [json.loads(line) for line in self.aws.messages(self._settings["USAGE_LOG_GROUP"])]

    def _create_topic(self) -> None:
        """Make the topic of the alerts, which a deployed stage has from its stack of alarms."""
        if arn := self._settings.get("ALERTS_TOPIC_ARN"):
            self.client("sns").create_topic(Name=arn.rpartition(":")[2])

    @property
    def _child_environ(self) -> dict[str, str]:
        """The environment of this shell, but with the stack in place of its AWS account."""
        shell = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**shell, **self.environ}

    def _simulator(self) -> str:
        if all(self._providers.values()):
            return ""
        from local.simulator import trail
        from local.simulator.server import Simulator

        endpoints = json.loads(self._settings["SAGEMAKER_ENDPOINTS"])
        containers = {name: endpoint["container"] for name, endpoint in endpoints.items()}
        simulator = self._running.enter_context(
            Simulator(
                seed=self._seed,
                endpoints=containers,
                resources=self.aws.bedrock.runs,
                s3_url=self.aws.url,
                principals=credentials.principal,
            )
        )
        entries = simulator.provider.ledger.entries
        self.aws.counters.follow(entries)
        self.aws.invoice.follow(entries)
        self.aws.history.follow(lambda: trail.events(entries()))
        return simulator.url

    def _locate(self, simulator: str) -> None:
        bedrock = self._providers["bedrock"] or simulator
        sagemaker = self._providers["sagemaker"] or simulator
        self.urls = {
            "gateway": "",
            "aws": self.aws.url,
            "bedrock": bedrock,
            "sagemaker": sagemaker,
            "control": simulator,
            "bucket": self._settings["REPORTS_BUCKET"],
            "region": project.REGION,
            "gateway_tls": "",
            "ca": str(self._certificate.ca),
            "functions": "",
        }
        self.environ = {
            **ENVIRON,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": sagemaker,
            **self._settings,
        }

    def _client_urls(self) -> dict[str, str]:
        return {
            "": self.urls["aws"],
            "bedrock-runtime": self.urls["bedrock"],
            "sagemaker-runtime": self.urls["sagemaker"],
        }

    def _stop_gateways(self) -> None:
        for gateway in self._gateways:
            gateway.stop()
