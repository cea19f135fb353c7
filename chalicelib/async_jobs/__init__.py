"""Asynchronous jobs: started like any call, settled as a call of its own when the job has ended."""
