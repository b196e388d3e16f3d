mock_provider "google" {}

variables {
  project            = "my-project-1"
  preprocess_cluster = true
}

run "cluster_grows_by_spot_workers_and_keeps_shuffles_off_them" {
  command = plan

  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].preemptible_worker_config[0].preemptibility == "SPOT"
    error_message = "secondary workers are spot"
  }
  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties["dataproc:efm.spark.shuffle"] == "primary-worker"
    error_message = "shuffles stay on primary workers"
  }
  assert {
    condition = (
      google_dataproc_autoscaling_policy.this[0].worker_config[0].min_instances == 2 &&
      google_dataproc_autoscaling_policy.this[0].worker_config[0].max_instances == 2 &&
      google_dataproc_autoscaling_policy.this[0].secondary_worker_config[0].max_instances == 16
    )
    error_message = "primary workers keep their number, spot workers come and go"
  }
  assert {
    condition     = google_dataproc_autoscaling_policy.this[0].basic_algorithm[0].yarn_config[0].graceful_decommission_timeout == "0s"
    error_message = "Dataproc refuses a graceful time-out with shuffles on primary workers"
  }
}

run "cluster_deletes_itself" {
  command = plan

  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].lifecycle_config[0].idle_delete_ttl == "1800s"
    error_message = "after half an hour without a job"
  }
}

run "cluster_is_private_and_shielded" {
  command = plan

  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].gce_cluster_config[0].internal_ip_only
    error_message = "internal addresses only"
  }
  assert {
    condition     = alltrue([for setting in ["enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring"] : google_dataproc_cluster.this[0].cluster_config[0].gce_cluster_config[0].shielded_instance_config[0][setting]])
    error_message = "shielded"
  }
}

run "spark_authenticates_and_encrypts_without_a_secret_here" {
  command = plan

  assert {
    condition = alltrue([for daemon in ["spark", "yarn"] : jsonencode({
      for name, value in google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties :
      trimprefix(name, "${daemon}:spark.") => value if can(regex("^${daemon}:spark\\.(authenticate|network\\.)", name))
      }) == jsonencode({
      "authenticate"                     = "true"
      "network.crypto.authEngineVersion" = "2"
      "network.crypto.cipher"            = "AES/GCM/NoPadding"
      "network.crypto.enabled"           = "true"
      "network.crypto.saslFallback"      = "false"
    })])
    error_message = "both ends, the jobs and YARN's shuffle service, with a cipher that detects changes and no fallback"
  }
  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties["spark:spark.io.encryption.enabled"] == "true"
    error_message = "spilled files are encrypted"
  }
  assert {
    condition     = strcontains(output.submit_preprocess_serverless, "spark.network.crypto.cipher=AES/GCM/NoPadding")
    error_message = "the same cipher in serverless batches"
  }
  assert {
    condition     = !anytrue([for property in keys(google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties) : strcontains(property, "secret")])
    error_message = "YARN creates a secret per job"
  }
}

run "properties_of_the_user_win" {
  command = plan

  variables {
    spark_properties = { "spark:spark.task.maxFailures" = "20" }
  }

  assert {
    condition     = google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties["spark:spark.task.maxFailures"] == "20"
    error_message = "the user's value"
  }
}

run "nodes_install_the_locked_packages_and_no_second_spark" {
  command = plan

  assert {
    condition     = strcontains(google_storage_bucket_object.environment.content, "gs://my-project-1-landmark-code/${google_storage_bucket_object.requirements.name}")
    error_message = "the initialisation action fetches the uploaded list"
  }
  assert {
    condition     = !can(regex("(?m)^pyspark==", file(google_storage_bucket_object.requirements.source))) && can(regex("(?m)^gcsfs==", file(google_storage_bucket_object.requirements.source)))
    error_message = "buckets, and the cluster's own Spark"
  }
}

run "a_batch_has_the_executors_of_the_cluster_and_pushes_no_image" {
  command = plan

  assert {
    condition = alltrue([for name in ["cores", "memory", "memoryOverhead"] : strcontains(
      output.submit_preprocess_serverless,
      "spark.executor.${name}=${google_dataproc_cluster.this[0].cluster_config[0].software_config[0].override_properties["spark:spark.executor.${name}"]}"
    )])
    error_message = "equal cores and memory"
  }
  assert {
    condition     = strcontains(output.submit_preprocess_serverless, "spark.driver.memory=8g") && !strcontains(output.submit_preprocess_serverless, "docker push")
    error_message = "memory for the driver; images are built or pushed once"
  }
}

run "a_cluster_exists_only_when_asked_for" {
  command = plan

  variables {
    preprocess_cluster = false
  }

  assert {
    condition     = length(google_dataproc_cluster.this) == 0 && length(google_dataproc_autoscaling_policy.this) == 0
    error_message = "serverless batches need none"
  }
}
