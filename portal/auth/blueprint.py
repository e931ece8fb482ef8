"""The blueprint that the ways of signing in hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("auth", __name__, url_prefix="/sign-in")
