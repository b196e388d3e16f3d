# Spot nodes start again by themselves while there is a job to resume. Each has a schedule that asks Compute Engine to
# start it, which does nothing while it runs. The first node turns the schedules on with a job and off at its end
# (templates/landmark.sh), so that no idle node is started.

locals {
  spot      = var.spot && var.train_nodes > 0
  schedules = local.spot ? "projects/${var.project}/locations/${var.region}/jobs" : ""
  pause_schedules = join("", [
    for name in local.spot ? local.node_names : [] :
    "gcloud scheduler jobs pause ${name} --project ${var.project} --location ${var.region}\n"
  ])
  # Google has no predefined roles as small as these.
  spot_roles = {
    start    = ["compute.instances.start"]
    schedule = ["cloudscheduler.jobs.enable", "cloudscheduler.jobs.pause"]
  }
}

resource "google_service_account" "starter" {
  count = local.spot ? 1 : 0

  account_id   = "${var.name}-start"
  display_name = "Starts preempted GPU nodes"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_custom_role" "spot" {
  for_each = local.spot ? local.spot_roles : {}

  role_id     = "${replace(var.name, "-", "_")}_${each.key}"
  title       = "${var.name}: ${each.key}"
  permissions = each.value

  depends_on = [google_project_service.this]
}

resource "google_compute_instance_iam_member" "starter" {
  count = local.spot ? var.train_nodes : 0

  zone          = var.zone
  instance_name = google_compute_instance.train[count.index].name
  role          = google_project_iam_custom_role.spot["start"].id
  member        = one(google_service_account.starter).member

  lifecycle {
    replace_triggered_by = [google_compute_instance.train[count.index].instance_id] # a new node has no members
  }
}

resource "google_project_iam_member" "schedules" {
  count = local.spot ? 1 : 0

  project = var.project
  role    = google_project_iam_custom_role.spot["schedule"].id
  member  = google_service_account.this["train"].member
}

resource "google_cloud_scheduler_job" "start" {
  count = local.spot ? var.train_nodes : 0

  name        = local.node_names[count.index]
  description = "Starts the node if it is off; on while there is a job to resume."
  region      = var.region
  schedule    = "*/10 * * * *"
  paused      = true

  http_target {
    http_method = "POST"
    uri         = "https://compute.googleapis.com/compute/v1/projects/${var.project}/zones/${var.zone}/instances/${google_compute_instance.train[count.index].name}/start"
    oauth_token {
      service_account_email = one(google_service_account.starter).email
    }
  }

  lifecycle {
    ignore_changes = [paused] # the first node's
  }

  depends_on = [google_project_service.this]
}
