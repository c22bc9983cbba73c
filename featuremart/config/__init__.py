"""``mart.toml`` and the environments: the only place that knows endpoints, names and sizes.

``settings``  read ``mart.toml`` into an :class:`~featuremart.config.settings.Environment`
``clients``   the cloud clients of an environment, each imported where it is made
"""
