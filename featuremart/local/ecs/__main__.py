"""``python -m featuremart.local.ecs``."""

from featuremart.local.ecs.server import main

if __name__ == "__main__":
    main()
