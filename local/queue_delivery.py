"""From SQS to functions, as Lambda's event source mapping delivers messages.

Long polls; batches; so many invocations at once. Messages are deleted when the function returns.
When it fails they are left to their visibility time-out, and so, after as many times as the queue
says, to its dead letters. docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import sys
from collections.abc import Callable, Sequence
from http.client import HTTPException
from threading import Event, Semaphore, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import project
from local.functions.client import FunctionsClient
from local.functions.deployment import QueueSource
from local.functions.faults import FunctionError
from local.functions.service import PROCESSES

WAIT_SECONDS = 20
"""How long a poll may wait: as long as Lambda's own."""

Message = dict[str, Any]


class QueueDelivery:
    """Delivers one queue's messages, from its start until it is stopped."""

    def __init__(
        self,
        source: QueueSource,
        sqs: Any,
        functions: FunctionsClient,
        end_long_polls: Callable[[], None],
    ) -> None:
        """Take a boto3 client of SQS, and what makes its long polls come back at once."""
        self._source = source
        self._sqs = sqs
        self._functions = functions
        self._end_long_polls = end_long_polls
        self._url = sqs.get_queue_url(QueueName=source.queue)["QueueUrl"]
        self._room = Semaphore(min(source.maximum_concurrency or PROCESSES, PROCESSES))
        self._stopped = Event()
        self._poller = Thread(target=self._poll, name=f"poll {source.queue}", daemon=True)
        self._poller.start()

    def stop(self) -> None:
        """Receive nothing more. What was received is still worked off, and deleted."""
        self._stopped.set()
        while self._poller.is_alive():
            self._end_long_polls()
            self._poller.join(0.05)

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self._room.acquire()
            messages = [] if self._stopped.is_set() else self._received()
            if messages:
                Thread(target=self._work_off, args=(messages,), daemon=True).start()
            else:
                self._room.release()

    def _received(self) -> list[Message]:
        asked = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": self._source.batch_size,
            "WaitTimeSeconds": WAIT_SECONDS,
            "MessageSystemAttributeNames": ["All"],
        }
        received: list[Message] = self._sqs.receive_message(**asked).get("Messages", [])
        return received

    def _work_off(self, messages: Sequence[Message]) -> None:
        try:
            event = {"Records": [self._record(message) for message in messages]}
            self._functions.invoke(self._source.function, event)
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        except FunctionError as error:
            sys.stderr.write(f"{self._source.function}: {error}\n")
        except (OSError, HTTPException, BotoCoreError, ClientError):
            pass  # the stack ends
        finally:
            self._room.release()

    def _record(self, message: Message) -> dict[str, Any]:
        """Spell a message as Lambda hands it to a function."""
        arn = f"arn:aws:sqs:{project.REGION}:{project.ACCOUNT}:{self._source.queue}"
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": project.REGION,
        }
