# Location and names

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: expected a project's id (6 to 30 lower-case letters, digits, hyphens), received '${var.project}'."
  }
}

variable "region" {
  description = "Region of the cluster, the buckets and the images."
  type        = string
  default     = "us-central1"
}

variable "zone" {
  description = "Zone of the machines; it must have the GPUs asked for (gcloud compute accelerator-types list)."
  type        = string
  default     = "us-central1-b"

  validation {
    condition     = startswith(var.zone, "${var.region}-")
    error_message = "zone: expected a zone of ${var.region}, received '${var.zone}'."
  }
}

variable "name" {
  description = "Prefix of the names of all resources."
  type        = string
  default     = "landmark"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,10}[a-z0-9]$", var.name))
    error_message = "name: expected 2 to 12 lower-case letters, digits or hyphens, received '${var.name}'."
  }
}

variable "labels" {
  description = "Labels of every resource, in addition to application and managed-by."
  type        = map(string)
  default     = {}
}

# Preprocessing

variable "preprocess_cluster" {
  description = "Whether the Dataproc cluster exists. Serverless batches (output submit_preprocess_serverless) need none, and are recommended."
  type        = bool
  default     = false
}

variable "dataproc_image" {
  description = "Dataproc image of the cluster."
  type        = string
  default     = "2.3-debian12"

  validation {
    condition     = can(regex("^2\\.3(\\.[0-9]+)?-debian12$", var.dataproc_image))
    error_message = "dataproc_image: expected 2.3-debian12 (Spark 3.5, Python 3.11; 3.0 has Spark 4), received '${var.dataproc_image}'."
  }
}

variable "master_machine_type" {
  description = "Machine of the driver, which holds one record per file, nothing per photo."
  type        = string
  default     = "n2-standard-4"

  validation {
    condition     = can(regex("^(n1|n2|n2d|e2)-standard-(4|8|16|32)$", var.master_machine_type))
    error_message = "master_machine_type: expected n1-, n2-, n2d- or e2-standard with 4, 8, 16 or 32 cores, received '${var.master_machine_type}'."
  }
}

variable "worker_machine_type" {
  description = "Machine of the workers, with 4 GB of memory per core."
  type        = string
  default     = "n2-standard-8"

  validation {
    # n4 takes none of the cluster's disk types, and c3 has other sizes.
    condition     = can(regex("^(n1|n2|n2d|e2)-standard-(4|8|16|32)$", var.worker_machine_type))
    error_message = "worker_machine_type: expected n1-, n2-, n2d- or e2-standard with 4, 8, 16 or 32 cores (executors need 10 GB for 4 cores), received '${var.worker_machine_type}'."
  }
}

variable "primary_workers" {
  description = "Permanent workers, which hold the shuffled data."
  type        = number
  default     = 2

  validation {
    condition     = var.primary_workers >= 2 && floor(var.primary_workers) == var.primary_workers
    error_message = "primary_workers: expected 2 or more, received ${var.primary_workers}."
  }
}

variable "secondary_workers_max" {
  description = "Spot workers that autoscaling may add; they store nothing."
  type        = number
  default     = 16

  validation {
    condition     = var.secondary_workers_max >= 0 && var.secondary_workers_max <= 200
    error_message = "secondary_workers_max: expected 0 to 200, received ${var.secondary_workers_max}."
  }
}

variable "idle_delete_minutes" {
  description = "Minutes without a job after which the cluster deletes itself."
  type        = number
  default     = 30

  validation {
    condition     = var.idle_delete_minutes >= 5 && var.idle_delete_minutes <= 1440
    error_message = "idle_delete_minutes: expected 5 to 1440, received ${var.idle_delete_minutes}, so that no forgotten cluster keeps running."
  }
}

variable "spark_properties" {
  description = "Cluster properties in addition to those in dataproc.tf, such as {\"spark:spark.task.maxFailures\" = \"20\"}."
  type        = map(string)
  default     = {}
}

# Training

variable "train_nodes" {
  description = "Number of GPU nodes."
  type        = number
  default     = 1

  validation {
    condition     = var.train_nodes >= 0 && var.train_nodes <= 16 && floor(var.train_nodes) == var.train_nodes
    error_message = "train_nodes: expected 0 to 16, received ${var.train_nodes}."
  }
}

variable "gpu_type" {
  description = "GPU type of the nodes, one of the table in locals.tf."
  type        = string
  default     = "nvidia-tesla-t4"

  validation {
    condition     = contains(keys(local.gpu_types), var.gpu_type)
    error_message = "gpu_type: expected one of ${join(", ", keys(local.gpu_types))}, received '${var.gpu_type}'."
  }
}

variable "gpu_count" {
  description = "GPUs per node; each gets one Horovod process."
  type        = number
  default     = 2

  validation {
    condition = contains(
      keys(try(local.gpu_types[var.gpu_type].machine_types, { (var.gpu_count) = [] })), tostring(var.gpu_count)
    )
    error_message = "gpu_count: ${var.gpu_type} comes in ${join(", ", keys(try(local.gpu_types[var.gpu_type].machine_types, {})))} per node, received ${var.gpu_count}."
  }
}

