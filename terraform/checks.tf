# What Google's API or our software would say much later, said at the plan.

check "gpu_exists_and_has_kernels" {
  assert {
    condition     = var.train_nodes == 0 || local.gpu.capability >= local.lowest_capability
    error_message = "gpu_type ${var.gpu_type}: this is the paper's GPU, and it can be planned but not had. Google withdrew K80 on 2024-05-01, so apply will be refused; and it has compute capability ${local.gpu.capability}, while TensorFlow 2.18 has kernels from ${format("%.1f", local.lowest_capability)} on. Take nvidia-tesla-t4, which Google names as its successor (the default), or nvidia-l4."
  }
}

check "nodes_are_placed_close" {
  assert {
    condition     = !local.several || local.gpu.compact_placement
    error_message = "${var.train_nodes} nodes with ${var.gpu_type}: machines of type n1 cannot be placed close to each other, so gradients may take longer ways. Several nodes do better with nvidia-l4 (examples/two-nodes.tfvars) or A100."
  }
}

check "spot_suits_one_node" {
  assert {
    condition     = !(var.spot && local.several)
    error_message = "${var.train_nodes} spot nodes: when Google takes one back, the job ends on all of them and goes on from its last checkpoint only when you start it again. More nodes are lost more often."
  }
}
