"""Alert rules, dashboard, Prometheus and their containers fit the metrics and the compose file."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from core import metrics
from core.monitor import monitored
from core.store import Client
from tests.doubles.jobs import opened

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
FUNCTIONS = {"absent", "delta", "histogram_quantile", "increase", "max", "min", "rate", "sum", "by"}
OF_PROMETHEUS = {"up": set[str]()}
OF_A_TARGET = {"job", "instance", "service"}
"""Labels that Prometheus itself adds, `service` by our relabelling."""


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


RULES: list[dict[str, Any]] = [
    rule for group in loaded(DEPLOY / "alerts.yml")["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/darkroom.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS: list[tuple[str, str]] = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]
NAME = re.compile(r"(?:darkroom|process)_\w+|\bup\b")


@pytest.fixture
async def known(client: Client, redis_url: str) -> dict[str, set[str]]:
    """The samples of a real scrape of a process that has done everything, with their labels."""
    await opened(client, "test")
    metrics.STAGE.labels("decode", "")
    metrics.REFUSALS.labels("full")
    metrics.ATTEMPTS.labels("test")
    metrics.DELIVERIES.labels("test", "delivered")
    metrics.DELIVERY.labels("test")
    metrics.GPU_MEMORY.labels("cuda:0", "used")
    async with (
        monitored("127.0.0.1:0", redis_url, "worker") as address,
        httpx.AsyncClient(base_url=address or "") as http,
    ):
        text = (await http.get("/metrics")).text
    metrics.GPU_MEMORY.clear()
    found: dict[str, set[str]] = dict(OF_PROMETHEUS)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def bare(expression: str) -> str:
    """An expression without its strings, matchers, ranges and groupings."""
    without = re.sub(r'"[^"]*"', "", expression)
    return re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", "", without)


def grouped(expression: str) -> set[str]:
    """The labels in all its `by (…)`."""
    return {
        label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")
    }


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_expressions_name_metrics_and_labels_that_a_process_tells(
    title: str, expression: str, known: dict[str, set[str]]
) -> None:
    names = set(re.findall(r"[a-z_]\w*", bare(expression)))
    assert names - FUNCTIONS <= known.keys(), title
    used = names - FUNCTIONS
    assert used
    for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)=", matchers)) <= known[name] | OF_A_TARGET, title
    told = set.union(*(known[name] for name in used))
    assert grouped(expression) <= told | OF_A_TARGET, title
    for name in used:
        # What only grows is looked at by its rate, and a histogram by one of its three series.
        grows = name.endswith(("_total", "_bucket", "_sum", "_count"))
        assert grows is bool(re.search(rf"(?:rate|increase)\({name}\b", expression)), title
    assert [expression.count(sign) for sign in "({["] == [expression.count(s) for s in ")}]"]


def test_every_metric_is_looked_at_somewhere(known: dict[str, set[str]]) -> None:
    parts = re.compile(r"_(?:bucket|sum|count|created)$")
    ours = {parts.sub("", name) for name in known if name.startswith("darkroom_")}
    shown = {parts.sub("", n) for _, text in EXPRESSIONS for n in NAME.findall(text)}
    created = {name for name in ours if f"{name}_total" in ours}  # of a counter's `_created`
    assert ours - created <= shown


def test_causes_in_rules_are_the_labs_own_faults() -> None:
    causes = [found for _, text in EXPRESSIONS for found in re.findall(r'cause=~?"([^"]+)"', text)]
    assert "|".join(metrics.FAULTS) in causes
    for cause in causes:
        assert set(cause.split("|")) <= set(metrics.FAULTS)


def test_each_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names) >= 10
    for rule in RULES:
        assert re.fullmatch(r"Darkroom[A-Z]\w+", rule["alert"])
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
        assert re.fullmatch(r"\d+m", rule.get("for", "0m"))
        assert rule["annotations"].keys() == {"summary", "description"}
        for words in rule["annotations"].values():
            assert words.endswith(".")
            left = grouped(rule["expr"]) or OF_A_TARGET
            assert set(re.findall(r"\$labels\.(\w+)", words)) <= left, rule["alert"]


def test_the_dashboards_panels_have_their_own_place_and_name() -> None:
    everything = DASHBOARD["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    places = [panel["gridPos"] for panel in everything]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in PANELS:
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == source
        for target in panel["targets"]:
            told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert told <= (grouped(target["expr"]) or OF_A_TARGET), panel["title"]
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_prometheus_finds_every_process_of_the_compose_file() -> None:
    settings = loaded(DEPLOY / "prometheus.yml")
    (job,) = settings["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    listening = {
        name: service["environment"]["DARKROOM_METRICS_LISTEN"]
        for name, service in loaded(ROOT / "docker-compose.yml")["services"].items()
        if "DARKROOM_METRICS_LISTEN" in service.get("environment", {})
    }
    assert set(found["names"]) == listening.keys()
    assert set(listening.values()) == {f"0.0.0.0:{found['port']}"}
    assert {rule["target_label"] for rule in job["relabel_configs"]} == {"service"}
    assert any(f'job="{job["job_name"]}"' in rule["expr"] for rule in RULES)
    assert all((DEPLOY / name).is_file() for name in settings["rule_files"])


# --- the containers of docker/monitoring.yml ---


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return loaded(ROOT / "docker-compose.yml")


@pytest.fixture(scope="module")
def monitoring() -> dict[str, Any]:
    return loaded(ROOT / "docker/monitoring.yml")


def test_they_are_confined_like_all_others_and_pinned(
    compose: dict[str, Any], monitoring: dict[str, Any]
) -> None:
    usual = compose["services"]["telegram"]
    for service in monitoring["services"].values():
        for trait in ("restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt"):
            assert service[trait] == usual[trait]
        assert service["logging"] == usual["logging"]
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])
        assert set(service["networks"]) <= compose["networks"].keys()
        assert "test" in service["healthcheck"]
        assert not {"privileged", "cap_add", "network_mode", "pid", "user"} & service.keys()


def test_only_grafana_is_reached_and_only_from_this_machine(monitoring: dict[str, Any]) -> None:
    prometheus, grafana = (monitoring["services"][name] for name in ("prometheus", "grafana"))
    assert prometheus["networks"] == ["lab"]
    assert "ports" not in prometheus
    assert grafana["ports"] == ["127.0.0.1:3000:3000"]
    password = grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    assert password.startswith("${GRAFANA_PASSWORD:?")


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a service mounts, by the place where it sees it."""
    for entry in service["volumes"]:
        source, target, *_ = entry.split(":")
        yield target, source


def test_what_they_read_is_where_they_look_for_it(monitoring: dict[str, Any]) -> None:
    services = monitoring["services"]
    for service in services.values():
        for source in dict(mounts(service)).values():
            assert (ROOT / source).exists() if "/" in source else source in monitoring["volumes"]
    seen = dict(mounts(services["prometheus"]))
    options = dict(word.removeprefix("--").split("=") for word in services["prometheus"]["command"])
    settings = Path(options["config.file"])
    assert seen[str(settings)] == "./deploy/prometheus.yml"
    for name in loaded(DEPLOY / "prometheus.yml")["rule_files"]:
        assert seen[str(settings.parent / name)] == f"./deploy/{name}"
    seen = dict(mounts(services["grafana"]))
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / seen[str(home.parent)] / home.name).is_file()
    provisioning = ROOT / seen["/etc/grafana/provisioning"]
    (provider,) = loaded(provisioning / "dashboards/darkroom.yml")["providers"]
    assert provider["options"]["path"] == str(home.parent)
    (source,) = loaded(provisioning / "datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
