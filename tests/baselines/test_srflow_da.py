"""SRFlow-DA equals the published network: keys, counts, latents, likelihood, images."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pdbench.baselines.srflow_da.layers import ActNorm, Coupling, InvertibleConv, Split
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.objective import HR_NOISE
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler
from pdbench.baselines.srflow_da.state_dict import to_pdbench
from pdbench.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "srflow_da_small.safetensors"
SMALL = {"blocks": 4, "growth": 4, "taps": (0, 1, 2, 3), "steps": 2, "hidden": 8}
UNUSED = ("RRDB.HRconv", "RRDB.conv_last", "RRDB.upconv2", "flowUpsamplerNet.f.")


@pytest.fixture(scope="module")
def golden():
    return load_file(GOLDEN)


@pytest.fixture(scope="module")
def network(golden):
    network = SRFlowDA(**SMALL, published=False).eval()
    network.load_state_dict(
        {n.removeprefix("weights/"): v.float() for n, v in golden.items() if n[:8] == "weights/"}
    )
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def prepared(network, golden):
    return network.condition(golden["lr"])


def perturbed(network: torch.nn.Module) -> torch.nn.Module:
    """Give zero-initialized layers something to do, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return network.eval().requires_grad_(False)


def test_paper_size_has_the_published_parameters():
    with torch.device("meta"):
        state = SRFlowDA().state_dict()
    parts = {
        part: sum(v.numel() for name, v in state.items() if part in name)
        for part in ("RRDB.", "fFeatures", "fAffine", "invconv", "actnorm", ".9.conv", ".f.0.")
    }
    assert len(state) == 1067
    assert sum(value.numel() for value in state.values()) == 25_388_627
    assert parts == {
        "RRDB.": 16_697_987,
        "fFeatures": 4_234_848,
        "fAffine": 4_172_208,
        "invconv": 5_760,
        "actnorm": 576,
        ".9.conv": 672,
        ".f.0.": 276_576,
    }


def test_paper_size_has_the_published_keys_in_order(test_data):
    path = test_data / "golden/keys_SRFlow-DA_DF2K_4X.json"
    with torch.device("meta"):
        state = SRFlowDA().state_dict()
    found = [[name, list(value.shape)] for name, value in state.items()]
    assert found == json.loads(path.read_text())["keys"]


def test_latents_and_likelihood_equal_the_reference(network, prepared, golden):
    encoded = network.encode(golden["hr"], prepared)
    torch.testing.assert_close(encoded.latents[0], golden["eps"], atol=2e-5, rtol=0)
    torch.testing.assert_close(encoded.latents[1], golden["z"], atol=2e-5, rtol=0)
    torch.testing.assert_close(encoded.nll, golden["nll"], atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(encoded.logdet, golden["logdet"], atol=1e-4, rtol=1e-5)


def test_samples_equal_the_reference(network, prepared, golden):
    sample = network.decode([golden["tau09.eps"], golden["tau09.z"]], prepared)
    torch.testing.assert_close(sample, golden["tau09.sr"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("tau", [0.0, 0.9])
def test_the_sampler_decodes_as_the_network_does(network, prepared, golden, tau):
    latents = [tau * golden[f"tau09.{name}"].repeat(3, 1, 1, 1) for name in ("eps", "z")]
    given = [x.clone() for x in latents]
    sampler = SRFlowDASampler(network)
    found = sampler.decode(latents, sampler.prepare(golden["lr"]))
    torch.testing.assert_close(found, network.decode(given, prepared), atol=1e-4, rtol=0)
    assert all(map(torch.equal, latents, given))


def test_heat_zero_gives_the_reference_mode(network, prepared, golden):
    zeros = [torch.zeros_like(golden[name]) for name in ("eps", "z")]
    torch.testing.assert_close(
        network.decode(zeros, prepared), golden["tau0.sr"], atol=1e-4, rtol=0
    )


def test_decoding_undoes_encoding(network, prepared, golden):
    latents = network.encode(golden["hr"], prepared).latents
    torch.testing.assert_close(network.decode(latents, prepared), golden["hr"], atol=1e-5, rtol=0)


def test_a_batch_decodes_like_single_samples(network, prepared, golden):
    eps = torch.cat([golden["eps"], golden["tau09.eps"]])
    z = torch.cat([golden["z"], golden["tau09.z"]])
    batch = network.decode([eps, z], prepared)
    single = network.decode([golden["tau09.eps"], golden["tau09.z"]], prepared)
    torch.testing.assert_close(batch[1:], single, atol=1e-5, rtol=0)


def test_published_keys_survive_saving_and_loading(network):
    state = network.state_dict()
    assert "RRDB.RRDB_trunk.0.RDB1.conv1.weight" in state
    assert "RRDB.trunk_conv.weight" in state
    twin = SRFlowDA(**SMALL, published=False)
    twin.load_state_dict(state)
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), twin.parameters(), strict=True)
    )


