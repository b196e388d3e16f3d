# Every example is planned, with the values of its file.
mock_provider "google" {}

variables {
  project = "my-project-1"
}

run "default_is_two_t4_on_an_n1_machine_with_160_gb" {
  command = plan

  assert {
    condition     = google_compute_instance.train[0].machine_type == "n1-standard-16" && length(google_compute_instance.train) == 1
    error_message = "one n1 machine"
  }
  assert {
    condition     = one(google_compute_instance.train[0].guest_accelerator).type == "nvidia-tesla-t4" && one(google_compute_instance.train[0].guest_accelerator).count == 2
    error_message = "two T4"
  }
  assert {
    condition     = google_compute_instance.train[0].boot_disk[0].initialize_params[0].size == 160
    error_message = "160 GB"
  }
  assert {
    condition     = google_compute_instance.train[0].scheduling[0].on_host_maintenance == "TERMINATE"
    error_message = "GPUs do not migrate"
  }
  assert {
    condition     = one(google_compute_instance.train[0].scheduling[0].max_run_duration).seconds == 86400 && google_compute_instance.train[0].scheduling[0].instance_termination_action == "STOP"
    error_message = "a forgotten node stops itself after a day"
  }
  assert {
    condition     = length(google_compute_resource_policy.compact) == 0 && length(google_secret_manager_secret.node_ssh) == 0
    error_message = "one node needs no placement and no keys"
  }
}

run "t4_file_is_the_default_written_out" {
  command = plan

  variables {
    gpu_type     = regex("gpu_type += \"(.+)\"", file("examples/t4.tfvars"))[0]
    machine_type = regex("machine_type += \"(.+)\"", file("examples/t4.tfvars"))[0]
    gpu_count    = regex("gpu_count += (.+)", file("examples/t4.tfvars"))[0]
    boot_disk_gb = regex("boot_disk_gb += (.+)", file("examples/t4.tfvars"))[0]
  }

  assert {
    condition     = google_compute_instance.train[0].machine_type == "n1-standard-16" && one(google_compute_instance.train[0].guest_accelerator).type == "nvidia-tesla-t4" && one(google_compute_instance.train[0].guest_accelerator).count == 2
    error_message = "the machine of the default"
  }
}

run "paper_k80_is_planned_and_warned_of" {
  command = plan

  variables {
    gpu_type     = regex("gpu_type += \"(.+)\"", file("examples/paper-k80.tfvars"))[0]
    machine_type = regex("machine_type += \"(.+)\"", file("examples/paper-k80.tfvars"))[0]
    gpu_count    = regex("gpu_count += (.+)", file("examples/paper-k80.tfvars"))[0]
    boot_disk_gb = regex("boot_disk_gb += (.+)", file("examples/paper-k80.tfvars"))[0]
  }

  expect_failures = [check.gpu_exists_and_has_kernels]

  assert {
    condition     = startswith(google_compute_instance.train[0].machine_type, "n1-") && one(google_compute_instance.train[0].guest_accelerator).type == "nvidia-tesla-k80" && one(google_compute_instance.train[0].guest_accelerator).count == 2
    error_message = "n1 with two K80"
  }
  assert {
    condition     = google_compute_instance.train[0].boot_disk[0].initialize_params[0].size == 160
    error_message = "160 GB"
  }
}

run "l4_comes_with_its_machine" {
  command = plan

  variables {
    gpu_type     = regex("gpu_type += \"(.+)\"", file("examples/l4.tfvars"))[0]
    machine_type = regex("machine_type += \"(.+)\"", file("examples/l4.tfvars"))[0]
    zone         = regex("zone += \"(.+)\"", file("examples/l4.tfvars"))[0]
    gpu_count    = regex("gpu_count += (.+)", file("examples/l4.tfvars"))[0]
  }

  assert {
    condition     = google_compute_instance.train[0].machine_type == "g2-standard-24"
    error_message = "the machine that includes two L4"
  }
  assert {
    condition     = length(google_compute_instance.train[0].guest_accelerator) == 0
    error_message = "nothing is attached"
  }
}

