"""Found through PYTHONPATH by each Python that an example starts by itself."""

from tandem.world.guard import install_from_environment

install_from_environment()
