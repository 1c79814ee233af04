"""OpenSearch, one node, with the k-NN plugin and without security."""

from pathlib import Path

import httpx2

from tests.patience import PATIENCE_S
from tests.servers.install import Installed
from tests.servers.server import Server

SETTINGS = """\
cluster.name: marquee-tests
node.name: only
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: 0
node.portsfile: true
path.data: {folder}/data
path.logs: {folder}/logs
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
"""
LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""
# The options of the distribution's jvm.options and start script, except those for large machines.
JVM = (
    "-XX:+UseSerialGC",
    "-Xss1m",
    "-XX:-UsePerfData",
    "-XX:MaxDirectMemorySize=256m",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-Djava.locale.providers=SPI,CLDR",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "-Dopensearch.distribution.type=zip",
    "-Dopensearch.bundled_jdk=false",
)
# faiss needs native libraries that are not on Maven Central, and a node without them crashes at the first refresh.
# Without a graph the same mapping is searched exactly. See https://github.com/opensearch-project/k-NN/issues/2643.
NO_NATIVE_CODE = {
    "index_patterns": ["*"],
    "priority": 0,
    "template": {"settings": {"index.knn.advanced.approximate_threshold": -1}},
}


class OpenSearch(Server):
    """OpenSearch 3.5.0. ``heap`` is Java's: 512m holds 60,000 films of 384 dimensions."""

    name = "opensearch"

    def __init__(
        self, log: Path, *, quick: bool = True, heap: str = "512m", installed: Installed | None = None
    ) -> None:
        super().__init__(log, quick=quick, installed=installed)
        self.heap = heap
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir()
        (self.folder / "config/log4j2.properties").write_text(LOGGING)

    def command(self) -> list[str]:
        """Write the settings for every start: they include the port."""
        self._ports.unlink(missing_ok=True)
        (self.folder / "config/opensearch.yml").write_text(SETTINGS.format(port=self.port, folder=self.folder))
        home = self.home(self._installed.opensearch)
        return [
            self._installed.jdk.java,
            *(f"-Xms{self.heap}", f"-Xmx{self.heap}", *JVM, *self.jit),
            f"-Djava.io.tmpdir={self.folder}/tmp",
            f"-javaagent:{home}/agent/opensearch-agent.jar",
            f"-Dopensearch.path.home={home}",
            f"-Dopensearch.path.conf={self.folder}/config",
            *("-cp", f"{home}/lib/*", "org.opensearch.bootstrap.OpenSearch"),
        ]

    def listening(self) -> int | None:
        """The port, once its file is written and the cluster can be read and written."""
        try:
            port = int(self._ports.read_text().split()[0].rpartition(":")[2])
            health = httpx2.get(f"http://127.0.0.1:{port}/_cluster/health", timeout=PATIENCE_S).json()
        except (OSError, IndexError, httpx2.HTTPError):
            return None
        return port if health.get("status") in {"green", "yellow"} else None

    def greet(self) -> None:
        """Keep every index from using native code, so that production's mapping works and no node crashes."""
        template = f"{self.url}/_index_template/no-native"
        httpx2.put(template, json=NO_NATIVE_CODE, timeout=PATIENCE_S).raise_for_status()

    @property
    def _ports(self) -> Path:
        return self.folder / "logs/http.ports"