run "a100_is_a_spot_machine_with_an_end" {
  command = plan

  variables {
    gpu_type      = regex("gpu_type += \"(.+)\"", file("examples/a100.tfvars"))[0]
    machine_type  = regex("machine_type += \"(.+)\"", file("examples/a100.tfvars"))[0]
    gpu_count     = regex("gpu_count += (.+)", file("examples/a100.tfvars"))[0]
    spot          = regex("spot += (.+)", file("examples/a100.tfvars"))[0]
    max_run_hours = regex("max_run_hours += (.+)", file("examples/a100.tfvars"))[0]
  }

  assert {
    condition     = google_compute_instance.train[0].machine_type == "a2-highgpu-2g" && length(google_compute_instance.train[0].guest_accelerator) == 0
    error_message = "the machine that includes two A100"
  }
  assert {
    condition     = google_compute_instance.train[0].scheduling[0].provisioning_model == "SPOT" && google_compute_instance.train[0].scheduling[0].preemptible && !google_compute_instance.train[0].scheduling[0].automatic_restart
    error_message = "spot"
  }
  assert {
    condition     = one(google_compute_instance.train[0].scheduling[0].max_run_duration).seconds == 12 * 3600
    error_message = "at most 12 hours"
  }
}

run "two_nodes_have_stable_names_and_stand_close" {
  command = plan

  variables {
    gpu_type     = regex("gpu_type += \"(.+)\"", file("examples/two-nodes.tfvars"))[0]
    machine_type = regex("machine_type += \"(.+)\"", file("examples/two-nodes.tfvars"))[0]
    zone         = regex("zone += \"(.+)\"", file("examples/two-nodes.tfvars"))[0]
    gpu_count    = regex("gpu_count += (.+)", file("examples/two-nodes.tfvars"))[0]
    train_nodes  = regex("train_nodes += (.+)", file("examples/two-nodes.tfvars"))[0]
  }

  assert {
    condition     = google_compute_instance.train[*].name == ["landmark-train-0", "landmark-train-1"]
    error_message = "stable names"
  }
  assert {
    condition     = one(google_compute_resource_policy.compact).group_placement_policy[0].collocation == "COLLOCATED"
    error_message = "placed close"
  }
  assert {
    condition     = length(google_secret_manager_secret.node_ssh) == 1
    error_message = "a secret for the ssh keys"
  }
  assert {
    condition     = strcontains(output.train, "horovodrun -np 4 -H landmark-train-0:2,landmark-train-1:2 ")
    error_message = "four ranks on two hosts"
  }
}

run "foundation_runs_no_machine" {
  command = plan

  variables {
    preprocess_cluster = regex("preprocess_cluster += (.+)", file("examples/foundation.tfvars"))[0]
    train_nodes        = regex("train_nodes += (.+)", file("examples/foundation.tfvars"))[0]
  }

  assert {
    condition     = length(google_dataproc_cluster.this) == 0 && length(google_compute_instance.train) == 0
    error_message = "no machine"
  }
  assert {
    condition     = strcontains(output.train, "There is no GPU node")
    error_message = "commands that need a node report it"
  }
}

run "h100_is_a_spot_machine_that_discards_its_local_disks" {
  command = plan

  variables {
    gpu_type      = regex("gpu_type += \"(.+)\"", file("examples/h100.tfvars"))[0]
    machine_type  = regex("machine_type += \"(.+)\"", file("examples/h100.tfvars"))[0]
    gpu_count     = regex("gpu_count += (.+)", file("examples/h100.tfvars"))[0]
    spot          = regex("spot += (.+)", file("examples/h100.tfvars"))[0]
    max_run_hours = regex("max_run_hours += (.+)", file("examples/h100.tfvars"))[0]
  }

  assert {
    condition     = google_compute_instance.train[0].machine_type == "a3-highgpu-2g" && length(google_compute_instance.train[0].guest_accelerator) == 0
    error_message = "the machine that includes two H100"
  }
  assert {
    condition     = strcontains(output.stop_nodes, " --discard-local-ssd=true")
    error_message = "gcloud refuses to stop it otherwise"
  }
}

run "machines_without_local_disks_stop_without_an_option" {
  command = plan

  assert {
    condition     = !strcontains(output.stop_nodes, "discard")
    error_message = "gcloud refuses the option there"
  }
}

run "cluster_has_no_gpu_node" {
  command = plan

  variables {
    preprocess_cluster = regex("preprocess_cluster += (.+)", file("examples/cluster.tfvars"))[0]
    train_nodes        = regex("train_nodes += (.+)", file("examples/cluster.tfvars"))[0]
  }

  assert {
    condition     = length(google_dataproc_cluster.this) == 1 && length(google_compute_instance.train) == 0
    error_message = "a cluster alone"
  }
}
