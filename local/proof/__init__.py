"""The proof: the providers' own ledger against everything that the gateway says of the same calls.

Two books were kept apart. The simulator's ledger holds what a provider would bill, by its own count
and its own price list; the gateway's records, costs.csv and manifest hold what a platform team will
charge. They are laid side by side, call by call and then row by row, and anything that differs is a
mismatch. Pure: it reads what it is given.
"""

from local.proof.evidence import Evidence
from local.proof.statement import Proof, prove

__all__ = ["Evidence", "Proof", "prove"]
