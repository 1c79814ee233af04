"""Routes, one module per concern, each with a ``router``."""

from services.api.app.routes import feedback, films, health, recommend, similar, users

ROUTERS = (recommend.router, feedback.router, similar.router, films.router, users.router, health.router)
