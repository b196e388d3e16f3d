# What a plan costs per hour, with the prices of prices.yaml; tests/unit compares those with docs/cloud.md.
mock_provider "google" {}

variables {
  project = "my-project-1"
}

run "nothing_costs_nothing" {
  command = plan

  variables {
    train_nodes = 0
  }

  assert {
    condition     = output.cost_per_hour == "0.00: no machine"
    error_message = output.cost_per_hour
  }
}

run "a_t4_node_costs_what_the_documentation_says" {
  command = plan

  assert {
    condition     = output.cost_per_hour == "1.49: GPU nodes 1.46, their disks, also while they are off 0.02, network address and NAT 0.01"
    error_message = output.cost_per_hour
  }
}

run "spot_l4_nodes_cost_a_share" {
  command = plan

  variables {
    train_nodes = 4
    gpu_type    = "nvidia-l4"
    spot        = true
  }

  assert {
    # 4 x 0.3 x 2.00
    condition     = strcontains(output.cost_per_hour, ": GPU nodes 2.40, ")
    error_message = output.cost_per_hour
  }

  expect_failures = [check.spot_suits_one_node]
}

run "a_cluster_costs_more_with_its_spot_workers" {
  command = plan

  variables {
    train_nodes        = 0
    preprocess_cluster = true
  }

  assert {
    # (4 + 2 x 8) cores with memory and Dataproc's fee, and their disks; 16 x 8 cores at the share of spot
    condition     = output.cost_per_hour == "1.23 to 4.48: cluster 1.22, network address and NAT 0.01, up to 16 spot workers 3.25"
    error_message = output.cost_per_hour
  }
}

run "local_disks_of_an_h100_are_part_of_its_price" {
  command = plan

  variables {
    gpu_type  = "nvidia-h100-80gb"
    gpu_count = 8
  }

  assert {
    # 8 x 11.06
    condition     = strcontains(output.cost_per_hour, ": GPU nodes 88.52, ")
    error_message = output.cost_per_hour
  }
}
