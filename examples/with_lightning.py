"""A LightningModule with a loss and a sampler for rare classes; each goes where torch's own would.

    python examples/with_lightning.py    # made data, a quarter of a minute

Needs `pip install 'equipoise[torch]' lightning`. (No file here is called lightning.py: Python would
import it in place of the package.)
"""

import logging
import warnings

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from equipoise.losses import LogitAdjustedLoss, WeightedCrossEntropy
from equipoise.metrics import average_precision, confusion, per_class
from equipoise.schedules import RepeatFactorSampler

QUIET = dict.fromkeys(
    ("enable_checkpointing", "enable_model_summary", "enable_progress_bar"), False
)


class Classifier(lightning.LightningModule):
    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss  # a module: Lightning moves its weights to the device and saves them
        self.net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        return self.loss(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def made(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    y = (torch.rand(rows, generator=random) < 0.03).long()
    return torch.randn(rows, 6, generator=random) + 0.8 * y[:, None], y


if __name__ == "__main__":
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\.")
    (x, y), (x_test, y_test) = made(4000, seed=1), made(20000, seed=2)
    counts, rows = y.bincount(), TensorDataset(x, y)
    # Lightning itself deals the batches out to several devices, so num_replicas is 1.
    often = RepeatFactorSampler(y, threshold=0.3, num_replicas=1)
    arms = {
        "untreated": (WeightedCrossEntropy(), None),
        "class weights": (WeightedCrossEntropy.from_counts(counts), None),
        "logit adjustment": (LogitAdjustedLoss.from_counts(counts), None),
        "rare rows repeated": (WeightedCrossEntropy(), often),
    }
    print(f"{'rare class':20} precision  recall    F1   average precision")
    for name, (loss, sampler) in arms.items():
        lightning.seed_everything(0, verbose=False)
        model = Classifier(loss)
        data = DataLoader(rows, 128, sampler=sampler, shuffle=sampler is None)
        lightning.Trainer(max_epochs=8, accelerator="cpu", logger=False, **QUIET).fit(model, data)
        with torch.no_grad():
            z = model.eval().net(x_test)
        found = per_class(confusion(y_test, z.argmax(1), 2))
        shown = "  ".join(f"{found[what][1]:6.2f}" for what in ("precision", "recall", "f1"))
        score = average_precision(y_test.numpy(), (z[:, 1] - z[:, 0]).numpy())
        print(f"{name:20}  {shown}  {score:10.3f}")
