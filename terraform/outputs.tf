# Commands, ready to run from the repository's root: eval "$(terraform -chdir=terraform output -raw NAME)"

locals {
  place    = "--project ${var.project} --region ${var.region}"
  at_zone  = "--project ${var.project} --zone ${var.zone}"
  photos   = "gs://${local.bucket_names.raw}/photos"
  dataset  = "gs://${local.bucket_names.dataset}/dataset"
  models   = "gs://${local.bucket_names.models}/models"
  node_ssh = "gcloud compute ssh ${var.name}-train-0 ${local.at_zone} --tunnel-through-iap"

  # Ranks on several nodes connect through ssh between their containers.
  hosts = local.several ? join(",", [for name in local.node_names : "${name}:${var.gpu_count}"]) : "localhost:${var.gpu_count}"
  horovodrun = join(" ", concat(
    ["python -m landmark_lib.horovodrun -np ${var.train_nodes * var.gpu_count} -H ${local.hosts}"],
    local.several ? ["--ssh-port 2222 --ssh-identity-file /run/landmark/ssh/client"] : [],
  ))
  trained = "--dataset ${local.dataset} --models ${local.models}"

  # `landmark wait` waits as long as that makes sense, and then ends with 3. Other failures are a node that does not
  # answer yet.
  wait = <<-COMMAND
    (
      for attempt in $(seq 20); do
        status=0
        ${local.node_ssh} --command 'sudo landmark wait' || status=$?
        case $status in 0 | 3) exit $status ;; esac
        echo 'The first node does not answer yet; the next attempt is in 15 seconds.' >&2
        sleep 15
      done
      exit 1
    )
  COMMAND

  # Commands that need a GPU node. Without one, each output prints that and fails.
  node_commands = {
    ssh = local.node_ssh

    wait = trimspace(local.wait)

    train = "${trimspace(local.wait)} && ${local.node_ssh} --command 'sudo landmark run ${local.horovodrun} python jobs/train.py ${local.trained} --shard-cache /data/cache --precision ${local.gpu.precision}'"

    evaluate = "${local.node_ssh} --command 'sudo landmark run python jobs/evaluate.py ${local.trained}'"

    start_nodes = "gcloud compute instances start ${join(" ", local.node_names)} ${local.at_zone}"

    stop_nodes = "gcloud compute instances stop ${join(" ", local.node_names)} ${local.at_zone}${local.gpu.local_ssd ? " --discard-local-ssd=true" : ""}"
  }
  on_nodes = {
    for name, command in local.node_commands :
    name => var.train_nodes > 0 ? "${command}\n" : "echo 'There is no GPU node: apply with -var train_nodes=1.' >&2; false\n"
  }

  # The keys exist on this machine only briefly, in a private folder; then only in Secret Manager.
  create_node_keys = <<-COMMAND
    (
      set -e
      umask 077
      folder=$(mktemp -d)
      trap 'rm -rf "$folder"' EXIT
      ssh-keygen -q -t ed25519 -N '' -C ${var.name} -f "$folder/client"
      ssh-keygen -q -t ed25519 -N '' -C ${var.name} -f "$folder/host"
      new=$(tar --create --directory "$folder" client client.pub host host.pub |
        gcloud secrets versions add ${local.ssh_secret} --project ${var.project} --data-file=- --format 'value(name.basename())')
      for version in $(gcloud secrets versions list ${local.ssh_secret} --project ${var.project} --filter state=enabled --format 'value(name.basename())'); do
        [ "$version" = "$new" ] ||
          gcloud secrets versions disable "$version" --secret ${local.ssh_secret} --project ${var.project}
      done
    )
  COMMAND

  serverless_image = "${local.registry}/landmark-spark:${local.image_tag}-serverless"
  # Google enforces authentication and encryption there; the cipher is Spark's default. The driver holds one record per
  # file, nothing per photo.
  serverless_properties = merge(local.spark_executors, {
    "spark.driver.cores"                   = "4"
    "spark.driver.memory"                  = "8g"
    "spark.dynamicAllocation.maxExecutors" = "40"
    "spark.network.crypto.cipher"          = local.spark_network_security["spark.network.crypto.cipher"]
  })
}

output "push_images" {
  description = "Push the images that `make images` built to the registry; a tag can only be pushed once."
  value       = <<-COMMAND
    gcloud auth configure-docker --quiet ${var.region}-docker.pkg.dev
    docker tag landmark-train ${local.train_image}
    docker push ${local.train_image}
    docker tag landmark-spark:serverless ${local.serverless_image}
    docker push ${local.serverless_image}
  COMMAND
}

