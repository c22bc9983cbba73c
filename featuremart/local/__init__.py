"""The servers of the local environment: the production code runs against them, on this machine alone.

``home``        the folder ``.mart/`` and what lies where in it
``processes``   start a process detached, find it again, stop it
``record``      ``servers.json``: which servers there are, on which ports
``servers``     up, down, status
``provision``   the bucket, cluster, task definitions and datasets that every environment has
``aws``         the server of S3, CloudWatch Logs, ECR and Secrets Manager: moto
``objects``     keeps moto's S3 objects on disk
``bigquery``    the server of BigQuery: bqemulator, with its work-arounds
``bigquery_tables``  its work-arounds that concern the description of tables
``ecs``         the server of ECS: it runs a task's command as a process
``images``      what stands for a container image here
``faults``      tells the ECS server to fail on purpose

Every work-around for an emulator lives in this package and nowhere else.
"""
