"""How the parts of one opened store know each other. Nothing here decides anything."""

from emoconsent.wiring.assembly import assemble
from emoconsent.wiring.opening import root_key_inside
from emoconsent.wiring.parts import Parts

__all__ = ["Parts", "assemble", "root_key_inside"]
