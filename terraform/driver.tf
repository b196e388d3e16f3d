# Commands of `make cloud` alone: what runs, whether a job runs already, and how to follow it.

locals {
  preprocess_account = "${var.name}-preprocess@${var.project}.iam.gserviceaccount.com"
  running_batches    = "gcloud dataproc batches list ${local.place} --format 'csv[no-heading](name.basename(),state,environmentConfig.executionConfig.serviceAccount)' | awk -F, '$2 ~ /^(PENDING|RUNNING)$/ && $3 == \"${local.preprocess_account}\" { print $1 }'"
  running_jobs       = "gcloud dataproc jobs list ${local.place} --cluster ${local.cluster_name} --state-filter active --format 'value(reference.jobId)'"
}

output "running" {
  description = "List the machines and serverless batches that run now."
  value       = <<-COMMAND
    gcloud compute instances list --project ${var.project} --format 'value(name,status,machineType.basename(),zone.basename())' \
      --filter 'labels.application=${local.labels.application} AND status!=TERMINATED'
    ${local.running_batches}
  COMMAND
}

output "training_runs" {
  description = "Succeed if a training runs on the GPU nodes, or is about to."
  value       = var.train_nodes > 0 ? "${local.node_ssh} --command '[[ $(systemctl show --property ActiveState --value landmark-job) != @(failed|inactive) ]] && sudo grep --quiet jobs/train.py /var/lib/landmark-job'\n" : local.no_node
}

output "follow_training" {
  description = "Follow the job on the GPU nodes."
  value       = var.train_nodes > 0 ? "${local.node_ssh} --command 'sudo landmark follow'\n" : local.no_node
}

output "serverless_runs" {
  description = "Succeed if a serverless batch of preprocessing runs."
  value       = "${local.running_batches} | grep -q .\n"
}

output "follow_serverless" {
  description = "Follow the serverless batch of preprocessing."
  value       = "gcloud dataproc batches wait \"$(${local.running_batches} | head -n 1)\" ${local.place}\n"
}

output "cluster_job_runs" {
  description = "Succeed if a job runs on the cluster."
  value       = "${local.running_jobs} | grep -q .\n"
}

output "follow_cluster_job" {
  description = "Follow the job on the cluster."
  value       = "gcloud dataproc jobs wait \"$(${local.running_jobs} | head -n 1)\" ${local.place}\n"
}

locals {
  no_node = "echo 'There is no GPU node; make cloud STAGE=train creates it.' >&2; false\n"
}
