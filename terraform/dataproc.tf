locals {
  master_disk_gb    = 100
  primary_disk_gb   = 150
  secondary_disk_gb = 100

  dataproc_requirements = "dataproc/${filemd5("${path.module}/../requirements/dataproc.txt")}.txt"
  dataproc_environment = templatefile("${path.module}/templates/dataproc_environment.sh.tftpl", {
    requirements = "gs://${local.bucket_names.code}/${local.dataproc_requirements}"
  })

  # As in docker/compose.yaml. Spark's default cipher does not detect changes (CVE-2025-55039), and a fallback to SASL
  # would not encrypt.
  spark_network_security = {
    "spark.authenticate"                     = "true"
    "spark.network.crypto.enabled"           = "true"
    "spark.network.crypto.cipher"            = "AES/GCM/NoPadding"
    "spark.network.crypto.authEngineVersion" = "2"
    "spark.network.crypto.saslFallback"      = "false"
  }
  # Python uses most of the 10 GB: decoding a large photo takes up to 480 MB.
  spark_executors = {
    "spark.executor.cores"          = "4"
    "spark.executor.memory"         = "4g"
    "spark.executor.memoryOverhead" = "6g"
  }

  dataproc_properties = merge(
    {
      # Spot workers come and go: shuffled data stays on primary workers, and lost tasks are retried.
      "dataproc:efm.spark.shuffle"                = "primary-worker"
      "dataproc:am.primary_only"                  = "true"
      "spark:spark.task.maxFailures"              = "10"
      "spark:spark.stage.maxConsecutiveAttempts"  = "10"
      "yarn:yarn.resourcemanager.am.max-attempts" = "10"
      "spark:spark.io.encryption.enabled"         = "true"
      # The locked packages, separate from the image's: templates/dataproc_environment.sh.tftpl.
      "spark:spark.pyspark.python"        = "/opt/landmark/bin/python"
      "spark:spark.pyspark.driver.python" = "/opt/landmark/bin/python"
      # Keep logs after the cluster is deleted.
      "dataproc:dataproc.logging.stackdriver.job.driver.enable"         = "true"
      "dataproc:dataproc.logging.stackdriver.job.yarn.container.enable" = "true"
    },
    # YARN creates a secret for each job and passes it to its executors; the shuffle service, which is part of YARN,
    # must require and encrypt the same.
    { for name, value in merge(local.spark_network_security, local.spark_executors) : "spark:${name}" => value },
    { for name, value in local.spark_network_security : "yarn:${name}" => value },
    var.spark_properties,
  )
}

resource "google_dataproc_autoscaling_policy" "this" {
  count = var.preprocess_cluster ? 1 : 0

  policy_id = local.cluster_name
  location  = var.region

  worker_config {
    min_instances = var.primary_workers
    max_instances = var.primary_workers # they hold the shuffled data, so their number is fixed
  }
  secondary_worker_config {
    min_instances = 0
    max_instances = var.secondary_workers_max
  }
  basic_algorithm {
    cooldown_period = "120s"
    yarn_config {
      scale_up_factor   = 1.0
      scale_down_factor = 1.0
      # Dataproc refuses any other value with shuffles on primary workers: a spot worker has nothing to move.
      graceful_decommission_timeout = "0s"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_dataproc_cluster" "this" {
  count = var.preprocess_cluster ? 1 : 0

  name   = local.cluster_name
  region = var.region
  labels = local.labels

  cluster_config {
    staging_bucket = google_storage_bucket.this["staging"].name
    temp_bucket    = google_storage_bucket.this["staging"].name

    gce_cluster_config {
      zone                   = var.zone
      subnetwork             = google_compute_subnetwork.this.id
      internal_ip_only       = true
      service_account        = google_service_account.this["preprocess"].email
      service_account_scopes = ["cloud-platform"] # IAM decides
      metadata = {
        block-project-ssh-keys = "true"
        enable-oslogin         = "true"
      }
      shielded_instance_config {
        enable_secure_boot          = var.secure_boot
        enable_vtpm                 = true
        enable_integrity_monitoring = true
      }
    }

    software_config {
      image_version       = var.dataproc_image
      override_properties = local.dataproc_properties
    }

    initialization_action {
      script      = "gs://${google_storage_bucket_object.environment.bucket}/${google_storage_bucket_object.environment.name}"
      timeout_sec = 600
    }

    master_config {
      num_instances = 1
      machine_type  = var.master_machine_type
      disk_config {
        boot_disk_type    = "pd-standard"
        boot_disk_size_gb = local.master_disk_gb
      }
    }
    worker_config {
      num_instances = var.primary_workers
      machine_type  = var.worker_machine_type
      disk_config {
        boot_disk_type    = "pd-balanced" # used by the shuffle
        boot_disk_size_gb = local.primary_disk_gb
      }
    }
    preemptible_worker_config {
      num_instances  = 0
      preemptibility = "SPOT"
      disk_config {
        boot_disk_type    = "pd-standard"
        boot_disk_size_gb = local.secondary_disk_gb
      }
    }

    autoscaling_config {
      policy_uri = one(google_dataproc_autoscaling_policy.this).id
    }
    lifecycle_config {
      idle_delete_ttl = "${var.idle_delete_minutes * 60}s"
    }
    endpoint_config {
      enable_http_port_access = true # Spark's web pages through Google's gateway and login; no port is opened
    }
    dynamic "encryption_config" {
      for_each = var.kms_key == null ? [] : [var.kms_key]
      content {
        kms_key_name = encryption_config.value
      }
    }
  }

  lifecycle {
    ignore_changes = [cluster_config[0].preemptible_worker_config[0].num_instances] # set by autoscaling
  }

  depends_on = [
    google_compute_firewall.between_nodes, google_compute_router_nat.this, google_kms_crypto_key_iam_member.this,
    google_project_iam_member.this, google_storage_bucket_iam_member.this, google_storage_bucket_object.requirements,
  ]
}
