"""The me pages."""

from flask import Blueprint

blueprint = Blueprint("me", __name__, url_prefix="/me")
