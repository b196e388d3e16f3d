resource "google_compute_resource_policy" "compact" {
  count = local.compact ? 1 : 0

  name   = "${var.name}-train"
  region = var.region

  # Without vm_count, which would hold nodes back until all are requested: their number can then change, too.
  group_placement_policy {
    collocation = "COLLOCATED"
  }

  depends_on = [google_project_service.this]
}

# Plain instances, not a managed group: Horovod needs stable names and all nodes at once. They are disposable, as
# models and checkpoints are in their bucket. What needs a stopped node is refused while it runs, not done by stopping
# a training.
resource "google_compute_instance" "train" {
  count = var.train_nodes

  name              = local.node_names[count.index]
  zone              = var.zone
  machine_type      = local.machine_type
  labels            = local.labels
  resource_policies = google_compute_resource_policy.compact[*].id

  boot_disk {
    kms_key_self_link = var.kms_key
    initialize_params {
      image  = "projects/${var.gpu_image.project}/global/images/family/${var.gpu_image.family}"
      size   = var.boot_disk_gb
      type   = "pd-balanced"
      labels = local.labels
    }
  }

  dynamic "guest_accelerator" {
    for_each = local.gpu.attached ? [var.gpu_type] : []
    content {
      type  = guest_accelerator.value
      count = var.gpu_count
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.this.id # no access_config: no external address
    nic_type   = "GVNIC"                           # the bandwidth of G2 and A2
  }

  scheduling {
    on_host_maintenance         = "TERMINATE" # GPUs cannot migrate
    automatic_restart           = false
    provisioning_model          = var.spot ? "SPOT" : "STANDARD"
    preemptible                 = var.spot
    instance_termination_action = "STOP" # the disk stays, with the caches and the command to resume
    max_run_duration {
      seconds = var.max_run_hours * 3600
    }
    dynamic "on_instance_stop_action" {
      for_each = local.gpu.local_ssd ? [1] : []
      content {
        discard_local_ssd = true # no node with local disks stops without this
      }
    }
  }

  service_account {
    email  = google_service_account.this["train"].email
    scopes = ["cloud-platform"] # IAM decides
  }

  shielded_instance_config {
    enable_secure_boot          = var.secure_boot
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    block-project-ssh-keys = "true"
    enable-oslogin         = "true"
    serial-port-enable     = "false"
    startup-script = templatefile("${path.module}/templates/train_startup.sh.tftpl", {
      command       = file("${path.module}/templates/landmark.sh")
      image         = local.train_image
      max_run_hours = var.max_run_hours
      node_names    = local.node_names
      project       = var.project
      schedules     = local.schedules
      ssh_secret    = local.several ? local.ssh_secret : ""
      unit = templatefile("${path.module}/templates/landmark-job.service", {
        restart = local.several ? "on-failure" : "no"
      })
    })
  }

  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image] # a newer image must not replace the disk
  }

  depends_on = [
    google_compute_firewall.between_nodes, google_compute_router_nat.this, google_kms_crypto_key_iam_member.this,
    google_artifact_registry_repository_iam_member.train, google_secret_manager_secret_iam_member.train,
  ]
}

# The secret for the ssh keys between nodes, without its value: a person creates the keys (output create_node_keys), so
# that they are in no state, metadata or image.
resource "google_secret_manager_secret" "node_ssh" {
  count = local.several ? 1 : 0

  secret_id = local.ssh_secret
  labels    = local.labels
  replication {
    user_managed {
      replicas {
        location = var.region
        dynamic "customer_managed_encryption" {
          for_each = var.kms_key == null ? [] : [var.kms_key]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.this]
}

resource "google_secret_manager_secret_iam_member" "train" {
  count = local.several ? 1 : 0

  secret_id = one(google_secret_manager_secret.node_ssh).id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this["train"].member
}
