# Problems that Google's API or the software would only report much later, reported by the plan.

check "gpu_exists_and_has_kernels" {
  assert {
    condition     = var.train_nodes == 0 || local.gpu.capability >= local.lowest_capability
    error_message = "gpu_type ${var.gpu_type}: the paper's GPU can be planned, but is no longer available. Google withdrew K80 on 2024-05-01, so apply will be refused; and it has compute capability ${local.gpu.capability}, while TensorFlow 2.18 has kernels from ${format("%.1f", local.lowest_capability)} on. Use nvidia-tesla-t4, Google's recommended successor (the default), or nvidia-l4."
  }
}

check "nodes_are_placed_close" {
  assert {
    condition     = !local.several || local.gpu.compact_placement
    error_message = "${var.train_nodes} nodes with ${var.gpu_type}: machines of type n1 cannot be placed close to each other, so gradients may take longer paths. For several nodes, nvidia-l4 (examples/two-nodes.tfvars) or A100 are better."
  }
}

check "spot_suits_one_node" {
  assert {
    condition     = !(var.spot && local.several)
    error_message = "${var.train_nodes} spot nodes: when Google preempts one, the job ends on all of them, and resumes from its last checkpoint when all are back. The more nodes, the more often this happens."
  }
}

check "zone_has_the_gpu" {
  assert {
    condition = var.train_nodes == 0 || var.gpu_type == "nvidia-tesla-k80" || contains(
      try(local.gpu_zones.zones[var.gpu_type][var.region], []), trimprefix(var.zone, "${var.region}-")
    )
    error_message = "zone ${var.zone}: in ${local.gpu_zones.read} it was not among the zones with ${var.gpu_type} (gpu_zones.yaml). In ${var.region} these are: ${join(", ", try(local.gpu_zones.zones[var.gpu_type][var.region], ["none"]))}. Google's answer: gcloud compute accelerator-types list --filter name=${var.gpu_type}"
  }
}

check "few_h100_are_spot" {
  assert {
    condition     = var.train_nodes == 0 || var.gpu_type != "nvidia-h100-80gb" || var.gpu_count == 8 || var.spot
    error_message = "${var.gpu_count} x nvidia-h100-80gb on demand: Google offers a3-highgpu machines with fewer than 8 GPUs only as spot machines or by flex-start. Set spot=true, or train on Vertex AI (output train_on_vertex)."
  }
}
