import pytest

from data_jobs.tuning.validation import ValidationGroup, groups_of
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="session")
def groups(tmp_path_factory: pytest.TempPathFactory) -> list[ValidationGroup]:
    shop = kit.workshop(tmp_path_factory.mktemp("tuning"), vectors=False)
    return groups_of(kit.dataset(), shop, 3, kit.Listening())
