"""The bill proved on a deployed gateway: some calls, and what three sides say that they used."""