def jacobian_logdet(function, x: torch.Tensor) -> float:
    matrix = torch.autograd.functional.jacobian(
        lambda v: function(v.view_as(x)).flatten(), x.flatten()
    )
    return float(torch.linalg.slogdet(matrix)[1])


@pytest.mark.parametrize("kind", ["actnorm", "invconv", "coupling"])
def test_log_determinants_are_those_of_the_jacobian(kind):
    torch.manual_seed(0)
    layer = {
        "actnorm": lambda: ActNorm(4),
        "invconv": lambda: InvertibleConv(4),
        "coupling": lambda: Coupling(4, 3, hidden=5, depth=1, floor=1e-4),
    }[kind]()
    perturbed(layer)
    extra = (layer.prepare(torch.randn(1, 3, 2, 3)),) if kind == "coupling" else ()
    x = torch.randn(1, 4, 2, 3)
    _, logdet = layer(x, *extra)
    expected = jacobian_logdet(lambda v: layer(v, *extra)[0], x)
    assert float(logdet) == pytest.approx(expected, abs=1e-3)
    torch.testing.assert_close(layer.inverse(layer(x, *extra)[0], *extra), x, atol=1e-5, rtol=1e-5)


def test_split_likelihood_is_gaussian_with_predicted_moments():
    layer = perturbed(Split(4))
    x = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    kept, eps, loglikelihood = layer(x)
    raw = layer.conv(kept)
    normal = torch.distributions.Normal(raw[:, 0::2], raw[:, 1::2].exp())
    assert float(loglikelihood) == pytest.approx(float(normal.log_prob(x[:, 2:]).sum()), abs=1e-4)
    torch.testing.assert_close(layer.inverse(kept, eps), x, atol=1e-6, rtol=1e-6)


def test_initialization_standardizes_every_actnorm():
    torch.manual_seed(0)
    network = SRFlowDA(features=8, blocks=1, growth=4, taps=(0,), steps=1, hidden=8, depth=1)
    lr, hr = torch.rand(4, 3, 8, 8), torch.rand(4, 3, 32, 32)
    network.initialize(lr, hr)
    x = network.flowUpsamplerNet.layers[0](hr)
    y, _ = network.flowUpsamplerNet.layers[1].actnorm(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(12), atol=1e-4, rtol=0)
    torch.testing.assert_close(y.var((0, 2, 3), unbiased=False), torch.ones(12), atol=1e-3, rtol=0)


@torch.no_grad()
def test_likelihood_is_in_bits_per_pixel():
    # one actnorm that scales everything by e adds one nat per value: 3 / ln 2 bits per pixel
    torch.manual_seed(0)
    network = SRFlowDA(features=8, blocks=1, growth=4, taps=(), steps=1, hidden=8, depth=1)
    hr, prepared = torch.zeros(1, 3, 16, 16), network.condition(torch.zeros(1, 3, 4, 4))
    before = network.encode(hr, prepared).nll
    network.flowUpsamplerNet.layers[1].actnorm.logs.data += 1
    after = network.encode(hr, prepared).nll
    assert float(before - after) == pytest.approx(3 / math.log(2), abs=1e-3)


def test_hr_noise_is_four_over_root_three_levels():
    assert pytest.approx(2.3094, abs=1e-4) == HR_NOISE * 255


def test_published_file_with_prefix_loads():
    with torch.device("meta"):
        state = SRFlowDA().state_dict()
    wrapped = {f"module.{name}": value for name, value in state.items()}
    assert to_pdbench(wrapped).keys() == state.keys()


@pytest.mark.parametrize(
    "name", ["flowUpsamplerNet.layers.3.affine.fAffine1.0.weight", "RRDB.conv_first.weight"]
)
def test_other_networks_are_refused(name):
    with pytest.raises(InputError):
        to_pdbench({name: torch.zeros(1)})
