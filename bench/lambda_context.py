"""What a Lambda is told of itself. Imports nothing: a cold start that is timed imports it."""


class Context:
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:tollgate-bench"
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000
