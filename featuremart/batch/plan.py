"""Whether this worker's code is the code that the plan was made for."""

from __future__ import annotations
