"""Start a Fargate task, watch it, pass on its log, stop it when asked, and end with the task's own verdict.

``request``  what to launch, and the token that makes a repeated launch the same launch
``verdict``  what a stopped task's description means (pure)
``logs``     the log lines of a task, as they come
``fargate``  the calls, and the waiting
"""
