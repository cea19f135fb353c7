"""`python -m ops trace`: one request followed from its tenant to AWS's records and the bill."""
