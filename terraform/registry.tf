resource "google_artifact_registry_repository" "this" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of landmark recognition."
  labels        = local.labels
  kms_key_name  = var.kms_key

  docker_config {
    immutable_tags = true # a tag always means the same image
  }

  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s" # 30 days
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.this]
}

# A mirror of Docker Hub: each base image is fetched from there once. NVIDIA deletes old images; a mirrored one stays.
resource "google_artifact_registry_repository" "docker_hub" {
  repository_id = "${var.name}-docker-hub"
  location      = var.region
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  description   = "Mirror of Docker Hub, for the base images."
  labels        = local.labels
  kms_key_name  = var.kms_key

  remote_repository_config {
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.this]
}

resource "google_artifact_registry_repository_iam_member" "train" {
  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.this["train"].member
}

# For serverless batches: Dataproc's agent pulls their container as this account.
resource "google_artifact_registry_repository_iam_member" "preprocess" {
  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.this["preprocess"].member
}
