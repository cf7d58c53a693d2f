"""Files for an ERGM in R: what R reads back is what was written."""

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from networks import LinkageNetwork
from shapefiles.ergm_files import write_ergm
from spatial.errors import AlignmentError, ConfigError, EstimationError, ExportError, PanelError

IDS = ["010", "020", "030", "厦门"]


def small(*, directed=True):
    values = np.array([[0, 2.5, 0, 1], [0, 0, 3, 0], [4, 0, 0, 0], [0, 0, 7, 0]])
    if not directed:
        values = values + values.T
    return LinkageNetwork(
        pd.Index(IDS), sparse.csr_array(values), directed, description="Firms\n{braces}"
    )


def city_table():
    table = pd.DataFrame(
        {"gdp": [1.5, 2.0, 3.0, 4.25], "省份": ["east", "west", "east", "west"]}, index=IDS
    )
    return table.iloc[::-1]


def distances():
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 9, (4, 4))
    return pd.DataFrame(values, IDS, IDS).iloc[[2, 0, 3, 1], [1, 3, 0, 2]]


def test_tables_are_aligned_by_label(tmp_path):
    script = write_ergm(
        small(), tmp_path / "r", cities=city_table(), covariates={"distance": distances()}
    )
    folder = script.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "cities.csv",
        "covariate_1.csv",
        "ergm.R",
        "links.csv",
    ]
    cities = pd.read_csv(folder / "cities.csv", dtype={"id": str})
    assert cities["id"].tolist() == IDS
    assert cities["gdp"].tolist() == [1.5, 2.0, 3.0, 4.25]
    links = pd.read_csv(folder / "links.csv", dtype={"from": str, "to": str})
    assert set(zip(links["from"], links["to"], links["flow"], strict=True)) == {
        ("010", "020", 2.5),
        ("010", "厦门", 1.0),
        ("020", "030", 3.0),
        ("030", "010", 4.0),
        ("厦门", "030", 7.0),
    }
    matrix = pd.read_csv(folder / "covariate_1.csv", dtype={"id": str}).set_index("id")
    for one in IDS:
        for other in IDS:
            wanted = 0.0 if one == other else distances().loc[one, other]
            assert matrix.loc[one, other] == pytest.approx(wanted)
    text = script.read_text(encoding="utf-8")
    for term in ("mutual", 'nodeocov("gdp")', 'nodematch("省份")', 'edgecov("distance")'):
        assert term in text
    flagged = city_table().assign(port=[True, False, True, False])
    undirected = write_ergm(small(directed=False), tmp_path / "u", cities=flagged)
    text = undirected.read_text(encoding="utf-8")
    assert "mutual" not in text
    assert 'nodecov("gdp")' in text
    assert 'nodematch("port")' in text
    assert "directed = FALSE" in text


def run_r(code, folder):
    return subprocess.run(
        ["Rscript", "--vanilla", "-e", code],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/local/bin"},
        check=False,
    )


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
@pytest.mark.parametrize("directed", [True, False])
def test_r_reads_the_network_back(tmp_path, directed):
    network = small(directed=directed)
    script = write_ergm(
        network,
        tmp_path,
        cities=city_table().rename(columns={"省份": 'the "province"'}),
        covariates={"distance": distances()},
        seed=7,
    )
    parsed = run_r('invisible(parse("ergm.R", encoding = "UTF-8"))', tmp_path)
    assert parsed.returncode == 0, parsed.stderr
    if run_r("library(network)", tmp_path).returncode:
        pytest.skip("the R package network is not installed")
    data, model = script.read_text(encoding="utf-8").split("# --- model")
    assert "seed = 7" in model
    (tmp_path / "data.R").write_text(data, encoding="utf-8")
    code = (
        'source("data.R", encoding = "UTF-8"); m <- as.matrix(net, attrname = "flow");'
        'cat(nrow(m), c(m), net %v% "gdp", c(net %n% "distance"), "\\n");'
        "cat(is.directed(net), list.vertex.attributes(net), sep = '|')"
    )
    done = run_r(code, tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[-2:]
    numbers = np.array(first.split(), dtype=float)
    n = int(numbers[0])
    flows, rest = numbers[1 : 1 + n * n], numbers[1 + n * n :]
    np.testing.assert_allclose(flows.reshape(n, n).T, network.flows.toarray())
    np.testing.assert_allclose(rest[:n], [1.5, 2.0, 3.0, 4.25])
    wanted = distances().loc[IDS, IDS].to_numpy()
    np.testing.assert_allclose(rest[n:].reshape(n, n).T, wanted * (1 - np.eye(n)), rtol=1e-5)
    assert second.startswith(str(directed).upper())
    assert 'the "province"' in second


def test_bad_input(tmp_path):
    with pytest.raises(AlignmentError, match="'010'"):
        write_ergm(small(), tmp_path, cities=city_table().drop("010"))
    with pytest.raises(AlignmentError, match="do not hold the same cities"):
        write_ergm(small(), tmp_path, covariates={"d": distances().drop("010").drop(columns="010")})
    with pytest.raises(PanelError, match="'gdp'"):
        write_ergm(small(), tmp_path, cities=city_table().replace(1.5, np.nan))
    with pytest.raises(PanelError, match="missing cells"):
        write_ergm(small(), tmp_path, covariates={"d": distances().mask(distances() > 8)})
    with pytest.raises(ConfigError, match="'gdp'"):
        write_ergm(small(), tmp_path, cities=city_table(), covariates={"gdp": distances()})
    full = LinkageNetwork(pd.Index([1, 2]), sparse.csr_array([[0, 1.0], [1.0, 0]]), True)
    with pytest.raises(EstimationError, match="every pair"):
        write_ergm(full, tmp_path)
    empty = LinkageNetwork(pd.Index([1, 2]), sparse.csr_array((2, 2)), True)
    with pytest.raises(EstimationError, match="no link"):
        write_ergm(empty, tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text(json.dumps({}))
    with pytest.raises(ExportError):
        write_ergm(small(), tmp_path / "file" / "inside")
