"""For authors of features: pytest fixtures that need no configuration where featuremart is installed.

``plugin``  the fixtures
``tables``  frames of a source's declared dtypes, and tables run by the real engine
"""
