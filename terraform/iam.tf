# Through these two Terraform enables the others and reads the project. In an empty project gcloud has to enable them
# before the first apply (docs/cloud.md).
resource "google_project_service" "first" {
  for_each = toset(["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"])

  service            = each.value
  disable_on_destroy = false # others may use it
}

resource "google_project_service" "this" {
  for_each = toset(concat(
    [
      "aiplatform.googleapis.com", "artifactregistry.googleapis.com", "cloudbuild.googleapis.com",
      "compute.googleapis.com", "dataproc.googleapis.com", "iam.googleapis.com", "iap.googleapis.com",
      "logging.googleapis.com", "monitoring.googleapis.com", "oslogin.googleapis.com",
      "secretmanager.googleapis.com", "storage.googleapis.com",
    ],
    var.billing_account == null ? [] : ["billingbudgets.googleapis.com"],
    var.kms_key == null ? [] : ["cloudkms.googleapis.com"],
    local.spot ? ["cloudscheduler.googleapis.com"] : [],
  ))

  service            = each.value
  disable_on_destroy = false # others may use it

  depends_on = [google_project_service.first]
}

# One account per kind of machine, both without keys.
resource "google_service_account" "this" {
  for_each = { preprocess = "Spark nodes", train = "GPU nodes" }

  account_id   = "${var.name}-${each.key}"
  display_name = each.value

  depends_on = [google_project_service.this]
}

locals {
  bucket_roles = {
    "preprocess reads raw"      = { account = "preprocess", bucket = "raw", role = "roles/storage.objectViewer" }
    "preprocess reads code"     = { account = "preprocess", bucket = "code", role = "roles/storage.objectViewer" }
    "preprocess writes dataset" = { account = "preprocess", bucket = "dataset", role = "roles/storage.objectUser" }
    "preprocess writes staging" = { account = "preprocess", bucket = "staging", role = "roles/storage.objectUser" }
    "train reads dataset"       = { account = "train", bucket = "dataset", role = "roles/storage.objectViewer" }
    "train writes models"       = { account = "train", bucket = "models", role = "roles/storage.objectUser" }
  }
  # Google's role for cluster nodes can access the objects of every bucket of the project, and Dataproc documents no
  # smaller one. A separate project limits it to these buckets.
  project_roles = {
    "preprocess: nodes of Dataproc" = { account = "preprocess", role = "roles/dataproc.worker" }
    "train: logs"                   = { account = "train", role = "roles/logging.logWriter" }
    "train: metrics"                = { account = "train", role = "roles/monitoring.metricWriter" }
  }
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bucket_roles

  bucket = google_storage_bucket.this[each.value.bucket].name
  role   = each.value.role
  member = google_service_account.this[each.value.account].member
}

resource "google_project_iam_member" "this" {
  for_each = local.project_roles

  project = var.project
  role    = each.value.role
  member  = google_service_account.this[each.value.account].member
}

# The number of the project. It is read during the apply that enables the services, not by the plan before it.
data "google_project" "this" {
  count = var.kms_key != null || var.billing_account != null ? 1 : 0

  project_id = var.project

  depends_on = [google_project_service.first]
}

# With a customer key, the agents of the services that store data need permission to use it. Reading Cloud Storage's
# agent creates it; the output create_service_agents creates the others that a new project lacks.
data "google_storage_project_service_account" "this" {
  count = var.kms_key == null ? 0 : 1

  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each = var.kms_key == null ? {} : {
    "artifact registry" = "gcp-sa-artifactregistry.iam"
    "compute"           = "compute-system.iam"
    "dataproc"          = "dataproc-accounts.iam"
    "secret manager"    = "gcp-sa-secretmanager.iam"
    "storage"           = "gs-project-accounts.iam"
  }

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${one(data.google_project.this).number}@${each.value}.gserviceaccount.com"

  depends_on = [google_project_service.this, data.google_storage_project_service_account.this]
}
