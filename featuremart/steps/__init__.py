"""What extract, transform, load and publish mean: the room where all others meet.

``identity``    which run, task and attempt a step belongs to
``context``     what every step has at hand
``partitions``  which partitions of which sources a table reads (pure)
``survey``      what is already made: raw and feature manifests, staging tables, published partitions
``extract``, ``transform``, ``load``, ``publish``
                the four steps; each does only what the survey says is missing
``verdict``     how a step that failed for good stops its own retries
``plan``        what a whole workflow would do, without starting anything
"""
