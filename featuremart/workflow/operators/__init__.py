"""The operators that run here, by the name before their ``>``.

``control``  those that make other tasks: ``if``, ``loop``, ``for_each``, ``for_range``, ``call``
``command``  those that run a process: ``sh``, ``py``
``simple``   those that say, fail or wait: ``echo``, ``fail``, ``notify``, ``wait``
``require``  the one that runs another workflow
"""

from __future__ import annotations
