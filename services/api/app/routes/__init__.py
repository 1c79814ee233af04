"""The routes, one module a concern; each has a ``router``."""

from services.api.app.routes import feedback, films, health, recommend, similar, users

ROUTERS = (recommend.router, feedback.router, similar.router, films.router, users.router, health.router)
