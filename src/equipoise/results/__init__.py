"""What calls give back: comparisons, evaluations, models; and how models are stored."""
