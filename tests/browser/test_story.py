"""The whole story in a browser (see the person's own words in sandbox/seed.py)."""

import pytest

pytestmark = pytest.mark.browser
