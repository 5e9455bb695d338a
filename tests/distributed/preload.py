"""What the server behind forked processes imports: all that tests of several processes need."""

import timm.layers  # noqa: F401

import nearfar.api
import nearfar.studies  # noqa: F401
from tests.training import worlds  # noqa: F401
