"""The driver of `terraform/`: what each stage does, what it may destroy, what a run costs.

- `memory`: what the driver remembers, in two files beside Terraform's
- `configuration`: variables and examples of `terraform/`, as text
- `stages`: the steps of each stage
- `losses`: what a plan would destroy that was trained or uploaded
- `bill`: what a whole run costs, from measured rates
- `prices`: list prices, from `terraform/prices.yaml`
- `driver`: runs the steps with terraform, gcloud and bash
"""
