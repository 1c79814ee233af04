"""The settings of a deployment can be printed without the CDK."""

import json
import sys

import pytest

from infra.show import main
from tests.infra.tools import run


def test_it_prints_the_settings_that_context_and_stage_make(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "stage=prod", "-c", "region=eu-central-1"], {}) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["stage"], shown["region"], shown["search_ocu_min"]) == ("prod", "eu-central-1", 2)


def test_a_wrong_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "compute=fargate"], {}) == 2
    assert "expected domain_name" in capsys.readouterr().err


def test_a_setting_that_the_service_would_refuse_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Every script starts with this, before anything is locked or fetched."""
    assert main(["-c", "service.cache_tll_secs=3"], {}) == 2
    assert "service.cache_tll_secs: no such setting; expected cache_ttl_secs" in capsys.readouterr().err
    assert main(["-c", "stage=prod", "-c", "service.opensearch_custom_ids=on", "-c", "classic_search=true"], {}) == 2
    assert "OPENSEARCH_CUSTOM_IDS" in capsys.readouterr().err


def test_it_needs_no_cdk() -> None:
    code = "import sys, infra.show; sys.exit('aws_cdk' in sys.modules)"
    assert run([sys.executable, "-c", code]).returncode == 0
