# Training without a GPU node here: a Vertex AI custom job runs the same image on one machine and ends with the training.
# Models and checkpoints are in their bucket, so the same command resumes.

locals {
  # A CustomJobSpec of Vertex AI's API (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec).
  vertex_job = {
    workerPoolSpecs = [{
      replicaCount = 1
      machineSpec = {
        machineType      = local.machine_type
        acceleratorType  = upper(replace(var.gpu_type, "-", "_"))
        acceleratorCount = var.gpu_count
      }
      diskSpec = { bootDiskType = "pd-ssd", bootDiskSizeGb = var.boot_disk_gb }
      containerSpec = {
        imageUri = local.train_image
        # Without `command`, the image's init starts this.
        args = concat(
          split(" ", "horovodrun -np ${var.gpu_count} -H localhost:${var.gpu_count} python /app/jobs/train.py"),
          split(" ", "--dataset ${local.dataset} --models ${local.models} --shard-cache /tmp/cache --precision ${local.gpu.precision}"),
        )
        env = [{ name = "KERAS_HOME", value = "/tmp/keras" }]
      }
    }]
    scheduling = {
      strategy = var.spot ? "SPOT" : "STANDARD"
      timeout  = "${var.max_run_hours * 3600}s"
    }
    serviceAccount = "${var.name}-train@${var.project}.iam.gserviceaccount.com"
  }
}

output "train_on_vertex" {
  description = "Train all members as a Vertex AI custom job on one machine, with gpu_type, gpu_count, spot and max_run_hours; the same command resumes from the last checkpoint."
  value       = <<-COMMAND
    (
    set -e
    spec=$(mktemp)
    trap 'rm -f "$spec"' EXIT
    cat >"$spec" <<'SPEC'
    ${trimspace(yamlencode(local.vertex_job))}
    SPEC
    gcloud ai custom-jobs create ${local.place} --display-name ${var.name}-train --config "$spec"
    )
  COMMAND
}
