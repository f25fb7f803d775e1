"""insightface's iresnet50 (arcface_torch), and the ONNX files that are made of it."""

import io

import numpy as np
import torch
from torch import nn

ORACLE = "our reading of arcface_torch's iresnet: equal to the copy of its code in PyPI bob.bio.face 8.0.1 (by test)"
TABLE = ((64, 3), (128, 4), (256, 14), (512, 3))
SIZE = 112


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        if stride == 2:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride=2, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x):
        branch = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return branch + (self.downsample(x) if hasattr(self, "downsample") else x)


class IResNet(nn.Module):
    def __init__(self, table):
        super().__init__()
        inputs = table[0][0]
        self.conv1 = nn.Conv2d(3, inputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.prelu = nn.PReLU(inputs)
        self.stages = len(table)
        for stage, (outputs, blocks) in enumerate(table, start=1):
            layers = [Block(inputs if k == 0 else outputs, outputs, 2 if k == 0 else 1) for k in range(blocks)]
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
            inputs = outputs
        self.bn2 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs * (SIZE // 2**self.stages) ** 2, 512)
        self.features = nn.BatchNorm1d(512)

    def forward(self, x):
        """The results of the stages, and the embedding."""
        maps = [self.prelu(self.bn1(self.conv1(x)))]
        for stage in range(1, self.stages + 1):
            maps.append(getattr(self, f"layer{stage}")(maps[-1]))
        return *maps, self.features(self.fc(torch.flatten(self.bn2(maps[-1]), 1)))


def seeded(module, seed, branch):
    """Values that keep activations near 1: a residual block's branch adds about `branch` of its input's deviation."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(like, low, high):
        return low + (high - low) * torch.rand(like.shape, generator=generator)

    with torch.no_grad():
        for name, part in module.named_modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                part.weight.copy_(torch.randn(part.weight.shape, generator=generator) / part.weight[0].numel() ** 0.5)
                if part.bias is not None:
                    part.bias.copy_(uniform(part.bias, -0.2, 0.2))
            elif isinstance(part, nn.PReLU):
                part.weight.copy_(uniform(part.weight, 0.05, 0.45))
            elif isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d):
                scale = branch if name.endswith("bn3") else 1.0
                part.weight.copy_(scale * uniform(part.weight, 0.7, 1.3))
                part.bias.copy_(uniform(part.bias, -0.2, 0.2))
                part.running_mean.copy_(uniform(part.bias, -0.3, 0.3))
                part.running_var.copy_(uniform(part.bias, 0.5, 2.0))
    return module.eval()


def build(seed, table=TABLE):
    return seeded(IResNet(table), seed, branch=0.4)


def save(module):
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    return [file.getvalue()]


def inputs(count, seed):
    return np.random.default_rng(seed).random((count, SIZE, SIZE, 3), np.float32)


def run(module, inputs):
    with torch.inference_mode():
        return {"embedding": module(as_input(inputs))[-1].numpy()}


def as_input(frames):
    """RGB in [0, 1] as the network takes it."""
    return (torch.as_tensor(frames).permute(0, 3, 1, 2) * 255 - 127.5) / 127.5


def folded_norm(weight, w, b, m, v):
    """A convolution's weight and bias that do the normalisation after it, too."""
    scale = w / torch.sqrt(v + 1e-5)
    return weight * scale[:, None, None, None], b - m * scale


class Graph:
    """An ONNX network under construction: every tensor and result is named by the next number, as PyTorch used to."""

    def __init__(self, onnx, state):
        self.onnx, self.state = onnx, state
        self.initializers, self.nodes, self.count = [], [], 1000

    def name(self):
        self.count += 1
        return str(self.count)

    def node(self, kind, x, *tensors, **options):
        names = [self.name() for _ in tensors]
        arrays = [np.asarray(tensor, np.float32) for tensor in tensors]
        self.initializers += map(self.onnx.numpy_helper.from_array, arrays, names)
        sources = x if isinstance(x, tuple) else (x,)
        self.nodes.append(self.onnx.helper.make_node(kind, [*sources, *names], [self.name()], **options))
        return self.nodes[-1].output[0]

    def of_norm(self, name):
        return [self.state[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]

    def norm(self, x, name):
        return self.node("BatchNormalization", x, *self.of_norm(name), epsilon=1e-5)

    def conv_norm(self, x, conv, norm, folded, **options):
        weight = self.state[f"{conv}.weight"]
        if folded:
            exact = (tensor.double() for tensor in (weight, *self.of_norm(norm)))
            return self.node("Conv", x, *folded_norm(*exact), **options)
        return self.norm(self.node("Conv", x, weight, **options), norm)

    def prelu(self, x, name):
        return self.node("PRelu", x, self.state[f"{name}.weight"][:, None, None])


def save_onnx(module, *, folded):
    """The network as an `.onnx` file, its normalisations folded into the convolutions before them or not."""
    import onnx

    graph = Graph(onnx, module.state_dict())
    three = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    x = graph.prelu(graph.conv_norm("data", "conv1", "bn1", folded, strides=[1, 1], **three), "prelu")
    for stage in range(1, module.stages + 1):
        for k, block in enumerate(getattr(module, f"layer{stage}")):
            name, strides = f"layer{stage}.{k}", list(block.conv2.stride)
            y = graph.norm(x, f"{name}.bn1")
            y = graph.conv_norm(y, f"{name}.conv1", f"{name}.bn2", folded, strides=[1, 1], **three)
            y = graph.prelu(y, f"{name}.prelu")
            y = graph.conv_norm(y, f"{name}.conv2", f"{name}.bn3", folded, strides=strides, **three)
            if k == 0:
                down = f"{name}.downsample"
                x = graph.conv_norm(x, f"{down}.0", f"{down}.1", folded, kernel_shape=[1, 1], strides=strides)
            x = graph.node("Add", (y, x))
    x = graph.node("Flatten", graph.norm(x, "bn2"), axis=1)
    x = graph.node("Gemm", x, graph.state["fc.weight"], graph.state["fc.bias"], transB=1)
    x = graph.norm(x, "features")
    shaped = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("data", ["N", 3, SIZE, SIZE]), (x, ["N", 512]))
    ]
    made = onnx.helper.make_graph(graph.nodes, "iresnet", shaped[:1], shaped[1:], graph.initializers)
    return onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 11)]).SerializeToString()
