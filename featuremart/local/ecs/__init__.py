"""A server of ECS that runs a task's command as a process of this machine.

``server``            HTTP: one POST a call, as boto3 sends it
``control``           the calls: validation, tokens, answers
``wire``              what a request says and what an answer looks like
``refusals``          the errors, in the words of ECS
``task_definitions``  families and revisions, sizes that Fargate has
``task``              one task and how its state may change (pure)
``runner``            runs one task: starts, watches, stops, ends it
``container``         the process between the server and a task's command
``logs``              a task's output into CloudWatch Logs
``journal``           what survives a killed server

What a launcher can meet in production it can meet here: ``featuremart.local.faults`` scripts it.
"""
