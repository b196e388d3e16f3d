mock_provider "google" {}

variables {
  project     = "my-project-1"
  train_nodes = 2
  gpu_type    = "nvidia-l4"
}

run "nothing_has_an_external_address" {
  command = plan

  assert {
    condition     = alltrue([for node in google_compute_instance.train : alltrue([for nic in node.network_interface : length(nic.access_config) == 0])])
    error_message = "nodes without access_config"
  }
  assert {
    condition     = google_compute_subnetwork.this.private_ip_google_access
    error_message = "Google's services without an external address"
  }
  assert {
    condition     = google_compute_network.this.mtu == 8896 && !google_compute_network.this.auto_create_subnetworks
    error_message = "one subnet, jumbo frames"
  }
}

run "only_iap_comes_in" {
  command = plan

  assert {
    condition     = google_compute_firewall.ssh_by_iap.source_ranges == toset(["35.235.240.0/20"]) && one(google_compute_firewall.ssh_by_iap.allow).ports == tolist(["22"])
    error_message = "ssh, from IAP"
  }
  assert {
    condition     = alltrue([for rule in google_compute_firewall.between_nodes : length(coalesce(rule.source_ranges, [])) == 0])
    error_message = "nodes reach each other by account, not by address"
  }
}

run "people_log_in_as_themselves" {
  command = plan

  assert {
    condition     = alltrue([for node in google_compute_instance.train : node.metadata["enable-oslogin"] == "true" && node.metadata["block-project-ssh-keys"] == "true" && node.metadata["serial-port-enable"] == "false"])
    error_message = "only OS Login"
  }
}

run "nodes_are_shielded" {
  command = plan

  assert {
    condition     = alltrue([for node in google_compute_instance.train : node.shielded_instance_config[0].enable_secure_boot && node.shielded_instance_config[0].enable_vtpm && node.shielded_instance_config[0].enable_integrity_monitoring])
    error_message = "shielded"
  }
}

run "buckets_are_private_and_data_outlives_a_destroy" {
  command = plan

  assert {
    condition     = toset(keys(google_storage_bucket.this)) == toset(["raw", "dataset", "models", "staging", "code"])
    error_message = "one bucket per purpose"
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced"])
    error_message = "private"
  }
  assert {
    condition     = [for purpose, bucket in google_storage_bucket.this : purpose if bucket.force_destroy] == ["code", "staging"]
    error_message = "raw, dataset and models are kept while they contain anything"
  }
  assert {
    condition     = [for purpose, bucket in google_storage_bucket.this : purpose if bucket.versioning[0].enabled] == ["models"]
    error_message = "an overwritten model can be restored"
  }
  assert {
    condition     = anytrue([for rule in google_storage_bucket.this["staging"].lifecycle_rule : one(rule.action).type == "Delete" && one(rule.condition).age == 30])
    error_message = "staging is emptied by age"
  }
  assert {
    condition     = !anytrue([for purpose in ["raw", "dataset", "code"] : anytrue([for rule in google_storage_bucket.this[purpose].lifecycle_rule : one(rule.action).type == "Delete"])])
    error_message = "the other buckets do not expire"
  }
}

