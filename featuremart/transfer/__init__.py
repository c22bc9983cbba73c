"""Embulk: rendering its configuration, building it, reading what it reports.

``render``    the YAML of one run, extract or load
``report``    what a run says that it did
``build``     the executable from ``embulk/pom.xml``, by Maven
``rehearse``  a transfer of one row, which leaves the JVM an archive of the classes that it needed
"""
