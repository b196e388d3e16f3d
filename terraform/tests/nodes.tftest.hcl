# GPU nodes are disposable: what they train is in a bucket, and a spot node starts again while it has a job.
mock_provider "google" {}

variables {
  project  = "my-project-1"
  gpu_type = "nvidia-l4"
}

run "a_node_trains_into_the_bucket_of_models" {
  command = apply

  assert {
    condition     = strcontains(output.train, "--models gs://my-project-1-landmark-models/models ") && strcontains(output.evaluate, "--models gs://my-project-1-landmark-models/models")
    error_message = "models and checkpoints are written to the bucket"
  }
  assert {
    condition     = !strcontains(google_compute_instance.train[0].metadata["startup-script"], "/models")
    error_message = "nothing trained is on the node's disk"
  }
}

run "without_the_node_the_same_buckets_stay" {
  command = plan

  variables {
    train_nodes        = 0
    preprocess_cluster = false
  }

  assert {
    condition     = alltrue([for purpose in ["raw", "dataset", "models"] : length(google_storage_bucket.this[purpose].id) > 0])
    error_message = "a plan knows the id of a bucket that exists and stays, not that of a new one"
  }
}

run "in_another_zone_the_same_buckets_stay" {
  command = plan

  variables {
    train_nodes = 2
    zone        = "us-central1-a"
  }

  assert {
    condition     = length(google_storage_bucket.this["models"].id) > 0
    error_message = "a plan knows the id of a bucket that exists and stays, not that of a new one"
  }
}

run "nodes_are_placed_one_after_another" {
  command = plan

  variables {
    train_nodes = 16
  }

  assert {
    condition     = google_compute_resource_policy.compact[0].group_placement_policy[0].vm_count == null
    error_message = "no node waits for the others to be requested"
  }
}

run "a_running_node_is_not_stopped_for_a_change" {
  command = plan

  assert {
    condition     = google_compute_instance.train[0].allow_stopping_for_update == null
    error_message = "a change that needs a stopped node is refused"
  }
}

run "nodes_have_the_network_card_of_their_machines" {
  command = plan

  assert {
    condition     = google_compute_instance.train[0].network_interface[0].nic_type == "GVNIC"
    error_message = "gVNIC"
  }
}

run "nodes_on_demand_have_no_schedule" {
  command = plan

  assert {
    condition     = length(google_cloud_scheduler_job.start) == 0 && length(google_service_account.starter) == 0 && length(google_project_iam_member.schedules) == 0
    error_message = "nothing starts them"
  }
  assert {
    condition     = !contains(keys(google_project_service.this), "cloudscheduler.googleapis.com")
    error_message = "the service is not enabled"
  }
  assert {
    condition     = !strcontains(output.stop_nodes, "scheduler") && strcontains(google_compute_instance.train[0].metadata["startup-script"], "schedules=''")
    error_message = "nothing to turn on or off"
  }
}

run "spot_nodes_start_again_while_they_have_a_job" {
  command = plan

  variables {
    spot        = true
    train_nodes = 2
  }

  expect_failures = [check.spot_suits_one_node]

  assert {
    condition     = google_cloud_scheduler_job.start[*].http_target[0].uri == [for index in range(2) : "https://compute.googleapis.com/compute/v1/projects/my-project-1/zones/us-central1-b/instances/landmark-train-${index}/start"]
    error_message = "a schedule for each"
  }
  assert {
    condition     = alltrue(google_cloud_scheduler_job.start[*].paused)
    error_message = "off until there is a job"
  }
  assert {
    condition     = strcontains(google_compute_instance.train[0].metadata["startup-script"], "schedules='projects/my-project-1/locations/us-central1/jobs'")
    error_message = "the node turns it on"
  }
  assert {
    condition     = startswith(output.stop_nodes, "gcloud scheduler jobs pause landmark-train-0 ")
    error_message = "a node that a person stops stays off"
  }
  assert {
    condition     = google_project_iam_custom_role.spot["start"].permissions == toset(["compute.instances.start"]) && google_project_iam_custom_role.spot["schedule"].permissions == toset(["cloudscheduler.jobs.enable", "cloudscheduler.jobs.pause"])
    error_message = "few permissions"
  }
  assert {
    condition     = google_compute_instance_iam_member.starter[*].instance_name == ["landmark-train-0", "landmark-train-1"]
    error_message = "for these nodes alone"
  }
}

run "several_nodes_try_again_and_one_does_not" {
  command = plan

  variables {
    train_nodes = 2
  }

  assert {
    condition     = alltrue([for node in google_compute_instance.train : strcontains(node.metadata["startup-script"], "\nRestart=on-failure\n")])
    error_message = "one of them may be off"
  }
}

run "a_node_with_local_disks_can_stop" {
  command = plan

  variables {
    gpu_type = "nvidia-a100-80gb"
    zone     = "us-central1-a"
  }

  assert {
    condition     = one(google_compute_instance.train[0].scheduling[0].on_instance_stop_action).discard_local_ssd
    error_message = "it discards them"
  }
}
