# Every validation refuses a wrong value; tests/path/terraform checks the messages.
mock_provider "google" {}

variables {
  project = "my-project-1"
}

run "refuses_project" {
  command = plan

  variables {
    project = "My Project"
  }

  expect_failures = [var.project]
}

run "refuses_zone_of_another_region" {
  command = plan

  variables {
    zone = "europe-west4-a"
  }

  expect_failures = [var.zone]
}

run "refuses_name" {
  command = plan

  variables {
    name = "much-too-long-a-name"
  }

  expect_failures = [var.name]
}

run "refuses_dataproc_image_with_spark_4" {
  command = plan

  variables {
    dataproc_image = "3.0-debian12"
  }

  expect_failures = [var.dataproc_image]
}

run "refuses_worker_with_too_little_memory" {
  command = plan

  variables {
    worker_machine_type = "n2-highcpu-8"
  }

  expect_failures = [var.worker_machine_type]
}

run "refuses_single_primary_worker" {
  command = plan

  variables {
    primary_workers = 1
  }

  expect_failures = [var.primary_workers]
}

run "refuses_too_many_spot_workers" {
  command = plan

  variables {
    secondary_workers_max = 1000
  }

  expect_failures = [var.secondary_workers_max]
}

run "refuses_cluster_without_an_end" {
  command = plan

  variables {
    idle_delete_minutes = 0
  }

  expect_failures = [var.idle_delete_minutes]
}

run "refuses_negative_nodes" {
  command = plan

  variables {
    train_nodes = -1
  }

  expect_failures = [var.train_nodes]
}

run "refuses_gpu_not_in_the_table" {
  command = plan

  variables {
    gpu_type = "nvidia-tesla-p100"
  }

  expect_failures = [var.gpu_type]
}

run "refuses_gpus_that_no_machine_takes" {
  command = plan

  variables {
    gpu_count = 3
  }

  expect_failures = [var.gpu_count]
}

run "refuses_machine_of_another_gpu" {
  command = plan

  variables {
    machine_type = "g2-standard-24"
  }

  expect_failures = [var.machine_type]
}

run "refuses_disk_too_small_for_the_image" {
  command = plan

  variables {
    boot_disk_gb = 50
  }

  expect_failures = [var.boot_disk_gb]
}

run "refuses_node_without_an_end" {
  command = plan

  variables {
    max_run_hours = 1000
  }

  expect_failures = [var.max_run_hours]
}

run "refuses_operator_without_a_kind" {
  command = plan

  variables {
    operators = ["ana@example.org"]
  }

  expect_failures = [var.operators]
}

run "refuses_public_range" {
  command = plan

  variables {
    subnet_range = "8.8.8.0/24"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_short_name_of_a_key" {
  command = plan

  variables {
    kms_key = "my-key"
  }

  expect_failures = [var.kms_key]
}

run "refuses_staging_emptied_under_a_job" {
  command = plan

  variables {
    staging_days = 0
  }

  expect_failures = [var.staging_days]
}

run "refuses_billing_account" {
  command = plan

  variables {
    billing_account = "mine"
  }

  expect_failures = [var.billing_account]
}

run "refuses_no_money" {
  command = plan

  variables {
    monthly_budget = 0
  }

  expect_failures = [var.monthly_budget]
}

run "refuses_a_machine_that_brings_another_number_of_gpus" {
  command = plan

  variables {
    gpu_type     = "nvidia-l4"
    gpu_count    = 2
    machine_type = "g2-standard-48"
  }

  expect_failures = [var.machine_type]
}

run "warns_of_nodes_that_cannot_stand_close" {
  command = plan

  variables {
    train_nodes = 2
  }

  expect_failures = [check.nodes_are_placed_close]
}

run "warns_of_several_spot_nodes" {
  command = plan

  variables {
    train_nodes = 2
    gpu_type    = "nvidia-l4"
    spot        = true
  }

  expect_failures = [check.spot_suits_one_node]
}

run "refuses_range_between_private_blocks" {
  command = plan

  variables {
    subnet_range = "172.217.0.0/20"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_range_too_small_for_a_cluster" {
  command = plan

  variables {
    subnet_range = "10.0.0.0/30"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_range_that_begins_in_its_middle" {
  command = plan

  variables {
    subnet_range = "10.10.0.5/20"
  }

  expect_failures = [var.subnet_range]
}

run "admits_private_ranges" {
  command = plan

  variables {
    subnet_range = "172.31.255.192/26"
  }

  assert {
    condition     = google_compute_subnetwork.this.ip_cidr_range == "172.31.255.192/26"
    error_message = "the last range of the block"
  }
}

run "refuses_key_of_another_region" {
  command = plan

  variables {
    kms_key = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
  }

  expect_failures = [var.kms_key]
}

run "refuses_machines_without_the_disks_of_the_cluster" {
  command = plan

  variables {
    master_machine_type = "c3-standard-4"
    worker_machine_type = "n4-standard-8"
  }

  expect_failures = [var.master_machine_type, var.worker_machine_type]
}