output "upload_photos" {
  description = "Upload photos to the raw bucket; PHOTOS names a local folder or one in another bucket (gs:// or s3://)."
  value       = "gcloud storage rsync --recursive \"$PHOTOS\" ${local.photos}\n"
}

output "package_code" {
  description = "Package the code for Spark as a zip, without the renderer of the sample."
  value       = <<-COMMAND
    rm -rf dist
    pip install --no-deps --no-compile --target dist/code .
    rm -r dist/code/bin dist/code/landmark_sample
    python -c 'import shutil; shutil.make_archive("dist/landmark_recognition", "zip", "dist/code")'
  COMMAND
}

output "submit_preprocess" {
  description = "Preprocess on the cluster (preprocess_cluster=true); after an interruption, the same command resumes."
  value       = <<-COMMAND
    gcloud dataproc jobs submit pyspark jobs/preprocess.py ${local.place} \
      --cluster ${local.cluster_name} --py-files dist/landmark_recognition.zip \
      -- --input ${local.photos} --output ${local.dataset}
  COMMAND
}

output "submit_preprocess_serverless" {
  description = "Preprocess without a cluster: a serverless batch that ends with its job; after an interruption, the same command resumes."
  value       = <<-COMMAND
    gcloud dataproc batches submit pyspark jobs/preprocess.py ${local.place} \
      --version 2.3 --container-image ${local.serverless_image} --ttl 12h${var.kms_key == null ? "" : " --kms-key ${var.kms_key}"} \
      --subnet ${var.name} --tags ${var.name}-serverless \
      --service-account ${var.name}-preprocess@${var.project}.iam.gserviceaccount.com \
      --deps-bucket gs://${local.bucket_names.staging} --py-files dist/landmark_recognition.zip \
      --properties ${join(",", [for name, value in local.serverless_properties : "${name}=${value}"])} \
      -- --input ${local.photos} --output ${local.dataset}
  COMMAND
}

output "create_service_agents" {
  description = "With kms_key, once in a new project: create the agents of the services that use the key."
  value = var.kms_key == null ? "echo 'Only kms_key needs this.'\n" : join("", [
    for service in ["artifactregistry", "secretmanager"] : <<-COMMAND
      gcloud services enable ${service}.googleapis.com --project ${var.project} &&
        gcloud beta services identity create --service ${service}.googleapis.com --project ${var.project}
    COMMAND
  ])
}

output "create_node_keys" {
  description = "With several nodes, once: create the ssh keys between nodes and store them in Secret Manager."
  value       = local.several ? local.create_node_keys : "echo 'Fewer than two nodes need no keys.'\n"
}

output "ssh" {
  description = "Log in to the first GPU node."
  value       = local.on_nodes.ssh
}

output "wait" {
  description = "Wait until all GPU nodes are ready; prints what is awaited, and ends after half an hour at most."
  value       = local.on_nodes.wait
}

output "train" {
  description = "Train all members, when all nodes are ready; the same command resumes from the last checkpoint. Ctrl-C ends the view, not the job."
  value       = local.on_nodes.train
}

output "evaluate" {
  description = "Evaluate the members and their vote on the hold-out."
  value       = local.on_nodes.evaluate
}

output "fetch_models" {
  description = "Copy the models from their bucket to this machine."
  value       = "mkdir -p data/models\ngcloud storage rsync --recursive ${local.models} data/models\n"
}

output "start_nodes" {
  description = "Start GPU nodes that stopped: by max_run_hours, preemption, or stop_nodes. An interrupted job resumes."
  value       = local.on_nodes.start_nodes
}

output "stop_nodes" {
  description = "Stop the GPU nodes; after that only their disks cost money."
  value       = "${local.pause_schedules}${local.on_nodes.stop_nodes}"
}

output "tear_down" {
  description = "Destroy everything except the buckets that contain data."
  value       = <<-COMMAND
    # The buckets ${local.bucket_names.raw}, ${local.bucket_names.dataset} and
    # ${local.bucket_names.models} are kept while they contain anything, each with an error (force_destroy);
    # only they keep costing money. To delete a bucket's data for good:
    #   gcloud storage rm --recursive --all-versions 'gs://BUCKET/**'
    terraform -chdir=terraform destroy -var project=${var.project}
  COMMAND
}
