# People who may do what docs/cloud.md describes, without being owners: build and push images, upload photos,
# preprocess, train, fetch models. They act as the machines' accounts.

locals {
  # Only nodes of this configuration may be started and stopped, and IAP connects to nothing but ssh.
  operator_conditions = {
    "our nodes" = "resource.type == \"compute.googleapis.com/Instance\" && resource.name.startsWith(\"projects/${var.project}/zones/${var.zone}/instances/${var.name}-train-\")"
    "ssh"       = "destination.port == 22"
  }
  # Google has no predefined roles as small as these. The schedules are those that start spot nodes again.
  operator_own_roles = {
    nodes     = ["compute.instances.start", "compute.instances.stop"]
    schedules = ["cloudscheduler.jobs.enable", "cloudscheduler.jobs.pause"]
  }
  operator_project_roles = {
    "roles/aiplatform.user"                   = null
    "roles/cloudbuild.builds.editor"          = null
    "roles/compute.osAdminLogin"              = null
    "roles/compute.viewer"                    = null
    "roles/dataproc.editor"                   = null
    "roles/iap.tunnelResourceAccessor"        = "ssh"
    "roles/logging.viewer"                    = null # follows a build
    "roles/serviceusage.serviceUsageConsumer" = null # calls count for this project
    "${local.operator_role}_nodes"            = "our nodes"
    "${local.operator_role}_schedules"        = null
  }
  operator_role = "projects/${var.project}/roles/${replace(var.name, "-", "_")}_operator"

  # gcloud looks at a staging bucket before it uploads a job there.
  operator_bucket_roles = [
    { bucket = "raw", role = "roles/storage.objectUser" },
    { bucket = "staging", role = "roles/storage.objectUser" },
    { bucket = "staging", role = "roles/storage.legacyBucketReader" },
    { bucket = "models", role = "roles/storage.objectViewer" },
  ]
  operator_accounts = merge(google_service_account.this, { build = google_service_account.build })
}

resource "google_project_iam_custom_role" "operator" {
  for_each = length(var.operators) > 0 ? local.operator_own_roles : {}

  role_id     = "${basename(local.operator_role)}_${each.key}"
  title       = "${var.name}: operators, ${each.key}"
  permissions = each.value

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "operators" {
  for_each = {
    for pair in setproduct(var.operators, keys(local.operator_project_roles)) :
    "${pair[0]} ${pair[1]}" => { member = pair[0], role = pair[1], condition = local.operator_project_roles[pair[1]] }
  }

  project = var.project
  role    = each.value.role
  member  = each.value.member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]
    content {
      title      = condition.value
      expression = local.operator_conditions[condition.value]
    }
  }

  depends_on = [google_project_service.this, google_project_iam_custom_role.operator]
}

resource "google_storage_bucket_iam_member" "operators" {
  for_each = {
    for pair in setproduct(var.operators, local.operator_bucket_roles) :
    "${pair[0]} ${pair[1].bucket} ${pair[1].role}" => merge(pair[1], { member = pair[0] })
  }

  bucket = google_storage_bucket.this[each.value.bucket].name
  role   = each.value.role
  member = each.value.member
}

resource "google_artifact_registry_repository_iam_member" "operators" {
  for_each = {
    for pair in setproduct(var.operators, ["images", "docker_hub"]) :
    "${pair[0]} ${pair[1]}" => { member = pair[0], repository = pair[1] }
  }

  location   = var.region
  repository = each.value.repository == "images" ? google_artifact_registry_repository.this.name : google_artifact_registry_repository.docker_hub.name
  role       = each.value.repository == "images" ? "roles/artifactregistry.writer" : "roles/artifactregistry.reader"
  member     = each.value.member
}

resource "google_service_account_iam_member" "operators" {
  for_each = {
    for pair in setproduct(var.operators, keys(local.operator_accounts)) :
    "${pair[0]} ${pair[1]}" => { member = pair[0], account = pair[1] }
  }

  service_account_id = local.operator_accounts[each.value.account].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.member
}
