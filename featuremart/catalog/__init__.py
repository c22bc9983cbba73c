"""The catalog: everything that is declared under ``features/`` and ``embulk/sources/``, read without importing it."""
