# Images are built by Cloud Build (docker/cloudbuild.yaml), which needs no Docker here, or on a machine with Docker.

resource "google_service_account" "build" {
  account_id   = "${var.name}-build"
  display_name = "Builds of images"

  depends_on = [google_project_service.this]
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.this["staging"].name
  role   = "roles/storage.objectViewer" # gcloud uploads the source there
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_pushes" {
  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_reads_docker_hub" {
  location   = google_artifact_registry_repository.docker_hub.location
  repository = google_artifact_registry_repository.docker_hub.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

output "build_images" {
  description = "Build the images in Google's cloud and push them to the registry; a tag can only be pushed once."
  value       = <<-COMMAND
    gcloud builds submit . ${local.place} --config docker/cloudbuild.yaml \
      --gcs-source-staging-dir gs://${local.bucket_names.staging}/source \
      --substitutions _ACCOUNT=${var.name}-build@${var.project}.iam.gserviceaccount.com,_MIRROR=${local.mirror},_TRAIN_IMAGE=${local.train_image},_SERVERLESS_IMAGE=${local.serverless_image}
  COMMAND
}