variable "machine_type" {
  description = "Machine type of GPU nodes; by default the table's first for the type and number of GPUs."
  type        = string
  default     = null

  validation {
    # A wrong type or number of GPUs is reported by its own variable.
    condition = var.machine_type == null ? true : contains(
      try(local.gpu_types[var.gpu_type].machine_types[tostring(var.gpu_count)], [var.machine_type]), var.machine_type
    )
    error_message = "machine_type: for ${var.gpu_count} x ${var.gpu_type} expected ${join(" or ", try(local.gpu_types[var.gpu_type].machine_types[tostring(var.gpu_count)], []))}, received '${coalesce(var.machine_type, "none")}'."
  }
}

variable "boot_disk_gb" {
  description = "Size of a GPU node's boot disk in GB: system, image and caches."
  type        = number
  default     = 160

  validation {
    condition     = var.boot_disk_gb >= 100
    error_message = "boot_disk_gb: expected 100 or more (the paper's data set takes 24 GB, the image with CUDA about 10), received ${var.boot_disk_gb}."
  }
}

variable "spot" {
  description = "Whether GPU nodes are spot machines: much cheaper, but preempted at any time; an interrupted job resumes by itself."
  type        = bool
  default     = false
}

variable "max_run_hours" {
  description = "Hours after its start at which a GPU node stops itself, in case it is forgotten."
  type        = number
  default     = 24

  validation {
    condition     = var.max_run_hours >= 1 && var.max_run_hours <= 168
    error_message = "max_run_hours: expected 1 to 168 (a week), received ${var.max_run_hours}; the same command resumes a stopped training."
  }
}

variable "gpu_image" {
  description = "System image of the GPU nodes, which includes NVIDIA's driver: its project and family. A family names its newest image, so nodes that are created on different days may have different drivers; create all nodes of a training together."
  type        = object({ project = string, family = string })
  default = {
    project = "ubuntu-os-accelerator-images"
    family  = "ubuntu-accelerator-2204-amd64-with-nvidia-580"
  }
}

variable "secure_boot" {
  description = "Whether machines boot only signed software; turn off for an unsigned driver image."
  type        = bool
  default     = true
}

variable "image_tag" {
  description = "Tag of the container images; by default the version of the package."
  type        = string
  default     = null
}

# Access, network, encryption, budget

variable "operators" {
  description = "Who may build images, upload photos, submit jobs, log in, start and stop nodes and fetch models (operators.tf), such as [\"user:ana@example.org\"]; the project's owners always may. People of other organisations also need roles/compute.osLoginExternalUser from an administrator of this one."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount):.+@.+$", member))])
    error_message = "operators: expected user:, group: or serviceAccount: and an address, received ${jsonencode(var.operators)}."
  }
}

variable "subnet_range" {
  description = "Address range of the machines."
  type        = string
  default     = "10.10.0.0/20"

  validation {
    # cidrhost(…, 0) of the range within each private block is the block's first address only inside that block.
    condition = can(cidrhost(var.subnet_range, 0)) && try(
      cidrhost(var.subnet_range, 0) == split("/", var.subnet_range)[0] && split("/", var.subnet_range)[1] <= 26 && anytrue([
        for block in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] :
        split("/", var.subnet_range)[1] >= split("/", block)[1] &&
        cidrhost("${split("/", var.subnet_range)[0]}/${split("/", block)[1]}", 0) == split("/", block)[0]
      ]), false
    )
    error_message = "subnet_range: expected the first address of a range inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, with a prefix of at most 26, such as 10.10.0.0/20, received '${var.subnet_range}'."
  }
}

variable "kms_key" {
  description = "Cloud KMS key in the region, which encrypts buckets, disks, images, the cluster, batches and the ssh keys between nodes, but not the temporary disks of Vertex AI; by default Google's keys. In a new project, agents of two services must be created first (output create_service_agents)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: expected projects/…/locations/${var.region}/keyRings/…/cryptoKeys/…, received '${coalesce(var.kms_key, "none")}'."
  }
}

variable "staging_days" {
  description = "Days after which files in the staging bucket are deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.staging_days >= 2
    error_message = "staging_days: expected 2 or more, so that no running job loses its files, received ${var.staging_days}."
  }
}

variable "billing_account" {
  description = "Billing account for a budget with alerts, such as 012345-6789AB-CDEF01; by default there is no budget."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account: expected the form 012345-6789AB-CDEF01, received '${coalesce(var.billing_account, "none")}'."
  }
}

variable "monthly_budget" {
  description = "Monthly budget in the account's currency; alerts are sent at 50, 90 and 100 % of it."
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget >= 1
    error_message = "monthly_budget: expected 1 or more, received ${var.monthly_budget}."
  }
}