run "accounts_reach_their_own_buckets_and_write_little" {
  command = plan

  assert {
    condition     = [for name, role in google_storage_bucket_iam_member.this : name if role.role == "roles/storage.objectUser"] == ["preprocess writes dataset", "preprocess writes staging", "train writes models"]
    error_message = "who writes to which bucket"
  }
  assert {
    condition     = alltrue([for role in google_storage_bucket_iam_member.this : contains(["roles/storage.objectViewer", "roles/storage.objectUser"], role.role)])
    error_message = "nobody administers buckets"
  }
  assert {
    condition     = toset([for role in google_project_iam_member.this : role.role]) == toset(["roles/dataproc.worker", "roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "few roles on the project"
  }
  assert {
    condition     = length(google_project_iam_member.operators) == 0
    error_message = "nobody has access by default"
  }
}

run "operators_may_do_what_the_documentation_describes_and_no_more" {
  command = plan

  variables {
    operators = ["user:ana@example.org"]
  }

  assert {
    condition = toset([
      for right in google_project_iam_member.operators : join(" if ", concat([right.role], right.condition[*].expression))
      ]) == toset([
      "roles/aiplatform.user",
      "roles/cloudbuild.builds.editor",
      "roles/compute.osAdminLogin",
      "roles/compute.viewer",
      "roles/dataproc.editor",
      "roles/iap.tunnelResourceAccessor if destination.port == 22",
      "roles/logging.viewer",
      "roles/serviceusage.serviceUsageConsumer",
      "projects/my-project-1/roles/landmark_operator_nodes if resource.type == \"compute.googleapis.com/Instance\" && resource.name.startsWith(\"projects/my-project-1/zones/us-central1-b/instances/landmark-train-\")",
      "projects/my-project-1/roles/landmark_operator_schedules",
    ])
    error_message = "build, log in through IAP by ssh only, submit, start and stop these nodes"
  }
  assert {
    condition = { for name, role in google_project_iam_custom_role.operator : name => role.permissions } == {
      nodes     = toset(["compute.instances.start", "compute.instances.stop"])
      schedules = toset(["cloudscheduler.jobs.enable", "cloudscheduler.jobs.pause"])
    }
    error_message = "own roles that are no larger than needed"
  }
  assert {
    condition = toset([for right in google_storage_bucket_iam_member.operators : "${right.role} on ${right.bucket}"]) == toset([
      "roles/storage.objectUser on my-project-1-landmark-raw",
      "roles/storage.objectUser on my-project-1-landmark-staging",
      "roles/storage.legacyBucketReader on my-project-1-landmark-staging",
      "roles/storage.objectViewer on my-project-1-landmark-models",
    ])
    error_message = "upload photos and jobs, fetch models"
  }
  assert {
    condition = [for name, right in google_artifact_registry_repository_iam_member.operators : "${name}: ${right.role}"] == [
      "user:ana@example.org docker_hub: roles/artifactregistry.reader",
      "user:ana@example.org images: roles/artifactregistry.writer",
    ]
    error_message = "push images, and read the mirror of their base images"
  }
  assert {
    condition     = keys(google_service_account_iam_member.operators) == [for account in ["build", "preprocess", "train"] : "user:ana@example.org ${account}"] && alltrue([for right in google_service_account_iam_member.operators : right.role == "roles/iam.serviceAccountUser"])
    error_message = "act as the accounts of builds and machines"
  }
}

run "without_operators_there_is_no_right_and_no_role" {
  command = plan

  assert {
    condition     = length(google_project_iam_member.operators) + length(google_project_iam_custom_role.operator) + length(google_storage_bucket_iam_member.operators) + length(google_artifact_registry_repository_iam_member.operators) + length(google_service_account_iam_member.operators) == 0
    error_message = "none"
  }
}

run "builds_read_their_source_and_push_images" {
  command = plan

  assert {
    condition     = "${google_storage_bucket_iam_member.build.role} on ${google_storage_bucket_iam_member.build.bucket}" == "roles/storage.objectViewer on my-project-1-landmark-staging" && google_artifact_registry_repository_iam_member.build_pushes.role == "roles/artifactregistry.writer" && google_artifact_registry_repository_iam_member.build_reads_docker_hub.role == "roles/artifactregistry.reader" && google_project_iam_member.build_logs.role == "roles/logging.logWriter"
    error_message = "and no more"
  }
}

run "docker_hub_is_mirrored_for_base_images" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.docker_hub.mode == "REMOTE_REPOSITORY" && google_artifact_registry_repository.docker_hub.remote_repository_config[0].docker_repository[0].public_repository == "DOCKER_HUB"
    error_message = "a remote repository"
  }
  assert {
    condition     = strcontains(output.build_images, "_MIRROR=us-central1-docker.pkg.dev/my-project-1/${google_artifact_registry_repository.docker_hub.repository_id},")
    error_message = "builds use it"
  }
}

run "what_can_be_recreated_is_deleted_at_once" {
  command = plan

  assert {
    condition     = { for purpose, bucket in google_storage_bucket.this : purpose => bucket.soft_delete_policy[0].retention_duration_seconds if length(bucket.soft_delete_policy) > 0 } == { staging = 0, code = 0 }
    error_message = "no week of soft delete for staging and code; Google's default for the others"
  }
}

run "keys_of_ssh_have_a_place_and_no_value" {
  command = plan

  assert {
    condition     = google_secret_manager_secret.node_ssh[0].secret_id == "landmark-node-ssh" && google_secret_manager_secret_iam_member.train[0].role == "roles/secretmanager.secretAccessor"
    error_message = "GPU nodes may read them"
  }
  assert {
    condition     = !strcontains(google_compute_instance.train[0].metadata["startup-script"], "PRIVATE KEY")
    error_message = "not in the metadata"
  }
}

run "own_key_encrypts_all_that_keeps_data" {
  command = plan

  variables {
    kms_key            = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    preprocess_cluster = true
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : bucket.encryption[0].default_kms_key_name == var.kms_key])
    error_message = "buckets"
  }
  assert {
    condition     = google_compute_instance.train[0].boot_disk[0].kms_key_self_link == var.kms_key && google_artifact_registry_repository.this.kms_key_name == var.kms_key && google_dataproc_cluster.this[0].cluster_config[0].encryption_config[0].kms_key_name == var.kms_key
    error_message = "disks, images, the cluster"
  }
  assert {
    condition     = google_artifact_registry_repository.docker_hub.kms_key_name == var.kms_key && google_secret_manager_secret.node_ssh[0].replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name == var.kms_key
    error_message = "mirrored images, and the ssh keys between nodes"
  }
  assert {
    condition     = strcontains(output.submit_preprocess_serverless, " --kms-key ${var.kms_key} ")
    error_message = "serverless batches"
  }
  assert {
    condition     = keys(google_kms_crypto_key_iam_member.this) == ["artifact registry", "compute", "dataproc", "secret manager", "storage"]
    error_message = "the services may use it"
  }
  assert {
    condition     = strcontains(output.create_service_agents, "identity create --service artifactregistry.googleapis.com --project my-project-1") && strcontains(output.create_service_agents, "identity create --service secretmanager.googleapis.com --project my-project-1")
    error_message = "agents that a new project lacks"
  }
}

run "tags_of_images_never_move" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.this.docker_config[0].immutable_tags
    error_message = "immutable"
  }
}

run "budget_is_there_when_asked_for" {
  command = plan

  variables {
    billing_account = "012345-6789AB-CDEF01"
    monthly_budget  = 250
  }

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "250" && google_billing_budget.this[0].threshold_rules[*].threshold_percent == tolist([0.5, 0.9, 1])
    error_message = "alerts at 50, 90 and 100 %"
  }
}

run "no_budget_unasked" {
  command = plan

  assert {
    condition     = length(google_billing_budget.this) == 0
    error_message = "none"
  }
}
