"""A PyTorch loop for three classes, 90 : 8 : 2, and the three lines that rare classes change in it.

    python examples/plain_pytorch.py    # made data, a few seconds

Needs `pip install 'equipoise[torch]'`.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from equipoise.decisions import correct
from equipoise.losses import WeightedCrossEntropy
from equipoise.metrics import confusion, log_loss, per_class
from equipoise.schedules import start_at_prior


def made(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    y = torch.multinomial(torch.tensor([0.90, 0.08, 0.02]), rows, True, generator=random)
    return torch.randn(rows, 6, generator=random) + 1.7 * torch.eye(3, 6)[y], y


def train(x: torch.Tensor, y: torch.Tensor, weighted: bool) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
    # 1. The loss counts a row of class c as N / (C n_c) rows.
    loss = WeightedCrossEntropy.from_labels(y) if weighted else WeightedCrossEntropy()
    # 2. Training starts at the shares of the classes, as the loss moves them.
    start_at_prior(model, labels=y, weights=loss.weight)
    steps = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(12):
        for features, labels in DataLoader(TensorDataset(x, y), batch_size=128, shuffle=True):
            steps.zero_grad()
            loss(model(features), labels).backward()
            steps.step()
    return model.eval(), loss


if __name__ == "__main__":
    x, y = made(4000, seed=1)
    x_test, y_test = made(20000, seed=2)
    print("                          recall of class 0     1     2   log loss")
    for weighted in (False, True):
        model, loss = train(x, y, weighted)
        with torch.no_grad():
            log_p = model(x_test).double().log_softmax(1).numpy()
        rows = {"weighted" if weighted else "untreated": log_p}
        if weighted:  # 3. Probabilities are put back at the prior of the data.
            rows["weighted, then corrected"] = correct(log_p, np.asarray(loss.prior_offset))
        for name, log_p in rows.items():
            recall = per_class(confusion(y_test, log_p.argmax(1), 3))["recall"]
            shown = " ".join(f"{value:5.2f}" for value in recall)
            print(f"{name:25} {' ' * 11}{shown} {log_loss(y_test.numpy(), log_p):10.3f}")
