# Buckets with data stay when everything else is destroyed: without force_destroy, a bucket that contains anything is
# kept, with an error. The contents of staging and code can be recreated.

resource "google_storage_bucket" "this" {
  # checkov:skip=CKV_GCP_62:Access is in Cloud Audit Logs if they are enabled; logs in a bucket would be a sixth bucket that nobody reads
  for_each = local.bucket_names

  name                        = each.value
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = contains(["staging", "code"], each.key)

  versioning {
    enabled = each.key == "models" # the next training overwrites a model that may still be wanted
  }

  dynamic "soft_delete_policy" {
    for_each = contains(["staging", "code"], each.key) ? [1] : []
    content {
      retention_duration_seconds = 0 # by default Google keeps, and bills, what is deleted for a week
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.key == "staging" ? [1] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        age = var.staging_days
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.key == "models" ? [1] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        num_newer_versions         = 3
        days_since_noncurrent_time = 30
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.this]
}

# What the cluster's nodes run at start-up. Names change with their content, so that a changed environment creates a new
# cluster. Nodes can read this bucket but not write to it.
resource "google_storage_bucket_object" "requirements" {
  bucket = google_storage_bucket.this["code"].name
  name   = local.dataproc_requirements
  source = "${path.module}/../requirements/dataproc.txt"
}

resource "google_storage_bucket_object" "environment" {
  bucket  = google_storage_bucket.this["code"].name
  name    = "dataproc/${md5(local.dataproc_environment)}.sh"
  content = local.dataproc_environment
}
