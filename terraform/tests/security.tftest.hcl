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

run "operators_may_submit_and_log_in" {
  command = plan

  variables {
    operators = ["user:ana@example.org"]
  }

  assert {
    condition     = length(google_project_iam_member.operators) == 4 && length(google_service_account_iam_member.operators) == 2
    error_message = "IAP, OS Login, Dataproc, and the accounts of the machines"
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
    kms_key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
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
    condition     = length(google_kms_crypto_key_iam_member.this) == 4
    error_message = "the services may use it"
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
