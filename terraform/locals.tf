locals {
  labels = merge(var.labels, { application = "landmark-recognition", managed-by = "terraform" })

  # The version that setup.py also reads.
  version   = regex("__version__ = \"([^\"]+)\"", file("${path.module}/../landmark_lib/__init__.py"))[0]
  image_tag = coalesce(var.image_tag, local.version)

  # Machine types by number of GPUs, the default first. g2, a2 and a3 machines include their GPUs; n1 machines get them
  # attached. `capability` decides whether TensorFlow has kernels; `precision` is the fastest that a GPU supports.
  # Machines with `local_ssd` include local disks, whose contents a stop must discard explicitly.
  # Sources: Compute Engine's GPU machine types; compact placement supports G2, A2 and newer, not N1.
  gpu_types = {
    nvidia-tesla-k80 = {
      capability        = 3.7
      precision         = "float32"
      attached          = true
      compact_placement = false
      local_ssd         = false
      machine_types = {
        "1" = ["n1-standard-4", "n1-standard-8"]
        "2" = ["n1-standard-8", "n1-standard-16"]
        "4" = ["n1-standard-16", "n1-standard-32"]
        "8" = ["n1-standard-32", "n1-standard-64"]
      }
    }
    nvidia-tesla-t4 = {
      capability        = 7.5
      precision         = "mixed_float16"
      attached          = true
      compact_placement = false
      local_ssd         = false
      machine_types = {
        "1" = ["n1-standard-8", "n1-standard-4", "n1-standard-16"]
        "2" = ["n1-standard-16", "n1-standard-8", "n1-standard-32"]
        "4" = ["n1-standard-32", "n1-standard-16", "n1-standard-64"]
      }
    }
    nvidia-l4 = {
      capability        = 8.9
      precision         = "mixed_bfloat16"
      attached          = false
      compact_placement = true
      local_ssd         = false
      machine_types = {
        "1" = ["g2-standard-8", "g2-standard-4", "g2-standard-12", "g2-standard-16", "g2-standard-32"]
        "2" = ["g2-standard-24"]
        "4" = ["g2-standard-48"]
        "8" = ["g2-standard-96"]
      }
    }
    nvidia-tesla-a100 = {
      capability        = 8.0
      precision         = "mixed_bfloat16"
      attached          = false
      compact_placement = true
      local_ssd         = false
      machine_types = {
        "1" = ["a2-highgpu-1g"]
        "2" = ["a2-highgpu-2g"]
        "4" = ["a2-highgpu-4g"]
        "8" = ["a2-highgpu-8g"]
      }
    }
    nvidia-a100-80gb = {
      capability        = 8.0
      precision         = "mixed_bfloat16"
      attached          = false
      compact_placement = true
      local_ssd         = true
      machine_types = {
        "1" = ["a2-ultragpu-1g"]
        "2" = ["a2-ultragpu-2g"]
        "4" = ["a2-ultragpu-4g"]
        "8" = ["a2-ultragpu-8g"]
      }
    }
    nvidia-h100-80gb = {
      capability        = 9.0
      precision         = "mixed_bfloat16"
      attached          = false
      compact_placement = true
      local_ssd         = true
      machine_types = {
        "1" = ["a3-highgpu-1g"]
        "2" = ["a3-highgpu-2g"]
        "4" = ["a3-highgpu-4g"]
        "8" = ["a3-highgpu-8g"]
      }
    }
  }
  gpu_zones         = yamldecode(file("${path.module}/gpu_zones.yaml"))
  lowest_capability = 6.0 # of the wheel tensorflow[and-cuda]==2.18.1

  gpu          = local.gpu_types[var.gpu_type]
  machine_type = coalesce(var.machine_type, local.gpu.machine_types[tostring(var.gpu_count)][0])
  several      = var.train_nodes > 1
  compact      = local.several && local.gpu.compact_placement
  node_names   = [for index in range(var.train_nodes) : "${var.name}-train-${index}"]

  bucket_names = { for purpose in ["raw", "dataset", "models", "staging", "code"] : purpose => "${var.project}-${var.name}-${purpose}" }
  cluster_name = "${var.name}-preprocess"
  registry     = "${var.region}-docker.pkg.dev/${var.project}/${var.name}"
  train_image  = "${local.registry}/landmark-train:${local.image_tag}"
  ssh_secret   = "${var.name}-node-ssh"
  mirror       = "${var.region}-docker.pkg.dev/${var.project}/${var.name}-docker-hub"
}
